import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { tid } from './pds/seed.ts'

test.use(NOT_INSTALLED)

test('two tabs: one imports, the other starts, reads and deletes a snapshot; nothing is lost', async ({
  cairn,
  openTab,
  pds,
  newAccount,
  ada,
}) => {
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  await pds.call('applyWrites', {
    did: account.did,
    writes: [
      { $type: 'com.atproto.repo.applyWrites#delete', collection: 'app.bsky.feed.post', rkey: tid(0) },
    ],
  })
  await cairn.update(account.did)

  // slow enough that the other tab does all it wants meanwhile
  await pds.faults({ match: 'com.atproto.sync.getRepo?', kind: 'throttle', rate: 120_000 })
  await cairn.open('/')
  await cairn.add(ada.handle)
  await expect(cairn.page.getByRole('main').getByRole('progressbar')).toBeVisible()

  const other = await openTab()
  await other.openRepo(account.did, 'snapshots')
  await other.page
    .getByRole('button', { name: /^Delete/ })
    .last()
    .click()
  await other.page.getByRole('dialog').getByRole('button', { name: 'Delete the snapshot' }).click()
  await other.openRepo(account.did)
  await expect(other.page.getByText('This is the first one.')).toBeVisible()
  await expect(
    cairn.page.getByRole('main').getByRole('progressbar'),
    'the import outlasted the deletion',
  ).toBeVisible()
  await pds.faults({ match: 'com.atproto.sync.getRepo?', kind: 'throttle', rate: 2_000_000 })

  await expect(cairn.row('@ada.test')).toContainText('1,233 records', { timeout: 60_000 })
  await other.open('/')
  await expect(other.row('@ada.test')).toContainText('1,233 records')
  await expect(other.row(`@${account.handle}`)).toContainText('40 records')
  for (const did of [ada.did, account.did]) await other.checkAgain(did)
})

test('a change in one tab shows in the other without a reload', async ({ cairn, openTab, newAccount }) => {
  const account = await newAccount()
  const other = await openTab()
  await other.open('/')
  await cairn.backUp(account, { records: 41 })
  await expect(other.row(`@${account.handle}`)).toContainText('41 records')
})

test('the same account added in two tabs at once becomes one repo', async ({
  cairn,
  openTab,
  newAccount,
}) => {
  const account = await newAccount()
  const other = await openTab()
  await Promise.all([cairn.open('/'), other.open('/')])
  await Promise.all([cairn.add(account.handle), other.add(account.did)])
  for (const tab of [cairn, other]) await expect(tab.row(`@${account.handle}`)).toContainText('41 records')
  await cairn.open('/')
  await expect(cairn.row(`@${account.handle}`)).toHaveCount(1)
})
