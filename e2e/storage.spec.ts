import { expect, test } from './fixtures.ts'
import { PAGES } from './pds/heavy.ts'
import { evictDatabase, storedRows } from './stored.ts'

/** The app's own files and a small repo fit; 6 MB of records do not. */
const ROOM = 5_000_000

const HEADS = ['repos', 'snapshots']

test('a device without room refuses cleanly, says so, and goes on when there is room', async ({
  openTab,
  newAccount,
  heavy,
}) => {
  test.setTimeout(150_000)
  const tab = await openTab()
  const { page, urls } = tab
  const account = await newAccount()
  const session = await page.context().newCDPSession(page)
  // before the first byte is stored: the browser reckons with the room that it found then
  await page.goto(`${urls.app}/healthz`)
  await session.send('Storage.overrideQuotaForOrigin', { origin: urls.app, quotaSize: ROOM })
  await tab.setUp()
  await tab.backUp(account, { records: 41 })
  const heads = await storedRows(page, HEADS)

  await tab.add(heavy.handle)
  const problem = page.getByRole('alert').filter({ hasText: 'This device has no room left for Cairn.' })
  await expect(problem).toBeVisible({ timeout: 60_000 })
  await expect(problem).toContainText(/About .+ more is needed/)
  expect(await storedRows(page, HEADS)).toBe(heads)
  await expect(tab.row(`@${account.handle}`)).toContainText('41 records')

  await session.send('Storage.overrideQuotaForOrigin', { origin: urls.app })
  await problem.getByRole('button', { name: 'Try again' }).click()
  await expect(tab.row('@heavy.test')).toContainText(`${PAGES} records`, { timeout: 60_000 })
})

test('a database that is deleted underneath is noticed at once, and the app starts again', async ({
  cairn,
  openTab,
  newAccount,
}) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  const other = await openTab()
  await other.page.goto(`${cairn.urls.app}/healthz`)
  await evictDatabase(other.page)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('The browser removed what was kept here')
  await page.getByRole('button', { name: 'Reload and start again' }).click()
  await expect(page.getByRole('heading', { name: 'Keep a copy of what is yours' })).toBeVisible()
  await cairn.setUp()
  await cairn.backUp(account, { records: 41 })
})

test('lasting storage is asked for at the first backup, and the answer is shown', async ({
  cairn,
  newAccount,
}) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  const persisted = await page.evaluate(() => navigator.storage.persisted())
  await cairn.open('/settings')
  const storage = page.getByRole('region', { name: 'Storage' })
  await expect(storage).toContainText(persisted ? 'kept for good' : 'best effort')
  if (!persisted)
    await expect(storage, 'it was asked').toContainText('the browser has refused to promise more')
})

test('deleting one backup takes its bytes; deleting everything takes all', async ({ cairn, newAccount }) => {
  const { page } = cairn
  const [first, second] = await Promise.all([newAccount(), newAccount()])
  await cairn.backUp(first, { records: 41 })
  await cairn.backUp(second, { records: 41 })
  await cairn.openRepo(first.did, 'health')
  await page.getByRole('button', { name: 'Remove this repository' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click()
  await expect(page.getByRole('heading', { name: 'Library' })).toBeVisible()
  await expect(cairn.row(`@${first.handle}`)).toHaveCount(0)
  await expect(cairn.row(`@${second.handle}`)).toContainText('41 records')
  await expect
    .poll(async () => (await storedRows(page, ['segments', 'blobs', ...HEADS])).includes(first.did))
    .toBe(false)

  await cairn.open('/settings')
  // as when something was begun and not posted
  await page.evaluate(() => {
    sessionStorage.setItem('cairn.composer', 'Not for other eyes')
    localStorage.setItem('cairn.languages', 'de')
  })
  await page.getByRole('button', { name: 'Delete everything' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('button', { name: 'Delete everything' })).toBeDisabled()
  await dialog.getByRole('textbox').fill('delete everything')
  await dialog.getByRole('button', { name: 'Delete everything' }).click()
  await expect(page.getByRole('heading', { name: 'Keep a copy of what is yours' })).toBeVisible()
  const left = await page.evaluate(() => [Object.keys(sessionStorage), Object.keys(localStorage)].flat())
  expect(left.filter((key) => key.startsWith('cairn.'))).toEqual([])
})
