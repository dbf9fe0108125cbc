import { post } from './pds/seed.ts'
import {
  everything,
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

const PREFERENCES = [{ $type: 'app.bsky.actor.defs#interestsPref', tags: ['stones'] }]

test('an account whose server is gone is rescued with its recovery key', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const account = await mover()
  const { did } = account
  const { moving } = laptop.cairn
  await old.call('callAs', {
    did,
    method: 'app.bsky.actor.putPreferences',
    body: { preferences: PREFERENCES },
  })
  await laptop.keep(did)
  const key = await prepared(laptop, old, account)
  const exported = await moving.exportPrivate(did)
  expect(exported.parts.find(({ name }) => name === 'preferences')).toMatchObject({ count: 1 })
  // nobody is at the AppView: that is said
  expect(exported.parts.find(({ name }) => name === 'mutes')?.problem).toBeDefined()
  const before = await everything(old, did)
  await old.call('stopServer', {})

  const input = { ...(await placeFor(account, next)), kind: 'rescue' as const }
  const codes = async (text?: string) => {
    const { findings } = await moving.plan(input, text)
    return findings.filter(({ level }) => level === 'stop').map(({ code }) => code)
  }
  expect(await codes()).toEqual(['key-not-given'])
  expect(await codes('not a key')).toEqual(['key-wrong'])
  expect(await codes(key)).toEqual([])

  await moving.begin(input)
  expect((await goOn(laptop, did)).waits).toEqual({ for: 'key' })
  expect((await goOn(laptop, did, { key })).waits).toEqual({ for: 'password' })
  const rescued = await goOn(laptop, did, { password: NEW_PASSWORD })
  expect(failures(rescued)).toEqual([])
  expect(rescued.endedAt).toBeDefined()
  const history = await laptop.cairn.activity.list({ limit: 50 })
  const notes = history.filter(({ kind }) => kind.startsWith('moving.'))
  expect(notes.map(({ kind, fields }) => [kind, fields['step']]).toReversed()).toEqual([
    ['moving.key-added', undefined],
    ['moving.begun', undefined],
    ['moving.identity', 'claim'],
    ['moving.identity', 'identity'],
    ['moving.done', undefined],
  ])
  expect(stepNamed(rescued, 'confirm')?.facts).toMatchObject({
    same: true,
    blobsLacking: 0,
    blobsUnlisted: 0,
  })
  expect(await everything(next, did)).toEqual(before)
  await next.call('signIn', { did, password: NEW_PASSWORD })
  const { preferences } = await next.call('callAs', { did, method: 'app.bsky.actor.getPreferences' })
  expect(preferences).toEqual(PREFERENCES)
  // nobody but the owner and the new server can change the identity now
  const { keys, pds } = await moving.standing(did)
  expect(pds).toBe(next.url)
  expect(keys).toHaveLength(2)
  expect(keys[0]?.own).toBe(true)
  await next.call('applyWrites', { did, writes: [post(500_001, 'Back from the dead')] })
  await laptop.keep(did)
})

test('a rescue that is cut off after each step, and within the next, goes on to the same end', async ({
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
  await old.call('stopServer', {})
  await laptop.cairn.moving.begin({ ...(await placeFor(account, next)), kind: 'rescue' })
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
})

test('a server that turns on its owner is overruled within 72 hours', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const account = await mover()
  const { did } = account
  await laptop.keep(did)
  const key = await prepared(laptop, old, account)
  const { moving } = laptop.cairn
  const trusted = (await laptop.cairn.library.get(did))?.head?.id
  const before = await everything(old, did)
  // it takes the recovery key out, and writes in its owner's name
  await old.call('seize', { did })
  expect((await moving.standing(did)).recovery?.rank).toBeUndefined()
  await old.call('applyWrites', { did, writes: [post(500_000, 'Not written by its owner')] })
  await laptop.keep(did)
  if (trusted === undefined) throw new Error('nothing was kept')

  const input = { ...(await placeFor(account, next)), kind: 'rescue' as const, snapshot: trusted }
  const { findings, ready } = await moving.plan(input, key)
  expect(ready).toBe(true)
  expect(findings.find(({ code }) => code === 'key-overrules')?.fields).toMatchObject({ count: 1 })
  // it still answers, and a gentler way may be there
  expect(findings.map(({ code }) => code)).toContain('old-answers')
  await moving.begin(input)
  const rescued = await goOn(laptop, did, { key, password: NEW_PASSWORD })
  expect(failures(rescued)).toEqual([])
  expect(stepNamed(rescued, 'claim')?.facts).toMatchObject({ overruled: 1 })
  // what its owner had, and nothing that the server wrote
  expect(await everything(next, did)).toEqual(before)
  const { keys, pds } = await moving.standing(did)
  expect([pds, keys[0]?.own, keys.length]).toEqual([next.url, true, 2])
  // the old server can sign nothing any more
  await expect(old.call('seize', { did })).rejects.toThrow()
  expect((await moving.standing(did)).keys).toEqual(keys)
})

test('a file of another account is refused, and a key of another account too', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const [mine, theirs] = [await mover(), await mover()]
  const { moving } = laptop.cairn
  const carOf = async (did: string) => {
    const answer = await fetch(`${old.url}/xrpc/com.atproto.sync.getRepo?did=${did}`)
    return new Blob([await answer.arrayBuffer()])
  }
  const fails = async (work: Promise<unknown>, code: string) =>
    expect(
      await work.then(
        () => 'done',
        (error: { code?: string }) => error.code,
      ),
    ).toBe(code)
  await fails(moving.takeFile(mine.did, await carOf(theirs.did), 'theirs.car'), 'moving.wrong-account')
  await fails(moving.takeFile(mine.did, new Blob(['nothing of the kind']), 'x.car'), 'moving.not-a-repo')
  await fails(moving.takeFile(mine.did, (await carOf(mine.did)).slice(0, 40), 'x.car'), 'moving.not-a-repo')
  expect(await laptop.cairn.library.list()).toEqual([])
  await laptop.ended(moving.takeFile(mine.did, await carOf(mine.did), 'mine.car'))
  expect((await laptop.cairn.library.list()).map(({ did }) => did)).toEqual([mine.did])

  await laptop.keep(theirs.did)
  const key = await prepared(laptop, old, theirs)
  await laptop.keep(mine.did)
  const input = { ...(await placeFor(mine, next)), kind: 'rescue' as const }
  const { findings } = await moving.plan(input, key)
  expect(findings.find(({ level }) => level === 'stop')).toMatchObject({
    code: 'key-wrong',
    fields: { problem: 'moving.wrong-key' },
  })
  const standing = await moving.standing(mine.did)
  await moving.begin(input)
  const refused = await goOn(laptop, mine.did, { key, password: NEW_PASSWORD })
  expect(stepNamed(refused, 'claim')?.error?.code).toBe('moving.wrong-key')
  // it is not tried again: the right one is asked for
  expect(refused.waits).toEqual({ for: 'key' })
  expect((await goOn(laptop, mine.did)).waits).toEqual({ for: 'key' })
  expect(await moving.standing(mine.did)).toEqual(standing)
})

test('blobs that nobody has stop a rescue until the person lets them go', async ({
  old,
  next,
  laptop,
  mover,
}) => {
  const account = await mover()
  const { did } = account
  await laptop.cairn.device.setSettings({ blobs: false })
  await laptop.ended(laptop.cairn.library.backup(did))
  const key = await prepared(laptop, old, account)
  await laptop.until(async () =>
    (await laptop.cairn.activity.jobs()).every(({ endedAt }) => endedAt !== undefined),
  )
  const blobs = await old.call('listBlobs', { did })
  await old.call('stopServer', {})
  const { moving } = laptop.cairn
  await moving.begin({ ...(await placeFor(account, next)), kind: 'rescue' })
  const stopped = await goOn(laptop, did, { key, password: NEW_PASSWORD })
  expect(stepNamed(stopped, 'blobs')?.error).toMatchObject({
    code: 'moving.blobs-lacking',
    fields: { lacking: blobs.length },
  })
  await moving.withoutBlobs(did)
  const rescued = await goOn(laptop, did)
  expect(failures(rescued)).toEqual([])
  expect(stepNamed(rescued, 'confirm')?.facts).toMatchObject({ same: true, blobsLacking: blobs.length })
})

test('a did:web is rescued by two documents, the first with a key of this device', async ({
  old,
  next,
  laptop,
}) => {
  const site = await webIdentity()
  try {
    const { did } = site
    const handle = 'websaved.test'
    await openWebAccount(old, site, handle, OLD_PASSWORD)
    await old.call('signIn', { did, password: OLD_PASSWORD })
    await old.call('applyWrites', { did, writes: [post(1, 'From a domain of my own')] })
    await laptop.keep(did)
    const before = await everything(old, did)
    await old.call('stopServer', {})
    const { moving } = laptop.cairn
    await moving.begin({ ...(await placeFor({ did, handle }, next)), kind: 'rescue' })
    for (let round = 0; round < 2; round++) {
      const asked = await goOn(laptop, did, { password: NEW_PASSWORD })
      expect(failures(asked)).toEqual([])
      if (asked.waits?.for !== 'document') throw new Error(`waits for ${asked.waits?.for}`)
      site.publish(asked.waits.document)
    }
    const rescued = await goOn(laptop, did, { password: NEW_PASSWORD })
    expect(failures(rescued)).toEqual([])
    expect(rescued.endedAt).toBeDefined()
    expect(await everything(next, did)).toEqual(before)
    expect(await moving.standing(did)).toMatchObject({ pds: next.url })
  } finally {
    await site.close()
  }
})
