import { describe, expect, it } from 'vitest'
import { identityFromKept } from '../pds/identity.ts'
import { createPrng } from '../repo/testing/prng.ts'
import { headOf, type IdentityRow, repoRow, snapshotsOf } from './kept.ts'
import { answer, cutAfter, endAfter, fail, json, stallAfter } from './testing/faults.ts'
import { commitCid } from './testing/local-pds.ts'
import { contents, expectNothingTwice, storedBlocks, wanted, withSync } from './testing/sync-kit.ts'

describe('a backup', () => {
  it('keeps every record, who signed it, and what upstream says', () =>
    withSync(async ({ pds, storage, backUp, work }) => {
      const alice = await pds.account({ name: 'alice' })
      const seen = work()
      const { did, snapshot, before } = await backUp('@alice.test', { work: seen })
      expect([did, before]).toEqual([alice.did, undefined])
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      expect(snapshot).toMatchObject({
        commitCid: commitCid(alice.repo),
        rev: alice.repo.rev,
        signature: 'current-key',
        signedBy: alice.repo.didKey,
        source: 'pds',
      })
      expect(await repoRow(storage, did)).toMatchObject({
        handle: 'alice.test',
        pds: pds.origin,
        upstream: 'active',
        head: snapshot.id,
      })
      const phases = seen.reports.flatMap(({ phase }) => phase ?? [])
      expect(phases).toEqual(['resolving', 'connecting', 'receiving', 'saving'])
      expect(await storage.count('imports')).toBe(0)
    }))

  it('stores what proves the author offline: DID document and PLC log', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      const { snapshot } = await backUp(alice.did)
      const row = (await storage.get('identities', snapshot?.identity ?? '')) as IdentityRow
      const identity = await identityFromKept(row)
      expect(identity).toMatchObject({ did: alice.did, keysFrom: 'plc-log', currentKey: snapshot?.signedBy })
    }))

  it('of an account with nothing new fetches nothing and notes that it looked', () =>
    withSync(async ({ pds, storage, timers, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      pds.asked.length = 0
      timers.pass(60_000)
      const { snapshot, before } = await backUp(alice.did)
      expect(snapshot).toBeUndefined()
      expect(before?.rev).toBe(alice.repo.rev)
      expect(pds.asked).not.toContain('getRepo')
      expect(pds.asked).not.toContain('getRepo?since')
      expect((await repoRow(storage, alice.did))?.upstreamCheckedAt).toBe(timers.clock.now())
    }))

  it('is not misled by a wrong hint of the latest commit', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      const old = { cid: commitCid(alice.repo), rev: alice.repo.rev }
      // Another commit is named though nothing is new.
      pds.next('getLatestCommit', json({ ...old, cid: old.cid.slice(0, -1) + (old.cid.endsWith('a') ? 'e' : 'a') }))
      expect((await backUp(alice.did)).snapshot).toBeUndefined()
      // The hint's rev is not the signed one.
      alice.commit({ create: 1 })
      pds.next('getLatestCommit', json({ cid: commitCid(alice.repo), rev: old.rev }))
      const { snapshot } = await backUp(alice.did)
      expect(snapshot?.rev).toBe(alice.repo.rev)
      expect(await storage.count('imports')).toBe(0)
    }))

  it('asks only for what changed, and shares the rest', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 120 })
      const first = (await backUp(alice.did)).snapshot
      const stored = await storedBlocks(storage, alice.did)
      const edited = alice.commit({ create: 3, update: 2, delete: 2 })
      pds.asked.length = 0
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined || first === undefined) throw new Error('nothing kept')
      expect(pds.asked.filter((it) => it.startsWith('getRepo?'))).toHaveLength(1)
      expect(pds.asked).not.toContain('getRepo')
      expect(await contents(storage, snapshot)).toEqual(wanted(edited))
      // What upstream deleted stays in the older snapshot.
      expect(await contents(storage, first)).toEqual(wanted(alice.history[0] ?? edited))
      await expectNothingTwice(storage, alice.did)
      expect((await storedBlocks(storage, alice.did)).length - stored.length).toBeLessThan(30)
    }))

  const since = pdsSince()
  it.each(since)('asks for all when a since answer %s', (_name, fault) =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 120 })
      await backUp(alice.did)
      const edited = alice.commit({ create: 2, update: 2, delete: 1 })
      pds.asked.length = 0
      pds.next('getRepo', fault)
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(pds.asked.filter((it) => it.startsWith('getRepo') && it !== 'getRepoStatus')).toEqual(['getRepo?since', 'getRepo'])
      expect(await contents(storage, snapshot)).toEqual(wanted(edited))
      await expectNothingTwice(storage, alice.did)
      expect(await snapshotsOf(storage, alice.did)).toHaveLength(2)
    }),
  )

  it('goes on from wherever a transfer is cut, and stores nothing twice', () =>
    withSync(async ({ pds, storage, work, timers, backUp }) => {
      const prng = createPrng('cuts')
      const alice = await pds.account({ name: 'alice', records: 4000 })
      const size = [...alice.repo.car()].reduce((sum, it) => sum + it.length, 0)
      // Two runs that give up after five broken tries each, then one that ends.
      for (let run = 0; run < 2; run++) {
        pds.next('getRepo', ...Array.from({ length: 5 }, () => cutAfter(prng.int(size))))
        const watched = work()
        await expect(backUp(alice.did, { work: watched })).rejects.toMatchObject({ code: 'pds.network' })
        expect(watched.waits.map((it) => it.attempt)).toEqual([1, 2, 3, 4])
        expect(await headOf(storage, alice.did)).toBeUndefined()
        expect(await storage.count('imports')).toBe(1)
      }
      expect(timers.slept.length).toBe(8)
      pds.next('getRepo', endAfter(prng.int(size)), cutAfter(size - 10))
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      await expectNothingTwice(storage, alice.did)
      expect(await storage.count('imports')).toBe(0)
    }))

  it('takes the newer commit when one is made between two tries', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 120 })
      pds.next('getRepo', (response, serve) => {
        cutAfter(9000)(response, serve)
        alice.commit({ create: 2, delete: 3 })
      })
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
    }))

  it('gives up a server that stalls, tries again, and goes on', () =>
    withSync(async ({ pds, storage, work, timers, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 300 })
      pds.next('getRepo', stallAfter(20_000, () => timers.expire(30_000)))
      const watched = work()
      const { snapshot } = await backUp(alice.did, { work: watched })
      expect(watched.waits).toMatchObject([{ attempt: 1, error: { code: 'pds.stalled' } }])
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
    }))

  it('waits as long as a busy server asks', () =>
    withSync(async ({ pds, work, timers, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.next('getRepo', fail(429, 'RateLimitExceeded', { 'retry-after': '77' }))
      const watched = work()
      expect((await backUp(alice.did, { work: watched })).snapshot).toBeDefined()
      expect(watched.waits).toMatchObject([{ delayMs: 77_000, error: { code: 'pds.rate-limited' } }])
      expect(timers.slept).toEqual([77_000])
    }))

  it('tries again when the look at the head is broken by the network', () =>
    withSync(async ({ pds, work, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      alice.commit({ create: 1 })
      pds.next('getLatestCommit', cutAfter(0), fail(429, 'RateLimitExceeded', { 'retry-after': '1' }))
      const watched = work()
      expect((await backUp(alice.did, { work: watched })).snapshot?.rev).toBe(alice.repo.rev)
      expect(watched.waits).toHaveLength(2)
    }))

  it.each([
    ['a page of HTML', Buffer.from(`<!doctype html><title>502 Bad Gateway</title>${'<p>sorry</p>'.repeat(20)}`)],
    ['a few bytes that are no CAR', Buffer.from('<html>')],
    ['a block that is not what it is called', (body: Uint8Array) => body.with(body.length - 40, (body.at(-40) ?? 0) ^ 1)],
  ] as const)('refuses %s and keeps nothing of it', (_name, change) =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.always('getRepo', answer(change))
      await expect(backUp(alice.did)).rejects.toMatchObject({ code: expect.stringMatching(/^repo\./) as string })
      expect(await storage.count('imports')).toBe(0)
      expect(await storage.byteKeys()).toEqual([])
      expect(await repoRow(storage, alice.did)).toBeUndefined()
    }),
  )

  it('stopped by the person goes on later', () =>
    withSync(async ({ pds, storage, work, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 4000 })
      const stopped = work((report, it) => {
        if ((report.records ?? 0) > 1500) it.cancel()
      })
      await expect(backUp(alice.did, { work: stopped })).rejects.toMatchObject({
        code: expect.stringMatching(/^(sync|pds)\.cancelled$/) as string,
      })
      const stored = await storedBlocks(storage, alice.did)
      expect(stored.length).toBeGreaterThan(1000)
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      await expectNothingTwice(storage, alice.did)
    }))

  it('of a repo that another tab is at work on is refused', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await storage.lock(`repo:${alice.did}`, { mode: 'exclusive' }, async () => {
        await expect(backUp(alice.did)).rejects.toMatchObject({ code: 'sync.busy', fields: { did: alice.did } })
      })
    }))
})

/** Ways in which an answer to `since` can be of no use though the server has all. */
function pdsSince() {
  return [
    ['is an error 500', fail(500)],
    ['is an error 400', fail(400, 'InvalidRequest')],
    ['is empty', answer(new Uint8Array())],
    ['is no CAR', answer(Buffer.from('internal error'))],
    ['lacks a tree node', answer((body) => withoutBlock(body, true))],
    ['lacks a record', answer((body) => withoutBlock(body, false))],
    ['ends early', endAfter(700)],
  ] as const
}

/** A CAR without its last block that is (or is not) a tree node. */
function withoutBlock(car: Uint8Array, node: boolean): Uint8Array {
  let at = 0
  const frames: { from: number; to: number }[] = []
  while (at < car.length) {
    let length = 0
    let shift = 0
    const from = at
    for (let more = true; more; shift += 7) {
      const byte = car[at++] ?? 0
      length |= (byte & 0x7f) << shift
      more = byte >= 0x80
    }
    at += length
    frames.push({ from, to: at })
  }
  // A tree node is a map of `e` and `l`; the bytes say so without a decoder.
  const isNode = ({ from, to }: { from: number; to: number }): boolean =>
    Buffer.from(car.subarray(from, to)).includes(Buffer.from([0xa2, 0x61, 0x65]))
  const isCommit = ({ from, to }: { from: number; to: number }): boolean =>
    Buffer.from(car.subarray(from, to)).includes('cversion') || Buffer.from(car.subarray(from, to)).includes('gversion')
  const out = frames.slice(1).findLast((it) => isNode(it) === node && !isCommit(it))
  if (out === undefined) throw new Error('no such block')
  return Buffer.concat([car.subarray(0, out.from), car.subarray(out.to)])
}
