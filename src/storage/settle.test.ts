import { describe, expect, it } from 'vitest'
import { editRepo } from '../repo/testing/edit.ts'
import { generateRepo } from '../repo/testing/generate.ts'
import type { Storage } from './port.ts'
import { repoRange, segmentBytesKey, type SegmentRow, type SnapshotRow } from './rows.ts'
import { settleHead } from './settle.ts'
import { sweepRepo } from './sweep.ts'
import { headOf, recheckOf, snapshotsOf } from './testing/contents.ts'
import { importCar, sha256, withLevel } from './testing/node-host.ts'

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
