import { describe, expect, it } from 'vitest'
import { hasCode } from '../core/errors.ts'
import { StorageError } from '../storage/errors.ts'
import { type Frame, frames } from '../storage/frames.ts'
import { decodeStored } from '../repo/mst/stored.ts'
import type { Storage } from '../storage/port.ts'
import { TABLES } from '../storage/port.ts'
import { blobKey, repoRange, type SnapshotRow } from '../storage/rows.ts'
import { updateRepo } from '../storage/head.ts'
import { editRepo } from '../repo/testing/edit.ts'
import { fetchBlobs } from './blobs.ts'
import { applyRetention, deleteRepo, deleteSnapshot, sweep, sweepsDue } from './keep.ts'
import { headOf, snapshotsOf } from './kept.ts'
import { contents, storedBlocks, type SyncKit, tracesOf, wanted, withSync } from './testing/sync-kit.ts'
import { fail } from './testing/faults.ts'
import type { TestAccount } from './testing/account.ts'
import { createPins } from './pages/pins.ts'
import { verifyHead } from './verify-head.ts'

const never = new AbortController().signal

/** Backups of one account, one after each of so many commits. */
async function history(kit: SyncKit, alice: TestAccount, commits: number): Promise<void> {
  await kit.backUp(alice.did)
  for (let i = 0; i < commits; i++) {
    alice.commit({ create: 4, update: 6, delete: 3 })
    await kit.backUp(alice.did)
  }
}

async function expectReadable(storage: Storage, alice: TestAccount): Promise<void> {
  for (const snapshot of await snapshotsOf(storage, alice.did)) {
    const repo = alice.history.find((it) => it.rev === snapshot.rev)
    if (repo === undefined) throw new Error('a snapshot that never was')
    expect(await contents(storage, snapshot)).toEqual(wanted(repo))
  }
}

/** The bytes of a frame that a CID covers: a record, or a node without the places kept beside it. */
function signedPart(segment: Uint8Array, { kind, from, to }: Frame): { first: number; last: number } {
  if (kind === 'record') return { first: from, last: to - 1 }
  const { length } = decodeStored(segment.subarray(from, to)).node.bytes
  const first = from + (length < 128 ? 1 : 2)
  return { first, last: first + length - 1 }
}

/** A storage that fails after so many writes, as if the page were killed. */
function dyingAfter(storage: Storage, writes: number): Storage {
  let left = writes
  const write: Storage['write'] = async (ops, options) => {
    if (left-- <= 0) throw new Error('killed')
    await storage.write(ops, options)
  }
  return new Proxy(storage, {
    get: (target, name) => (name === 'write' ? write : Reflect.get(target, name)) as unknown,
  })
}

describe('snapshots', () => {
  it('deleted and swept free what they alone held, and the others stay whole', () =>
    withSync(async (kit) => {
      const { pds, storage } = kit
      const alice = await pds.account({ name: 'alice', records: 400 })
      await history(kit, alice, 6)
      const before = (await storedBlocks(storage, alice.did)).length
      const rows = await snapshotsOf(storage, alice.did)
      for (const row of rows.slice(1, 5)) await deleteSnapshot(storage, alice.did, row.id)
      expect(await sweepsDue(storage)).toEqual([alice.did])
      const swept = await sweep(storage, alice.did, never)
      expect(swept.bytes).toBeLessThanOrEqual(1.3 * swept.liveBytes)
      expect(await sweepsDue(storage)).toEqual([])
      expect((await storedBlocks(storage, alice.did)).length).toBeLessThan(before)
      expect((await snapshotsOf(storage, alice.did)).map((it) => it.id)).toEqual(
        [rows[0], rows[5], rows[6]].map((it) => it?.id),
      )
      await expectReadable(storage, alice)
    }))

  it('may be swept by a sweep that is cut off anywhere and goes on', () =>
    withSync(async (kit) => {
      const { pds, storage } = kit
      const alice = await pds.account({ name: 'alice', records: 400 })
      await history(kit, alice, 5)
      for (const row of (await snapshotsOf(storage, alice.did)).slice(0, 5))
        await deleteSnapshot(storage, alice.did, row.id)
      for (let writes = 0; (await sweepsDue(storage)).length > 0; writes++) {
        await sweep(dyingAfter(storage, writes), alice.did, never).catch((error: unknown) => {
          expect(error).toMatchObject({ message: 'killed' })
        })
        await expectReadable(storage, alice)
      }
      const swept = await sweep(storage, alice.did, never)
      expect(swept).toMatchObject({ deleted: 0, packed: 0 })
      expect(swept.bytes).toBeLessThanOrEqual(1.3 * swept.liveBytes)
    }))

  it('may be deleted on a disk that is full', () =>
    withSync(async (kit) => {
      const { pds, storage } = kit
      const alice = await pds.account({ name: 'alice', records: 50 })
      await history(kit, alice, 1)
      const full: Storage = {
        ...storage,
        async write(ops, options) {
          if (ops.some(({ type }) => !type.startsWith('delete')))
            throw new StorageError('storage.quota', { needed: 1 })
          await storage.write(ops, options)
        },
      }
      const [old, head] = await snapshotsOf(storage, alice.did)
      await deleteSnapshot(full, alice.did, old?.id ?? '')
      expect((await snapshotsOf(storage, alice.did)).map((it) => it.id)).toEqual([head?.id])
    }))

  it('the head among them is never deleted', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      await history(kit, alice, 1)
      const head = await headOf(kit.storage, alice.did)
      await expect(deleteSnapshot(kit.storage, alice.did, head?.id ?? '')).rejects.toMatchObject({
        code: 'sync.head',
      })
      expect(await sweepsDue(kit.storage)).toEqual([])
      await expect(deleteSnapshot(kit.storage, alice.did, 'none')).rejects.toMatchObject({
        code: 'sync.not-kept',
      })
    }))

  it('a deletion during a sweep leaves a sweep due', () =>
    withSync(async (kit) => {
      const { pds, storage } = kit
      const alice = await pds.account({ name: 'alice', records: 200 })
      await history(kit, alice, 3)
      const [one, two] = await snapshotsOf(storage, alice.did)
      await deleteSnapshot(storage, alice.did, one?.id ?? '')
      let deleted = false
      const list: Storage['list'] = async (table, range) => {
        const rows = await storage.list(table, range)
        if (table === 'segments' && !deleted) {
          deleted = true
          await deleteSnapshot(storage, alice.did, two?.id ?? '')
        }
        return rows
      }
      const busy = new Proxy(storage, {
        get: (target, name) => (name === 'list' ? list : Reflect.get(target, name)) as unknown,
      })
      await sweep(busy, alice.did, never)
      expect(await sweepsDue(storage)).toEqual([alice.did])
      await sweep(storage, alice.did, never)
      expect(await sweepsDue(storage)).toEqual([])
      await expectReadable(storage, alice)
    }))

  it.each([
    [undefined, 5],
    [10, 5],
    [3, 3],
    [1, 1],
  ])('keep last %s leaves %s of five, the newest', (keepLast, left) =>
    withSync(async (kit) => {
      const { pds, storage } = kit
      const alice = await pds.account({ name: 'alice' })
      await history(kit, alice, 4)
      const all = await snapshotsOf(storage, alice.did)
      await updateRepo(storage, alice.did, (row) => ({ ...row, keepLast }))
      expect(await applyRetention(storage, alice.did)).toBe(left < 5)
      expect(await snapshotsOf(storage, alice.did)).toEqual(all.slice(5 - left))
    }),
  )

  it('leaves one that a peer is reading until that has ended', () =>
    withSync(async (kit) => {
      const { pds, storage, timers } = kit
      const alice = await pds.account({ name: 'alice' })
      await history(kit, alice, 4)
      const [first, ...more] = await snapshotsOf(storage, alice.did)
      await updateRepo(storage, alice.did, (row) => ({ ...row, keepLast: 2 }))
      const pins = createPins(timers.clock)
      pins.pin(alice.did, first?.id ?? '')
      expect(await applyRetention(storage, alice.did, pins)).toBe(true)
      expect(await snapshotsOf(storage, alice.did)).toEqual([first, ...more.slice(-2)])
      expect(await applyRetention(storage, alice.did, pins)).toBe(false)
      timers.pass(61 * 60_000)
      expect(await applyRetention(storage, alice.did, pins)).toBe(true)
      expect(await snapshotsOf(storage, alice.did)).toEqual(more.slice(-2))
    }))
})

describe('a repo deleted', () => {
  it('leaves no row and no byte value, and others alone', () =>
    withSync(async (kit) => {
      const { pds, storage, host, work } = kit
      const alice = await pds.account({ name: 'alice' })
      const bob = await pds.account({ name: 'bob' })
      alice.addBlob(new Uint8Array([1, 2, 3]))
      await history(kit, alice, 2)
      await kit.backUp(bob.did)
      await fetchBlobs(host, pds.endpoints, alice.did, work())
      // Everything that can be of a repo: evidence, a due sweep, an index, a transfer that was cut off.
      const parent = alice.repo
      alice.commit({ create: 1 })
      await kit.backUp(alice.did)
      alice.serve(editRepo(parent, { create: 2 }))
      await expect(kit.backUp(alice.did)).rejects.toMatchObject({ code: 'repo.equivocation' })
      await deleteSnapshot(storage, alice.did, (await snapshotsOf(storage, alice.did))[0]?.id ?? '')
      await storage.write([
        { type: 'put', table: 'search', key: `${alice.did}/x`, value: 1 },
        { type: 'put', table: 'imports', key: alice.did, value: { id: 'feed', did: alice.did } },
        { type: 'put-bytes', key: `spill/${alice.did}/feed.0`, parts: [new Uint8Array(3)] },
        { type: 'put', table: 'meta', key: `partial/${alice.did}/app.x.y`, value: 1 },
        { type: 'put', table: 'meta', key: `partial-pull/${alice.did}/app.x.y`, value: 1 },
        { type: 'put-bytes', key: `part/${alice.did}/app.x.y/1.000000`, parts: [new Uint8Array(3)] },
      ])
      expect(await storage.count('changes', repoRange(alice.did))).toBe(1)
      const others = await tracesOf(storage, bob.did, TABLES)
      expect((await tracesOf(storage, alice.did, TABLES)).length).toBeGreaterThan(10)
      await deleteRepo(storage, alice.did, work())
      expect(await tracesOf(storage, alice.did, TABLES)).toEqual([])
      expect(await tracesOf(storage, bob.did, TABLES)).toEqual(others)
      expect(await storage.get('blobs', blobKey(alice.did, 'x'))).toBeUndefined()
    }))

  it('is refused while another tab is at work on it', () =>
    withSync(async ({ pds, storage, backUp, work }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      await storage.lock(`repo:${alice.did}`, { mode: 'exclusive' }, async () => {
        await expect(deleteRepo(storage, alice.did, work())).rejects.toMatchObject({ code: 'sync.busy' })
      })
      expect(await headOf(storage, alice.did)).toBeDefined()
    }))
})

describe('a head verified again', () => {
  it('is proven from the disk, and says when', () =>
    withSync(async ({ pds, storage, host, timers, backUp, work }) => {
      const alice = await pds.account({ name: 'alice', records: 300 })
      await backUp(alice.did)
      timers.pass(5000)
      pds.offline = true
      expect(await verifyHead(host, alice.did, work())).toEqual({ records: 300 })
      expect((await headOf(storage, alice.did))?.verifiedAt).toBe(timers.clock.now())
    }))

  it('is proven to its end although its account writes on', () =>
    withSync(async ({ pds, storage, host, backUp, work }) => {
      const alice = await pds.account({ name: 'alice', records: 400 })
      await backUp(alice.did)
      await updateRepo(storage, alice.did, (row) => ({ ...row, keepLast: 1 }))
      let moved = false
      const busy: Storage = {
        ...storage,
        async readRanges(ranges) {
          const bytes = await storage.readRanges(ranges)
          if (moved) return bytes
          moved = true
          alice.commit({ create: 5, update: 60, delete: 60 })
          await backUp(alice.did)
          if (await applyRetention(storage, alice.did)) await sweep(storage, alice.did, never)
          return bytes
        },
      }
      expect(await verifyHead({ ...host, storage: busy }, alice.did, work())).toEqual({ records: 400 })
      expect(moved).toBe(true)
      expect(await applyRetention(storage, alice.did)).toBe(true)
    }))

  it('reports any changed byte of a record or a tree node', () =>
    withSync(async ({ pds, storage, host, backUp, work }) => {
      const alice = await pds.account({ name: 'alice', records: 40 })
      await backUp(alice.did)
      const { verifiedAt } = (await headOf(storage, alice.did)) ?? {}
      const { from, to } = repoRange(alice.did)
      let tried = 0
      for (const key of await storage.byteKeys({ from: `seg/${from}`, to: `seg/${to}` })) {
        const good = await storage.readBytes(key)
        for (const frame of frames(good)) {
          // Some of many, first and last bytes among them.
          if (tried++ % 3 !== 0) continue
          const { first, last } = signedPart(good, frame)
          const at =
            [first, last, (first + last) >> 1][tried % 9 === 1 ? 0 : tried % 9 === 4 ? 1 : 2] ?? first
          const bad = good.with(at, (good[at] ?? 0) ^ 0x01)
          await storage.write([{ type: 'put-bytes', key, parts: [bad] }])
          await expect(verifyHead(host, alice.did, work())).rejects.toBeInstanceOf(Error)
        }
        await storage.write([{ type: 'put-bytes', key, parts: [good] }])
      }
      expect(tried).toBeGreaterThan(40)
      expect((await headOf(storage, alice.did))?.verifiedAt).toBe(verifiedAt)
      expect(await verifyHead(host, alice.did, work())).toEqual({ records: 40 })
    }))

  it('reports a segment that is gone', () =>
    withSync(async ({ pds, storage, host, backUp, work }) => {
      const alice = await pds.account({ name: 'alice', records: 40 })
      await backUp(alice.did)
      for (const key of await storage.byteKeys()) {
        const parts = [await storage.readBytes(key)]
        await storage.write([{ type: 'delete-bytes', key }])
        await expect(verifyHead(host, alice.did, work())).rejects.toMatchObject({
          code: 'storage.segment-gone',
        })
        await storage.write([{ type: 'put-bytes', key, parts }])
      }
    }))

  it.each(['server', 'file'] as const)('that is damaged is taken anew from the %s, for good', (from) =>
    withSync(async (kit) => {
      const { pds, storage, host, backUp, file, work } = kit
      const alice = await pds.account({ name: 'alice', records: 60 })
      await backUp(alice.did)
      alice.commit({ create: 3 })
      const { snapshot: head } = await backUp(alice.did)
      const again = () => (from === 'server' ? backUp(alice.did) : file(alice.repo))
      // As long as nobody has seen it, there is nothing new.
      const { from: first, to } = repoRange(alice.did)
      for (const key of await storage.byteKeys({ from: `seg/${first}`, to: `seg/${to}` }))
        await storage.write([{ type: 'delete-bytes', key }])
      await expect(verifyHead(host, alice.did, work())).rejects.toMatchObject({
        code: 'storage.segment-gone',
      })
      const mended = await again()
      expect(mended.snapshot).toMatchObject({ commitCid: head?.commitCid, signature: 'current-key' })
      expect(await verifyHead(host, alice.did, work())).toEqual({ records: 63 })
      // The same commit is there once, and what is damaged is freed with what else is needed no more.
      const snapshots = await snapshotsOf(storage, alice.did)
      expect(snapshots.map((it) => it.rev)).toEqual([alice.history[0]?.rev, alice.repo.rev])
      expect(await sweepsDue(storage)).toEqual([alice.did])
      expect((await again()).snapshot).toBeUndefined()
    }),
  )

  it.each([
    ['of what changed', false],
    ['of all', true],
  ])('that a backup %s stumbles over is taken anew with the next one', (_what, whole) =>
    withSync(async ({ pds, storage, host, backUp, work }) => {
      const alice = await pds.account({ name: 'alice', records: 60 })
      await backUp(alice.did)
      const { from, to } = repoRange(alice.did)
      for (const key of await storage.byteKeys({ from: `seg/${from}`, to: `seg/${to}` }))
        await storage.write([{ type: 'delete-bytes', key }])
      alice.commit({ create: 1 })
      // A server that cannot say what changed gives all of it.
      if (whole) pds.next('getRepo', fail(500))
      await expect(backUp(alice.did)).rejects.toMatchObject({ code: 'storage.segment-gone' })
      await backUp(alice.did)
      expect(await verifyHead(host, alice.did, work())).toEqual({ records: 61 })
    }),
  )

  it('that is damaged is taken anew also when its account wrote on, and a transfer was cut off', () =>
    withSync(async ({ pds, storage, host, backUp, work }) => {
      const alice = await pds.account({ name: 'alice', records: 400 })
      await backUp(alice.did)
      const { from, to } = repoRange(alice.did)
      for (const key of await storage.byteKeys({ from: `seg/${from}`, to: `seg/${to}` }))
        await storage.write([{ type: 'delete-bytes', key }])
      await expect(verifyHead(host, alice.did, work())).rejects.toBeInstanceOf(Error)
      alice.commit({ create: 2 })
      const stopped = work((_report, it) => it.cancel())
      await expect(backUp(alice.did, { work: stopped })).rejects.toBeInstanceOf(Error)
      await backUp(alice.did)
      expect(await verifyHead(host, alice.did, work())).toEqual({ records: 402 })
    }))

  it('reports a commit that no key of the account has signed', () =>
    withSync(async ({ pds, storage, host, backUp, work }) => {
      const alice = await pds.account({ name: 'alice' })
      const bob = await pds.account({ name: 'bob' })
      await backUp(alice.did)
      const head = await headOf(storage, alice.did)
      if (head === undefined) throw new Error('nothing kept')
      const write = (value: SnapshotRow) =>
        storage.write([{ type: 'put', table: 'snapshots', key: `${alice.did}/${head.id}`, value }])
      await write({ ...head, signedBy: bob.repo.didKey })
      await expect(verifyHead(host, alice.did, work())).rejects.toMatchObject({ code: 'repo.bad-signature' })
      await write({
        ...head,
        commit: head.commit.with(head.commit.length - 1, (head.commit.at(-1) ?? 0) ^ 1),
      })
      const error = await verifyHead(host, alice.did, work()).catch((failure: unknown) => failure)
      expect(hasCode(error, 'repo.bad-signature') || hasCode(error, 'repo.commit-malformed')).toBe(true)
      await write(head)
      await verifyHead(host, alice.did, work())
    }))

  it('of nothing is refused', () =>
    withSync(async ({ host, work }) => {
      await expect(verifyHead(host, 'did:plc:none', work())).rejects.toMatchObject({ code: 'sync.not-kept' })
    }))
})
