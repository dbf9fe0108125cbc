import { describe, expect, it } from 'vitest'
import { editRepo } from '../repo/testing/edit.ts'
import { generateRepo } from '../repo/testing/generate.ts'
import { StorageError } from './errors.ts'
import type { Storage } from './port.ts'
import { repoRange, segmentBytesKey, type SegmentRow, snapshotKey, type SnapshotRow } from './rows.ts'
import { isWholeUnder, settleHead } from './settle.ts'
import { sweepRepo } from './sweep.ts'
import { headOf, recheckOf, snapshotsOf } from './testing/contents.ts'
import { begin, importCar, sha256, withLevel } from './testing/node-host.ts'

const first = generateRepo({ seed: 'settle', records: 90 })
const second = editRepo(first, { create: 5 })
const third = editRepo(second, { create: 5 })
const did = first.did

async function keep(storage: Storage): Promise<SnapshotRow[]> {
  const out: SnapshotRow[] = []
  for (const repo of [first, second, third]) {
    const base = out.at(-1)
    out.push(await importCar(storage, did, repo.car(), { didKey: repo.didKey, ...(base && { base }) }))
  }
  return out
}

/** Does to every segment of a snapshot's import what a power loss may do. */
async function spoil(
  storage: Storage,
  snapshot: SnapshotRow | undefined,
  how: 'gone' | 'short' | 'changed',
): Promise<void> {
  let spoilt = 0
  for (const { key, value } of await storage.list('segments', repoRange(did))) {
    const row = value as SegmentRow
    if (row.import !== snapshot?.import) continue
    const bytesKey = segmentBytesKey(did, Number.parseInt(key.slice(did.length + 1), 16), row.generation)
    const bytes = await storage.readBytes(bytesKey)
    if (how === 'changed') bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
    const op =
      how === 'gone'
        ? ({ type: 'delete-bytes', key: bytesKey } as const)
        : ({
            type: 'put-bytes',
            key: bytesKey,
            parts: [how === 'short' ? bytes.subarray(0, -3) : bytes],
          } as const)
    await storage.write([op])
    spoilt++
  }
  expect(spoilt).toBeGreaterThan(0)
}

describe('settling a head after a start', () => {
  it('trusts what it has read back, once', async () => {
    await withLevel(async (storage) => {
      const [, , head] = await keep(storage)
      expect(await settleHead(storage, did, sha256)).toBeUndefined()
      expect(await headOf(storage, did)).toEqual({ ...head, settled: true })
      await spoil(storage, head, 'gone')
      expect(await settleHead(storage, did, sha256)).toBeUndefined()
    })
  })

  it.each(['gone', 'short', 'changed'] as const)('falls back when bytes are %s', async (how) => {
    await withLevel(async (storage) => {
      const [, before, head] = await keep(storage)
      await spoil(storage, head, how)
      expect(await settleHead(storage, did, sha256)).toBe(head?.id)
      const now = await headOf(storage, did)
      expect(now?.id).toBe(before?.id)
      if (now === undefined) return
      await sweepRepo(storage, did)
      expect(await recheckOf(storage, now)).toBe(second.records.length)
    })
  })

  it('falls back past every snapshot that does not hold', async () => {
    await withLevel(async (storage) => {
      const [oldest, before, head] = await keep(storage)
      await spoil(storage, head, 'short')
      await spoil(storage, before, 'changed')
      expect(await settleHead(storage, did, sha256)).toBe(head?.id)
      expect((await headOf(storage, did))?.id).toBe(oldest?.id)
      expect((await snapshotsOf(storage, did)).map((it) => it.id)).toEqual([oldest?.id])
    })
  })

  it.each([
    ['is not there once', 'gone'],
    ['comes short once', 'short'],
  ] as const)('reads again what %s', async (_how, how) => {
    await withLevel(async (storage) => {
      const [, , head] = await keep(storage)
      let failed = false
      const flaky: Storage = {
        ...storage,
        async readBytes(key, from, to) {
          const bytes = await storage.readBytes(key, from, to)
          if (failed) return bytes
          failed = true
          if (how === 'short') return bytes.slice(0, -3)
          throw new StorageError('storage.segment-gone', { key })
        },
      }
      expect(await settleHead(flaky, did, sha256)).toBeUndefined()
      expect(failed).toBe(true)
      expect(await headOf(storage, did)).toEqual({ ...head, settled: true })
    })
  })

  it('does not take what a sweep frees meanwhile for lost', async () => {
    await withLevel(async (storage) => {
      // The account wrote on while it was fetched: some of what came first belongs to no snapshot.
      const session = await begin(storage, did, { didKey: first.didKey })
      for (const chunk of first.car()) await session.write(chunk)
      await session.suspend()
      const all = editRepo(first, { delete: first.records.length - 1 })
      const head = await importCar(storage, did, all.car(), { didKey: first.didKey })
      const before = await storage.count('segments')
      let swept = false
      const racing: Storage = {
        ...storage,
        async list(table, range) {
          const found = await storage.list(table, range)
          if (table === 'segments' && !swept) {
            swept = true
            await sweepRepo(storage, did)
          }
          return found
        },
      }
      expect(await settleHead(racing, did, sha256)).toBeUndefined()
      expect(await storage.count('segments')).toBeLessThan(before)
      expect((await headOf(storage, did))?.id).toBe(head.id)
      expect(await recheckOf(storage, head)).toBe(1)
    })
  })

  it('leaves alone what becomes known of the head meanwhile', async () => {
    await withLevel(async (storage) => {
      const [, , head] = await keep(storage)
      if (head === undefined) throw new Error('no head')
      const key = snapshotKey(did, head.id)
      await storage.write([
        { type: 'put', table: 'snapshots', key, value: { ...head, signature: 'unchecked' } },
      ])
      let proven = false
      const racing: Storage = {
        ...storage,
        async readBytes(...asked) {
          if (!proven) await storage.write([{ type: 'put', table: 'snapshots', key, value: head }])
          proven = true
          return storage.readBytes(...asked)
        },
      }
      expect(await settleHead(racing, did, sha256)).toBeUndefined()
      expect(await headOf(storage, did)).toEqual(head)
      expect(await settleHead(storage, did, sha256)).toBeUndefined()
      expect(await headOf(storage, did)).toEqual({ ...head, settled: true })
    })
  })

  it.each(['gone', 'short', 'changed'] as const)(
    'finds that what an earlier backup of the session wrote is %s',
    async (how) => {
      await withLevel(async (storage) => {
        const [, before, head] = await keep(storage)
        if (head === undefined) throw new Error('no head')
        expect(await isWholeUnder(storage, head, sha256)).toBe(true)
        await spoil(storage, before, how)
        expect(await isWholeUnder(storage, head, sha256)).toBe(false)
        // Of its own bytes nothing is lost: it stays the head.
        expect(await settleHead(storage, did, sha256)).toBeUndefined()
        expect((await headOf(storage, did))?.id).toBe(head.id)
      })
    },
  )

  it('reads nothing again that was read back at an earlier start', async () => {
    await withLevel(async (storage) => {
      const [oldest, before, head] = await keep(storage)
      if (before === undefined || head === undefined) throw new Error('no head')
      await storage.write([
        {
          type: 'put',
          table: 'snapshots',
          key: snapshotKey(did, before.id),
          value: { ...before, settled: true },
        },
      ])
      await spoil(storage, oldest, 'gone')
      await spoil(storage, before, 'gone')
      expect(await isWholeUnder(storage, head, sha256)).toBe(true)
    })
  })

  it('has no head when nothing holds, and takes the repository anew', async () => {
    await withLevel(async (storage) => {
      const one = await importCar(storage, did, first.car(), { didKey: first.didKey })
      await spoil(storage, one, 'gone')
      expect(await settleHead(storage, did, sha256)).toBe(one.id)
      expect(await headOf(storage, did)).toBeUndefined()
      const again = await importCar(storage, did, first.car(), { didKey: first.didKey })
      expect(await recheckOf(storage, again)).toBe(90)
    })
  })
})
