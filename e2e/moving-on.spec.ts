import { post } from './pds/seed.ts'
import {
  expect,
  failures,
  goOn,
  NEW_PASSWORD,
  OLD_PASSWORD,
  placeFor,
  prepared,
  stepNamed,
  test,
} from './two-servers.ts'
import { openWebAccount, webIdentity } from './web-identity.ts'

/** What comes between the steps of a move: lost answers, other sign-ins, other tabs. */

test.afterEach(async ({ next }) => {
  await next.faults()
})

test('a move ends when the answer to the new identity was lost, and the old server was written to since', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const account = await mover()
  const { did } = account
  await laptop.keep(did)
  const key = await prepared(laptop, old, account)
  await laptop.cairn.moving.begin({ ...(await placeFor(account, next)), kind: 'move' })
  await next.faults({ match: 'submitPlcOperation', kind: 'cut', after: 0 })
  const cut = await goOn(laptop, did, { password: NEW_PASSWORD, key })
  expect(failures(cut)).toMatchObject([{ name: 'identity' }])
  expect(await laptop.cairn.moving.standing(did)).toMatchObject({ pds: next.url })
  // another device still writes where it is signed in
  await old.call('applyWrites', { did, writes: [post(500_000, 'Late')] })
  await next.faults()
  const moved = await goOn(laptop, did)
  expect(failures(moved)).toEqual([])
  expect(moved.endedAt).toBeDefined()
  expect(stepNamed(moved, 'leave')?.facts).toMatchObject({ late: true })
  expect(stepNamed(moved, 'confirm')?.facts).toMatchObject({ same: true })
})

test('a did:web moves also when its old server was written to before the document was published', async ({
  old,
  next,
  laptop,
}) => {
  const site = await webIdentity()
  try {
    const { did } = site
    const handle = 'latecomer.test'
    await openWebAccount(old, site, handle, OLD_PASSWORD)
    await old.call('signIn', { did, password: OLD_PASSWORD })
    await old.call('applyWrites', { did, writes: [post(1, 'From a domain of my own')] })
    await laptop.keep(did)
    await laptop.cairn.accounts.signInWithPassword({ who: did, password: OLD_PASSWORD })
    await laptop.cairn.moving.begin({ ...(await placeFor({ did, handle }, next)), kind: 'move' })
    const asked = await goOn(laptop, did, { password: NEW_PASSWORD })
    if (asked.waits?.for !== 'document') throw new Error(`waits for ${asked.waits?.for}`)
    await old.call('applyWrites', { did, writes: [post(2, 'While the document was carried over')] })
    site.publish(asked.waits.document)
    const moved = await goOn(laptop, did)
    expect(failures(moved)).toEqual([])
    expect(moved.endedAt).toBeDefined()
  } finally {
    await site.close()
  }
})

test('who signs in at the new server meanwhile is not put to sleep there', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const account = await mover()
  const { did } = account
  await laptop.keep(did)
  const key = await prepared(laptop, old, account)
  await laptop.cairn.moving.begin({ ...(await placeFor(account, next)), kind: 'move' })
  await next.faults({ match: 'activateAccount', kind: 'status', status: 502, body: {} })
  const stopped = await goOn(laptop, did, { password: NEW_PASSWORD, key })
  expect(failures(stopped)).toMatchObject([{ name: 'activate' }])
  await laptop.cairn.accounts.signInWithPassword({ who: did, password: NEW_PASSWORD })
  await next.faults()
  const moved = await goOn(laptop, did)
  expect(failures(moved)).toEqual([])
  expect(moved.endedAt).toBeDefined()
  expect(stepNamed(moved, 'leave')?.facts).toMatchObject({ problem: 'account.not-signed-in' })
  const status = await fetch(`${next.url}/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)
  expect(await status.json()).toMatchObject({ active: true })
})

test('nothing is written to a server that the account has left', async ({ old, next, laptop, mover }) => {
  const account = await mover()
  const { did } = account
  await laptop.keep(did)
  const key = await prepared(laptop, old, account)
  await laptop.cairn.moving.begin({ ...(await placeFor(account, next)), kind: 'move' })
  // it stays awake there, and takes what it is given
  await old.faults({ match: 'deactivateAccount', kind: 'status', status: 502, body: {} })
  const moved = await goOn(laptop, did, { password: NEW_PASSWORD, key })
  expect(failures(moved)).toEqual([])
  expect(moved.endedAt).toBeDefined()
  await old.faults()

  const { writing, accounts } = laptop.cairn
  const value = { text: 'Where am I?', createdAt: '2026-11-01T10:00:00.000Z' }
  const draft = await writing.save({ did, collection: 'app.bsky.feed.post', value })
  await laptop.until(async () => (await writing.queue(did)).trouble !== undefined)
  const { trouble, drafts } = await writing.queue(did)
  expect(trouble).toMatchObject({ code: 'account.elsewhere' })
  expect(drafts).toMatchObject([{ status: 'waiting' }])
  const at = async (pds: typeof old) =>
    (await pds.call('listRecords', { did, collection: 'app.bsky.feed.post' })).some(
      ({ uri }) => uri === draft?.uri,
    )
  expect(await at(old)).toBe(false)
  await accounts.signInWithPassword({ who: did, password: NEW_PASSWORD })
  await laptop.until(async () => (await writing.queue(did)).drafts.length === 0)
  expect([await at(old), await at(next)]).toEqual([false, true])
})

test('of two moves that are begun at once one is begun', async ({ next, laptop, mover }) => {
  const account = await mover()
  const { did } = account
  await laptop.keep(did)
  const { moving } = laptop.cairn
  const place = await placeFor(account, next)
  await next.call('forgetRequests', {})
  await next.faults({ match: 'describeServer', kind: 'hold', times: 1 })
  const first = moving.begin({ ...place, kind: 'move' })
  await expect.poll(() => next.call('requests', { match: 'describeServer' })).toHaveLength(1)
  await moving.begin({ ...place, kind: 'rescue' })
  const refused = expect(first).rejects.toMatchObject({ code: 'moving.underway' })
  await next.faults()
  await refused
  expect(await moving.get(did)).toMatchObject({ kind: 'rescue' })
})
