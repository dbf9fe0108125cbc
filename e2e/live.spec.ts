import type { Device } from './device.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { writeNews } from './news.ts'
import type { Pds } from './pds/client.ts'

test.use(NOT_INSTALLED)

/** News is in the copy so soon after it was written, on a machine that may be busy, ms. */
const SECONDS = 8000

test.beforeEach(({ pds }) => pds.call('setStreams', { open: true }))
test.afterEach(({ pds }) => pds.call('setStreams', { open: false }))

async function live(device: Device, repos: number): Promise<void> {
  const servers = async () => (await device.engine.network.status()).live
  await expect.poll(servers).toMatchObject([{ state: 'live', repos }])
}

/** What was asked of a repo since the log was last emptied: the revs that answers were to go on from. */
async function asked(pds: Pds, did: string): Promise<(string | null)[]> {
  const all = await pds.call('requests', { match: 'com.atproto.sync.getRepo?' })
  return all
    .map(({ path }) => new URL(path, pds.url).searchParams)
    .flatMap((query) => (query.get('did') === did ? [query.get('since')] : []))
}

test('a friend’s post is in the copy within seconds, and nothing is asked for', async ({
  pds,
  device,
  newAccount,
}) => {
  const [friend, other] = await Promise.all([newAccount(), newAccount()])
  const mine = await device()
  await mine.keep(friend.did)
  await mine.keep(other.did)
  // One connection for all accounts of a server.
  await live(mine, 2)
  await pds.call('forgetRequests', {})
  const first = await writeNews(pds, friend.did)
  await mine.reaches(friend.did, first.rev, SECONDS)
  for (let i = 0; i < 5; i++) await writeNews(pds, friend.did)
  const last = await writeNews(pds, friend.did)
  await mine.reaches(friend.did, last.rev, SECONDS)
  expect(await asked(pds, friend.did)).toEqual([])
  await mine.tab.openRecord(friend.did, last.path)
  await expect(mine.page.getByRole('main')).toContainText(last.text)
  // Read from the disk and proven again, the whole repo is sound.
  await mine.tab.checkAgain(friend.did)

  await mine.tab.open('/network')
  const servers = mine.page.getByRole('region', { name: 'Accounts’ servers' })
  await expect(servers.getByRole('listitem')).toContainText('live')
  await expect(servers).toContainText('2 repositories')
})

test('a stream that was cut goes on where it was, also after the server was off', async ({
  pds,
  device,
  newAccount,
}) => {
  const friend = await newAccount()
  const mine = await device()
  await mine.keep(friend.did)
  await live(mine, 1)
  const heard = await writeNews(pds, friend.did)
  await mine.reaches(friend.did, heard.rev, SECONDS)
  await pds.call('forgetRequests', {})

  await pds.call('setStreams', { open: false })
  await writeNews(pds, friend.did)
  const missed = await writeNews(pds, friend.did)
  await pds.call('setStreams', { open: true })
  await mine.reaches(friend.did, missed.rev)
  expect(await asked(pds, friend.did)).toEqual([])

  await pds.call('stopServer', {})
  const written = await writeNews(pds, friend.did)
  await pds.call('startServer', {})
  await mine.reaches(friend.did, written.rev)
  expect(await asked(pds, friend.did)).toEqual([])
})

test('what was missed is asked for, from the kept revision on', async ({ pds, device, newAccount }) => {
  const friend = await newAccount()
  const mine = await device()
  await mine.keep(friend.did)
  await live(mine, 1)
  const heard = await writeNews(pds, friend.did)
  await mine.reaches(friend.did, heard.rev, SECONDS)

  await mine.engine.network.setSettings({ live: false })
  await expect.poll(async () => (await mine.engine.network.status()).live).toEqual([])
  await forgetCursors(mine)
  const missed = await writeNews(pds, friend.did)
  await pds.call('forgetRequests', {})
  await mine.engine.network.setSettings({ live: true })
  await mine.reaches(friend.did, missed.rev)
  expect(await asked(pds, friend.did)).toEqual([heard.rev])
  // From there on the stream leads again.
  await live(mine, 1)
  const next = await writeNews(pds, friend.did)
  await mine.reaches(friend.did, next.rev, SECONDS)
  expect(await asked(pds, friend.did)).toEqual([heard.rev])
})

test('an account that is turned off is shown as that, and its copy stays', async ({
  pds,
  device,
  newAccount,
}) => {
  const friend = await newAccount()
  const mine = await device()
  const rev = await mine.keep(friend.did)
  await mine.hasBlobs(friend.did)
  await live(mine, 1)
  const upstream = async () => (await mine.engine.library.get(friend.did))?.upstream.status
  await pds.call('deactivate', friend)
  await expect.poll(upstream, { timeout: SECONDS }).toBe('deactivated')
  expect(await mine.rev(friend.did)).toBe(rev)
  expect((await mine.activity(friend.did)).filter(({ level }) => level === 'bad')).toEqual([])
  await pds.call('activate', friend)
  await expect.poll(upstream, { timeout: SECONDS }).toBe('active')
  const news = await writeNews(pds, friend.did)
  await mine.reaches(friend.did, news.rev, SECONDS)
})

/** As on a device that has listened to no server so far. */
async function forgetCursors({ page }: Device): Promise<void> {
  await page.evaluate(async () => {
    const open = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error ?? new Error('it failed'))
      })
    const [{ name = '' } = {}] = (await indexedDB.databases()).filter((it) => it.name === 'cairn')
    const db = await open(indexedDB.open(name))
    const change = db.transaction('meta', 'readwrite')
    await open(change.objectStore('meta').delete(IDBKeyRange.bound('firehose/', 'firehose0')))
    db.close()
  })
}
