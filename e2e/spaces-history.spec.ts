import { expect, NOT_INSTALLED, test } from './space-fixtures.ts'

test.use(NOT_INSTALLED)

test('the text of a note is brought back as it was, and all that was written is found by its words', async ({
  group,
}) => {
  const { members } = await group('Orchard', ['Anna', 'Béla'])
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await anna.screen.write('Quinces keep until March')
  await anna.screen.tab('Tasks')
  await anna.screen.addTask('Sort the quinces')
  await anna.screen.tab('Files')
  await anna.page
    .getByLabel('Files to add')
    .setInputFiles({ name: 'quince-jelly.txt', mimeType: 'text/plain', buffer: Buffer.from('sugar') })
  await anna.screen.tab('Notes')
  await anna.page.getByRole('button', { name: 'New note' }).click()
  await anna.page.getByRole('textbox', { name: 'Title of the note' }).fill('Harvest')
  await anna.page.keyboard.press('Tab')
  await anna.screen.noteText().pressSequentially('Twelve crates of quince')

  await bela.screen.tab('Notes')
  await bela.page.getByRole('link', { name: 'Harvest' }).click()
  await expect.poll(() => bela.screen.noteLines()).toEqual(['Twelve crates of quince'])
  await bela.screen.noteText().press('Control+a')
  await bela.page.keyboard.type('Nothing at all')
  await expect(anna.screen.noteText()).toContainText('Nothing at all')
  await expect(anna.screen.noteText()).not.toContainText('Twelve')
  await anna.screen.choose(
    anna.page.getByRole('button', { name: 'More about this note' }),
    'Versions of the text',
  )
  const { dialog } = anna.screen
  const kept = dialog.getByRole('listitem').filter({ hasText: 'Twelve crates of quince' })
  await kept.getByText('Béla').click()
  await kept.getByRole('button', { name: /^Bring this back/ }).click()
  await expect(dialog).toHaveCount(0)
  for (const { screen } of [anna, bela])
    await expect.poll(() => screen.noteLines()).toEqual(['Twelve crates of quince'])
  // what it was until now can be brought back too
  await anna.screen.choose(
    anna.page.getByRole('button', { name: 'More about this note' }),
    'Versions of the text',
  )
  await expect(dialog.getByRole('listitem').filter({ hasText: 'Nothing at all' })).toHaveCount(1)
  await dialog.getByRole('button', { name: 'Close' }).click()

  await bela.screen.tab('Search')
  await bela.page.getByRole('searchbox').fill('QUINCE')
  const found = bela.page.getByRole('list', { name: 'Found' }).getByRole('listitem')
  await expect(found).toHaveCount(4)
  for (const text of ['Quinces keep', 'Sort the quinces', 'quince-jelly.txt', 'crates of quince'])
    await expect(found.filter({ hasText: text })).toHaveCount(1)
  await found.filter({ hasText: 'Sort the quinces' }).getByRole('link').click()
  await expect(bela.screen.task('Sort the quinces')).toBeVisible()
})
