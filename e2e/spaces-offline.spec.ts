import { createSpaceScreen } from './space-screen.ts'
import { expect, test } from './space-fixtures.ts'

test('everything works with no network and from a cold start without one; it is sent when there is one', async ({
  group,
  app,
}) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla'])
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await bela.screen.write('Bring ladders on Saturday')
  await expect(anna.screen.post('Bring ladders')).toBeVisible()
  await anna.tab.installed()
  await anna.context.setOffline(true)
  await anna.page.close()

  const page = await anna.context.newPage()
  const screen = createSpaceScreen(page, app.url)
  await screen.open(space)
  await expect(screen.post('Bring ladders')).toBeVisible()
  await expect(screen.main).toContainText('You are offline.')
  await screen.write('From the tunnel')
  await screen.post('Bring ladders').getByRole('button', { name: 'Reply' }).click()
  await page.getByRole('textbox', { name: 'Write a reply' }).fill('Two are mine')
  await page.getByRole('button', { name: 'Reply', exact: true }).last().click()
  await screen.tab('Tasks')
  await screen.addTask('Find the torch')
  await screen.tab('Notes')
  await page.getByRole('button', { name: 'New note' }).click()
  await page.getByRole('textbox', { name: 'Title of the note' }).fill('Tunnel notes')
  await page.keyboard.press('Tab')
  await screen.noteText().pressSequentially('It is dark')
  await screen.tab('Files')
  await page
    .getByLabel('Files to add')
    .setInputFiles({ name: 'map.txt', mimeType: 'text/plain', buffer: Buffer.from('left, left, right') })
  await expect(page.getByRole('list', { name: 'Files' })).toContainText('map.txt')
  await screen.tab('Members')
  await page.getByRole('button', { name: 'Share a link' }).click()
  await screen.dialog.getByRole('button', { name: 'Make the link' }).click()
  await expect(screen.dialog.getByRole('textbox', { name: 'Link' })).toHaveValue(/#\/join\//)
  await screen.dialog.getByRole('button', { name: 'Done' }).click()
  await screen.tab('Search')
  await page.getByRole('searchbox').fill('tunnel')
  await expect(page.getByRole('list', { name: 'Found' })).toContainText('From the tunnel')
  // and a second cold start, with what waits still waiting
  await page.reload()
  await screen.tab('Posts')
  await expect(screen.main).toContainText(/You are offline\. \d+ changes wait to be sent\./)
  await expect(screen.post('From the tunnel')).toContainText('waiting to send')

  await anna.context.setOffline(false)
  await expect(bela.screen.post('From the tunnel')).toBeVisible({ timeout: 30_000 })
  await expect(bela.screen.post('Bring ladders')).toContainText('Two are mine')
  await bela.screen.tab('Tasks')
  await expect(bela.screen.task('Find the torch')).toBeVisible()
  await bela.screen.tab('Notes')
  await bela.page.getByRole('link', { name: 'Tunnel notes' }).click()
  await expect(bela.screen.noteText()).toHaveText('It is dark')
  await expect(screen.main).not.toContainText('wait to be sent')
  await expect(screen.post('From the tunnel')).not.toContainText('waiting to send')
})
