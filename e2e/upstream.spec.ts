import { UPSTREAM_SENTENCE } from '../src/app/lib/repo-status.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { NEEDLE, tid } from './pds/seed.ts'

test.use(NOT_INSTALLED)

const RECORDS = 41
const needle = `app.bsky.feed.post/${tid(20)}`

for (const [name, status, code] of [
  ['deactivated', 'deactivated', 'pds.account-deactivated'],
  ['taken down', 'takendown', 'pds.account-takendown'],
  ['deleted', 'deleted', 'pds.account-deleted'],
] as const) {
  test(`an account that was ${name} is shown as such, and its copy is whole`, async ({
    cairn,
    pds,
    newAccount,
  }) => {
    const { page } = cairn
    const account = await newAccount()
    await cairn.backUp(account, { records: RECORDS })
    if (status === 'deactivated') await pds.call('deactivate', account)
    if (status === 'takendown') await pds.call('takedown', { did: account.did, applied: true })
    if (status === 'deleted') await pds.call('deleteAccount', account)

    await cairn.update(account.did)
    // a deleted account and one that never was look the same to a server that forgot it
    const sentences =
      status === 'deleted'
        ? [UPSTREAM_SENTENCE.deleted, UPSTREAM_SENTENCE['not-found']]
        : [UPSTREAM_SENTENCE[status]]
    await expect(page.getByRole('main')).toContainText(new RegExp(sentences.map(RegExp.escape).join('|')))
    if (status !== 'deleted') await expect(cairn.problem(code)).toBeVisible()

    await cairn.openRecord(account.did, needle)
    await expect(page.getByRole('main')).toContainText(NEEDLE)
    await cairn.open('/')
    await expect(cairn.row(`@${account.handle}`)).toContainText(`${RECORDS} records`)
  })
}

test('an account that comes back is backed up again', async ({ cairn, pds, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: RECORDS })
  await pds.call('deactivate', account)
  await cairn.update(account.did)
  await expect(page.getByRole('main')).toContainText(UPSTREAM_SENTENCE.deactivated)
  await pds.call('activate', account)
  await cairn.update(account.did)
  await expect(page.getByRole('main')).not.toContainText(UPSTREAM_SENTENCE.deactivated)
})

test('a server that is switched off is said to be, and the copy stays', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: RECORDS })
  await pds.call('stopServer', {})
  await cairn.openRepo(account.did)
  await page.getByRole('button', { name: 'Back up now' }).click()
  await expect(page.getByRole('main')).toContainText(/trying again|could not be reached/)
  await cairn.openRecord(account.did, needle)
  await expect(page.getByRole('main')).toContainText(NEEDLE)
})
