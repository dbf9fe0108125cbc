import { describe, expect, it } from 'vitest'
import { identityFromKept } from '../pds/identity.ts'
import { createPrng } from '../repo/testing/prng.ts'
import { StorageError } from '../storage/errors.ts'
import type { Storage } from '../storage/port.ts'
import { backUp as backUpOn } from './backup.ts'
import { headOf, type IdentityRow, repoRow } from './kept.ts'
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
      pds.next(
        'getLatestCommit',
        json({ ...old, cid: old.cid.slice(0, -1) + (old.cid.endsWith('a') ? 'e' : 'a') }),
      )
      expect((await backUp(alice.did)).snapshot).toBeUndefined()
      // The hint's rev is not the signed one.
      alice.commit({ create: 1 })
      pds.next('getLatestCommit', json({ cid: commitCid(alice.repo), rev: old.rev }))
      const { snapshot } = await backUp(alice.did)
      expect(snapshot?.rev).toBe(alice.repo.rev)
      expect(await storage.count('imports')).toBe(0)
    }))

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
      pds.next(
        'getRepo',
        stallAfter(20_000, () => timers.expire(30_000)),
      )
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
    [
      'a page of HTML',
      Buffer.from(`<!doctype html><title>502 Bad Gateway</title>${'<p>sorry</p>'.repeat(20)}`),
    ],
    ['a few bytes that are no CAR', Buffer.from('<html>')],
    [
      'a block that is not what it is called',
      (body: Uint8Array) => body.with(body.length - 40, (body.at(-40) ?? 0) ^ 1),
    ],
  ] as const)('refuses %s and keeps nothing of it', (_name, change) =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.always('getRepo', answer(change))
      await expect(backUp(alice.did)).rejects.toMatchObject({
        code: expect.stringMatching(/^repo\./) as string,
      })
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

  it('stops when the disk is full, says how much is needed, and goes on when there is room', () =>
    withSync(async ({ pds, storage, host, work, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 6000 })
      let room = 1
      const full: Storage['write'] = async (ops, options) => {
        const bytes = ops.find((it) => it.type === 'put-bytes')
        if (bytes !== undefined && room-- <= 0)
          throw new StorageError('storage.quota', { needed: bytes.parts[0]?.length })
        await storage.write(ops, options)
      }
      const small = new Proxy(storage, {
        get: (target, name) => (name === 'write' ? full : Reflect.get(target, name)) as unknown,
      })
      const watched = work()
      const failure = await backUpOn({ ...host, storage: small }, pds.endpoints, alice.did, watched).catch(
        (error: unknown) => error,
      )
      expect(failure).toMatchObject({
        code: 'storage.quota',
        fields: { needed: expect.any(Number) as number },
      })
      expect(watched.waits).toEqual([])
      expect(await storage.byteKeys()).toHaveLength(1)
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      await expectNothingTwice(storage, alice.did)
    }))

  it('of a repo that another tab is at work on is refused', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await storage.lock(`repo:${alice.did}`, { mode: 'exclusive' }, async () => {
        await expect(backUp(alice.did)).rejects.toMatchObject({
          code: 'sync.busy',
          fields: { did: alice.did },
        })
      })
    }))
})
