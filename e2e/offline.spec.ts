import { expect, test } from './fixtures.ts'
import { NEEDLE, tid } from './pds/seed.ts'

test('opens from a cold start with no network and no server; records, search and export work', async ({
  cairn,
  openTab,
  app,
  pds,
  ada,
  context,
}) => {
  await cairn.backUp(ada, { records: 1_233, blobs: 43 })
  await cairn.installed()
  await cairn.page.close()

  await app.stop()
  await pds.call('stopServer', {})
  await context.setOffline(true)

  const later = await openTab()
  const { page } = later
  await later.open('/')
  await expect(later.row('@ada.test')).toContainText('1,233 records')
  await later.openRecord(ada.did, `app.bsky.feed.post/${tid(800)}`)
  await expect(page.getByRole('main')).toContainText(NEEDLE)
  await later.openRepo(ada.did, 'search')
  await page.getByRole('searchbox').fill('quartzite')
  await expect(page.getByRole('main').getByText(NEEDLE)).toBeVisible()
  for (const path of [
    '/activity',
    '/settings',
    '/search',
    `/repo/${ada.did}/snapshots`,
    `/repo/${ada.did}/health`,
  ])
    await later.open(path)
  const { bytes } = await later.exportAs(ada.did, 'CAR file')
  expect(bytes.length).toBeGreaterThan(300_000)
  await context.setOffline(false)
})

test('a backup asked for offline says what is wrong and what is safe', async ({
  cairn,
  pds,
  context,
  newAccount,
}) => {
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  await cairn.installed()
  await context.setOffline(true)
  await pds.call('stopServer', {})
  await cairn.page.getByRole('link', { name: 'Ada of the Hills' }).click()
  await cairn.page.getByRole('button', { name: 'Back up now' }).click()
  await expect(cairn.page.getByText('You are offline.', { exact: false })).toBeVisible()
  await expect(cairn.page.getByRole('main')).toContainText(/trying again|could not be reached/)
  await context.setOffline(false)
})
