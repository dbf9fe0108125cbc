import type { Pds, Write } from './pds/client.ts'
import { create, post, tid } from './pds/seed.ts'
import {
  everything,
  expect,
  failures,
  goOn,
  inLots,
  mailOf,
  NEW_PASSWORD,
  OLD_PASSWORD,
  placeFor,
  prepared,
  stepNamed,
  test,
} from './two-servers.ts'
import { openWebAccount, webIdentity } from './web-identity.ts'

const PREFERENCES = [
  { $type: 'app.bsky.actor.defs#adultContentPref', enabled: false },
  { $type: 'app.bsky.actor.defs#interestsPref', tags: ['stones', 'weather'] },
]

const POST_URI = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3kabc2345672a'
const POST_CID = 'bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
/** What an account has at an AppView, and how it comes there; of mutes more than fit on a page. */
const BESIDE: readonly (readonly [method: string, body: object])[] = [
  ...Array.from(
    { length: 120 },
    (_, i) => ['app.bsky.graph.muteActor', { actor: `did:web:muted${i}.test` }] as const,
  ),
  [
    'app.bsky.graph.muteActorList',
    { list: 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.graph.list/3kabc2345672b' },
  ],
  ['app.bsky.bookmark.createBookmark', { uri: POST_URI, cid: POST_CID }],
  ['app.bsky.draft.createDraft', { draft: { posts: [{ text: 'Not yet' }], langs: ['en'] } }],
  [
    'app.bsky.draft.createDraft',
    { draft: { langs: ['de'], posts: [{ text: 'Noch nicht' }, { text: 'Und weiter' }] } },
  ],
]

/** What the AppView of a server has for an account, in its order. */
async function beside(pds: Pds, did: string) {
  const list = async (method: string, name: string) => {
    const items: unknown[] = []
    let cursor: string | undefined
    do {
      const query: Record<string, string> = { limit: '100', ...(cursor === undefined ? {} : { cursor }) }
      const page = await pds.call('callAs', { did, method, query })
      items.push(...(page[name] as unknown[])) // as the lexicon says
      cursor = page['cursor'] as string | undefined
    } while (cursor !== undefined)
    return items
  }
  return [
    await list('app.bsky.graph.getMutes', 'mutes'),
    await list('app.bsky.graph.getListMutes', 'lists'),
    await list('app.bsky.bookmark.getBookmarks', 'bookmarks'),
    await list('app.bsky.draft.getDrafts', 'drafts'),
  ]
}

test.afterEach(async ({ old, next }) => {
  for (const pds of [old, next]) await pds.call('setAppView', { open: false })
})

test('an account moves with its old server’s help, and is the same there', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const account = await mover()
  const { did } = account
  await old.call('callAs', {
    did,
    method: 'app.bsky.actor.putPreferences',
    body: { preferences: PREFERENCES },
  })
  // Each server asks another AppView: what is with the first one is made again at the second.
  for (const pds of [old, next]) await pds.call('setAppView', { open: true })
  for (const [method, body] of BESIDE) await old.call('callAs', { did, method, body })
  const besideBefore = await beside(old, did)
  expect(besideBefore).toMatchObject([{ length: 120 }, { length: 1 }, { length: 1 }, { length: 2 }])
  await laptop.keep(did)
  await laptop.cairn.accounts.signInWithPassword({ who: did, password: OLD_PASSWORD })
  const { moving } = laptop.cairn
  const before = await everything(old, did)
  const standing = await moving.standing(did)

  const input = { ...(await placeFor(account, next)), kind: 'move' as const }
  const plan = await moving.plan(input)
  expect(plan.findings.filter(({ level }) => level !== 'fine')).toEqual([])
  expect(plan.ready).toBe(true)
  // looking changes nothing
  expect(await moving.standing(did)).toEqual(standing)
  expect(await moving.get(did)).toBeUndefined()

  await moving.begin(input)
  expect((await goOn(laptop, did)).waits).toEqual({ for: 'password' })
  const asked = await goOn(laptop, did, { password: NEW_PASSWORD })
  expect(failures(asked)).toEqual([])
  expect(asked.waits?.for).toBe('code')
  // the identity says what it said
  expect(await moving.standing(did)).toEqual({ ...standing, privateAt: expect.any(Number) })

  // a write between is not lost
  await old.call('applyWrites', { did, writes: [post(500_000, 'Written while the boxes were packed')] })
  const wrong = await goOn(laptop, did, { code: 'AAAAA-AAAAA' })
  expect(stepNamed(wrong, 'identity')?.error?.code).toBe('moving.code-wrong')
  const code = await old.call('mailedCode', { to: mailOf(account) })
  const moved = await goOn(laptop, did, { code: code ?? '' })
  expect(failures(moved)).toEqual([])
  expect(moved.endedAt).toBeDefined()
  expect(stepNamed(moved, 'confirm')?.facts).toMatchObject({ same: true, blobsLacking: 0, blobsUnlisted: 0 })

  const after = await everything(next, did)
  const written = `at://${did}/app.bsky.feed.post/${tid(500_000)}`
  expect(after.records.has(written)).toBe(true)
  before.records.set(written, after.records.get(written) ?? '')
  expect(after).toEqual(before)
  await next.call('signIn', { did, password: NEW_PASSWORD })
  const { preferences } = await next.call('callAs', { did, method: 'app.bsky.actor.getPreferences' })
  expect(preferences).toEqual(PREFERENCES)
  expect(stepNamed(moved, 'mutes')?.facts).toEqual({ made: 124, stayed: 0 })
  expect(await beside(next, did)).toEqual(besideBefore)
  // who it is, for everyone
  expect(await moving.standing(did)).toMatchObject({ pds: next.url, handle: input.handle })
  // and it can be written to there
  await next.call('applyWrites', { did, writes: [post(500_001, 'Hello from the new place')] })
  await laptop.keep(did)
  expect((await laptop.cairn.library.get(did))?.head?.signature).toBe('current-key')
  // the old one sleeps
  const status = await fetch(`${old.url}/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)
  expect(await status.json()).toMatchObject({ active: false, status: 'deactivated' })
})

test('a recovery key is made, checked, put before all others, and moves the account without a mail', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const account = await mover()
  const { did } = account
  const { moving } = laptop.cairn
  await laptop.keep(did)
  await laptop.cairn.accounts.signInWithPassword({ who: did, password: OLD_PASSWORD })
  const made = await moving.makeKey(did)
  expect(made.words.split(' ')).toHaveLength(24)
  const fails = async (work: Promise<unknown>, code: string) =>
    expect(
      await work.then(
        () => 'done',
        (error: { code?: string }) => error.code,
      ),
    ).toBe(code)
  await fails(moving.checkKey(did, made.words.replace(/\w+$/, 'zzz')), 'moving.bad-key')
  // not yet given back: not added
  await fails(moving.addKey(did, 'AAAAA-AAAAA'), 'moving.no-key')
  await moving.checkKey(did, made.words)
  await moving.requestCode(did)
  await fails(moving.addKey(did, 'AAAAA-AAAAA'), 'moving.code-wrong')
  const code = await old.call('mailedCode', { to: mailOf(account) })
  await moving.addKey(did, code ?? '')
  const { keys, recovery } = await moving.standing(did)
  expect(keys[0]).toEqual({ didKey: made.didKey, own: true })
  expect(keys).toHaveLength(2)
  expect(recovery?.rank).toBe(0)

  await moving.begin({ ...(await placeFor(account, next)), kind: 'move' })
  const moved = await goOn(laptop, did, { password: NEW_PASSWORD, key: made.words })
  expect(failures(moved)).toEqual([])
  expect(moved.endedAt).toBeDefined()
  const after = await moving.standing(did)
  // it stays the first, and the old server's is gone
  expect(after.keys[0]?.didKey).toBe(made.didKey)
  expect(after.keys).toHaveLength(2)
  expect(after.keys[1]?.didKey).not.toBe(keys[1]?.didKey)
})

test('a move that is cut off after each step, and within the next, goes on to the same end', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const account = await mover()
  const { did } = account
  await laptop.keep(did)
  const key = await prepared(laptop, old, account)
  const before = await everything(old, did)
  await laptop.cairn.moving.begin({ ...(await placeFor(account, next)), kind: 'move' })
  let restarts = 0
  for (let done = 0; ;) {
    await laptop.cairn.moving.go(did, { password: NEW_PASSWORD, key })
    const doneNow = async () => {
      const move = await laptop.cairn.moving.get(did)
      expect(move === undefined ? [] : failures(move)).toEqual([])
      return move?.endedAt === undefined
        ? (move?.steps.filter(({ state }) => state === 'done').length ?? 0)
        : Number.POSITIVE_INFINITY
    }
    await laptop.until(async () => (await doneNow()) > done)
    done = await doneNow()
    if (done === Number.POSITIVE_INFINITY) break
    await laptop.restart()
    restarts++
  }
  expect(restarts).toBeGreaterThan(5)
  expect(await everything(next, did)).toEqual(before)
  expect(await laptop.cairn.moving.standing(did)).toMatchObject({ pds: next.url })
  const move = await laptop.cairn.moving.get(did)
  expect(move?.steps.every(({ state }) => state === 'done')).toBe(true)
})

test('what the new server refuses is told before, and again, and changes nothing', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const account = await mover()
  const { did } = account
  await laptop.keep(did)
  const { moving, accounts } = laptop.cairn
  const place = await placeFor(account, next)
  const stops = async (change: Partial<typeof place>) => {
    const { findings } = await moving.plan({ ...place, ...change, kind: 'move' })
    return findings.filter(({ level }) => level === 'stop').map(({ code }) => code)
  }
  expect(await stops({})).toEqual(['session-lacking'])
  await accounts.signInWithPassword({ who: did, password: OLD_PASSWORD })
  expect(await stops({ invite: '' })).toEqual(['invite'])
  expect(await stops({ handle: 'mover.elsewhere.test' })).toEqual(['handle-foreign'])
  expect(await stops({ email: 'nobody' })).toEqual(['email'])
  expect(await stops({ server: old.url })).toContain('server-same')
  expect(await stops({ server: 'http://localhost:9' })).toEqual(['server-failed'])

  const standing = await moving.standing(did)
  await moving.begin({ ...place, kind: 'move', invite: 'no-such-code' })
  const refused = await goOn(laptop, did, { password: NEW_PASSWORD })
  expect(stepNamed(refused, 'account')?.error?.code).toBe('moving.invite-needed')
  expect(await moving.standing(did)).toEqual(standing)
  await expect(moving.begin({ ...place, kind: 'move' })).rejects.toMatchObject({ code: 'moving.underway' })
  await moving.forget(did)
  await moving.begin({ ...place, kind: 'move' })
})

test('a did:web moves by the document that its owner publishes', async ({ old, next, laptop }) => {
  const site = await webIdentity()
  try {
    const { did } = site
    const handle = 'webby.test'
    await openWebAccount(old, site, handle, OLD_PASSWORD)
    await old.call('signIn', { did, password: OLD_PASSWORD })
    await old.call('applyWrites', { did, writes: [post(1, 'From a domain of my own')] })
    await laptop.keep(did)
    await laptop.cairn.accounts.signInWithPassword({ who: did, password: OLD_PASSWORD })
    const { moving } = laptop.cairn
    expect(await moving.standing(did)).toMatchObject({ method: 'web', pds: old.url, keys: [] })
    const before = await everything(old, did)
    const place = await placeFor({ did, handle }, next)
    await moving.begin({ ...place, kind: 'move' })
    const asked = await goOn(laptop, did, { password: NEW_PASSWORD })
    expect(failures(asked)).toEqual([])
    if (asked.waits?.for !== 'document') throw new Error(`waits for ${asked.waits?.for}`)
    expect(asked.waits.url).toBe(site.url)
    // going on before it is there changes nothing
    expect((await goOn(laptop, did)).waits?.for).toBe('document')
    site.publish(asked.waits.document)
    const moved = await goOn(laptop, did)
    expect(failures(moved)).toEqual([])
    expect(moved.endedAt).toBeDefined()
    expect(await everything(next, did)).toEqual(before)
    expect(await moving.standing(did)).toMatchObject({ pds: next.url })
  } finally {
    await site.close()
  }
})

test('10,000 records and 500 blobs are restored, and each is the same', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  test.setTimeout(300_000)
  const account = await mover({ posts: 0, likes: 0, follows: 0, images: 0 })
  const { did } = account
  const images = await inLots([...Array(500).keys()], async (at): Promise<Write> => {
    const image = await old.call('uploadBlob', { did, kind: 'png', seed: 1_000 + at })
    const embed = { $type: 'app.bsky.embed.images', images: [{ alt: `Picture ${at}`, image }] }
    return post(100_000 + at, `With a picture, ${at}`, { embed })
  })
  await old.call('applyWrites', { did, writes: images })
  for (let from = 0; from < 9_500; from += 1_900) {
    const likes = Array.from({ length: 1_900 }, (_, i) => like(did, 200_000 + from + i))
    await old.call('applyWrites', { did, writes: likes })
  }
  await laptop.keep(did)
  const key = await prepared(laptop, old, account)
  const before = await everything(old, did)
  expect(before.records.size).toBeGreaterThanOrEqual(10_000)
  expect(before.blobs.size).toBeGreaterThanOrEqual(500)
  // the rest is done without the server that it came from
  await old.call('stopServer', {})
  await laptop.cairn.moving.begin({ ...(await placeFor(account, next)), kind: 'rescue' })
  const moved = await goOn(laptop, did, { password: NEW_PASSWORD, key })
  expect(failures(moved)).toEqual([])
  expect(moved.endedAt).toBeDefined()
  const after = await everything(next, did)
  expect(after.records).toEqual(before.records)
  expect(after.blobs).toEqual(before.blobs)
})

const like = (did: string, tick: number): Write =>
  create('app.bsky.feed.like', tid(tick), {
    subject: {
      uri: `at://${did}/app.bsky.feed.post/${tid(100_000)}`,
      cid: 'bafyreig3365s5xlokdlu66aqxt53x7hmcsdxvrnn2i74w65jwftb6r7ieu',
    },
    createdAt: '2025-01-01T00:00:00.000Z',
  })
