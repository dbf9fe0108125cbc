import { collectionHref } from '../src/app/lib/routes.ts'
import { expect, test } from './fixtures.ts'
import { NEEDLE, tid } from './pds/seed.ts'

const POSTS = 'app.bsky.feed.post'
const TOKEN = 'a token that only friends have'

test('one browser keeps a repo; another keeps only its posts, and reads one with no network', async ({
  device,
  newAccount,
  pds,
}) => {
  const account = await newAccount()
  const keeper = await device()
  await keeper.keep(account.did)
  await keeper.hasBlobs(account.did)
  const { total } = await keeper.engine.library.records({
    did: account.did,
    collection: POSTS,
    offset: 0,
    limit: 1,
  })
  await pds.call('forgetRequests', {})

  const reader = await device()
  const { page, tab, engine, context } = reader
  const main = page.getByRole('main')
  await tab.open()
  await main.getByRole('button', { name: 'Keep only a part' }).click()
  const dialog = page.getByRole('dialog', { name: 'Keep only a part' })
  await dialog.getByRole('textbox', { name: 'Whose' }).fill(account.did)
  await dialog.getByRole('combobox', { name: 'Collection' }).selectOption({ label: 'Posts' })
  await dialog.getByRole('button', { name: 'Keep this part' }).click()
  await expect(page).toHaveURL(tab.urls.app + collectionHref(account.did, POSTS))
  await expect(main).toContainText(`${total} records`, { timeout: 15_000 })
  await expect(main).toContainText('Not a backup.')
  expect(await engine.library.list()).toEqual([])
  expect(await engine.library.partials()).toEqual([
    expect.objectContaining({ did: account.did, collection: POSTS, records: total, whole: true }),
  ])
  expect(await pds.call('requests', { match: 'com.atproto.sync.' })).toEqual([])

  await tab.installed()
  await context.setOffline(true)
  await tab.open()
  await main.getByRole('link', { name: /^Posts of / }).click()
  const feed = main.getByRole('feed')
  await feed.getByRole('article').first().press('Enter')
  await expect(main).toContainText('Checked just now from stored bytes')
  await tab.openRecord(account.did, `${POSTS}/${tid(20)}`)
  await expect(main).toContainText(NEEDLE)

  await main.getByRole('link', { name: /^Posts of / }).click()
  await main.getByRole('button', { name: /^Delete/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete it' }).click()
  await expect(page.getByRole('heading', { name: 'Library' })).toBeVisible()
  await expect(main.getByRole('link', { name: /^Posts of / })).toHaveCount(0)
  expect(await engine.library.partials()).toEqual([])
})

test('a store that wants a token is given it in place, and it shows nowhere', async ({
  device,
  newAccount,
  startRelay,
}) => {
  const relay = await startRelay('--admission', 'token', '--token', TOKEN)
  const account = await newAccount()
  const { page, tab, engine, ...giver } = await device({ relay })
  const rev = await giver.keep(account.did)
  await giver.connected()
  await tab.openRepo(account.did, 'health')
  const main = page.getByRole('main')
  const address = page.url()
  await main.getByRole('button', { name: /^Keep at the relay’s store/ }).click()
  const field = main.getByLabel(/^Token for /)
  await expect(field).toBeFocused()
  await field.fill('a token that nobody has')
  await field.press('Enter')
  await expect(main).toContainText('The store does not take this token.')
  await field.fill(TOKEN)
  await field.press('Enter')
  await expect(field).toHaveCount(0)
  const { peerId } = await relay.describe()
  await expect
    .poll(async () => {
      await engine.network.copies(account.did, { fresh: true })
      return giver.copy(account.did, peerId)
    })
    .toMatchObject({ kind: 'store', state: 'current', rev })
  expect(page.url()).toBe(address)
  expect(JSON.stringify(await engine.activity.list({ limit: 100 }))).not.toContain(TOKEN)
  await tab.open('/activity')
  await expect(main).not.toContainText(TOKEN)
})
