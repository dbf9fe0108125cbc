import { describe, expect, it } from 'vitest'
import { decodeStored, encodeStored } from '../repo/mst/stored.ts'
import { generateRepo } from '../repo/testing/generate.ts'
import { legalCars } from '../repo/testing/hostile.ts'
import type { Storage } from './port.ts'
import { segmentBytesKey, type SegmentRow, type SnapshotRow } from './rows.ts'
import { frames } from './frames.ts'
import { recheckOf } from './testing/contents.ts'
import { importCar, withLevel } from './testing/node-host.ts'

describe('checking a snapshot again', () => {
  it.each(legalCars().map((it) => [it.name, it] as const))('passes: %s', async (_name, legal) => {
    await withLevel(async (storage) => {
      const snapshot = await importCar(storage, legal.did, legal.car, { didKey: legal.didKey })
      expect(await recheckOf(storage, snapshot)).toBe(legal.records.length)
    })
  })

  const repo = generateRepo({ seed: 'recheck', records: 120 })
  const broken = async (
    break_: (storage: Storage, snapshot: SnapshotRow) => Promise<SnapshotRow | undefined>,
  ) =>
    withLevel(async (storage) => {
      const snapshot = await importCar(storage, repo.did, repo.car(), { didKey: repo.didKey })
      const changed = (await break_(storage, snapshot)) ?? snapshot
      return recheckOf(storage, changed).catch((error: unknown) => (error as { code?: string }).code)
    })

  /** Changes one byte of the first frame of this kind in the repo's segments. */
  async function flip(storage: Storage, kind: 'record' | 'node'): Promise<void> {
    for (const { key, value } of await storage.list('segments')) {
      const row = value as SegmentRow
      const bytesKey = segmentBytesKey(
        repo.did,
        Number.parseInt(key.slice(repo.did.length + 1), 16),
        row.generation,
      )
      const bytes = await storage.readBytes(bytesKey)
      const frame = [...frames(bytes)].filter((it) => it.kind === kind).at(2)
      if (frame === undefined) continue
      const at = frame.from + 40
      bytes[at] = (bytes[at] ?? 0) ^ 1
      return storage.write([{ type: 'put-bytes', key: bytesKey, parts: [bytes] }])
    }
    throw new Error(`no ${kind} to change`)
  }

  it('finds a record that changed on the disk', async () => {
    expect(await broken(async (storage) => (await flip(storage, 'record'), undefined))).toBe('repo.bad-hash')
  })

  it('finds a tree node that changed on the disk', async () => {
    expect(await broken(async (storage) => (await flip(storage, 'node'), undefined))).toMatch(/^repo\./)
  })

  /** Changes a count beside a child reference, in the first node of more than one layer. */
  async function miscount(storage: Storage, count: 'records' | 'bytes'): Promise<void> {
    for (const { key, value } of await storage.list('segments')) {
      const segment = Number.parseInt(key.slice(repo.did.length + 1), 16)
      const bytesKey = segmentBytesKey(repo.did, segment, (value as SegmentRow).generation)
      const bytes = await storage.readBytes(bytesKey)
      for (const frame of frames(bytes)) {
        if (frame.kind !== 'node') continue
        const stored = decodeStored(bytes.subarray(frame.from, frame.to))
        const at = stored.children.findIndex((it) => it !== undefined)
        if (at < 0) continue
        const children = stored.children.map((it, i) =>
          i === at && it !== undefined ? { ...it, [count]: it[count] ^ 1 } : it,
        )
        bytes.set(encodeStored({ ...stored, children }), frame.from)
        return storage.write([{ type: 'put-bytes', key: bytesKey, parts: [bytes] }])
      }
    }
    throw new Error('no child to miscount')
  }

  it.each(['records', 'bytes'] as const)('finds a wrong count of %s beside the tree', async (count) => {
    expect(await broken(async (storage) => (await miscount(storage, count), undefined))).toBe(
      'storage.counts-wrong',
    )
  })

  it('finds wrong counts in the snapshot itself', async () => {
    const wrong = [
      (it: SnapshotRow) => ({ ...it, root: { ...it.root, records: it.root.records + 1 } }),
      (it: SnapshotRow) => ({ ...it, collections: it.collections.slice(1) }),
      (it: SnapshotRow) => ({
        ...it,
        collections: it.collections.map((one) => ({ ...one, bytes: one.bytes + 1 })),
      }),
    ]
    for (const change of wrong) {
      expect(await broken(async (_storage, snapshot) => change(snapshot))).toBe('storage.counts-wrong')
    }
  })

  it('finds a segment that is gone', async () => {
    const code = await broken(async (storage) => {
      const [key = ''] = await storage.byteKeys()
      await storage.write([{ type: 'delete-bytes', key }])
      return undefined
    })
    expect(code).toBe('storage.segment-gone')
  })

  it('goes by the commit, not by what the snapshot says of it', async () => {
    const other = generateRepo({ seed: 'recheck/other', records: 3 })
    expect(await broken(async (_storage, snapshot) => ({ ...snapshot, commit: other.commitBytes }))).toMatch(
      /^repo\./,
    )
  })
})
