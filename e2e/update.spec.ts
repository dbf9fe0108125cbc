import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import type { LoggedRequest, Pds } from './pds/client.ts'
import { post, remove, tid, update } from './pds/seed.ts'

test.use(NOT_INSTALLED)

/** The requests for a repo that reached the server since the log was last emptied. */
async function fetches(pds: Pds, did: string): Promise<LoggedRequest[]> {
  const all = await pds.call('requests', { match: 'com.atproto.sync.getRepo?' })
  return all.filter(({ path }) => decodeURIComponent(path).includes(did))
}

test('an update asks for what changed since the last revision, and only that travels', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const { page } = cairn
  const account = await newAccount({ posts: 400, likes: 0, follows: 0, images: 2 })
  const before = await pds.call('latestCommit', account)
  await cairn.backUp(account, { records: 413 })
  const [first] = await fetches(pds, account.did)

  await pds.call('applyWrites', {
    did: account.did,
    writes: [
      post(500_000, 'A post of today'),
      update('app.bsky.feed.post', tid(5), {
        text: 'Edited afterwards',
        createdAt: new Date(0).toISOString(),
      }),
      remove('app.bsky.feed.post', tid(6)),
    ],
  })
  await pds.call('forgetRequests', {})
  await cairn.update(account.did)

  const asked = await fetches(pds, account.did)
  expect(asked.map(({ path }) => new URL(path, pds.url).searchParams.get('since'))).toEqual([before.rev])
  expect(asked[0]?.bytes).toBeLessThan((first?.bytes ?? 0) / 4)
  expect(await pds.call('requests', { match: 'com.atproto.sync.getBlob' })).toEqual([])

  await expect(page.getByRole('main')).toContainText('1 added, 1 changed, 1 deleted upstream.')
  await cairn.openRecord(account.did, `app.bsky.feed.post/${tid(5)}`)
  await expect(page.getByRole('main')).toContainText('Edited afterwards')
})

test('an update with nothing new says so and makes no snapshot', async ({ cairn, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  await cairn.update(account.did)
  await expect(page.getByRole('main').locator('dl').first()).toContainText('snapshot')
  await expect(page.getByText('This is the first one.')).toBeVisible()
})

test('a record deleted upstream stays readable in the older snapshot', async ({ cairn, pds, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  const path = `app.bsky.feed.post/${tid(3)}`
  await cairn.backUp(account, { records: 41 })
  await pds.call('applyWrites', { did: account.did, writes: [remove('app.bsky.feed.post', tid(3))] })
  await cairn.update(account.did)
  await expect(page.getByRole('main')).toContainText('The deleted one is still here, in the snapshot before.')

  await cairn.openRepo(account.did, 'snapshots')
  await page
    .getByRole('main')
    .getByRole('link', { name: new RegExp(tid(3)) })
    .first()
    .click()
  await expect(page.getByRole('main')).toContainText('Walk 3:')
  expect(new URL(page.url()).pathname).toContain(path)
})
