import { describe, expect, it } from 'vitest'
import { generateRepo } from '../repo/testing/generate.ts'
import { StorageError } from './errors.ts'
import type { Storage, WriteOp } from './port.ts'
import { contentOf, contentOfRepo, framesOf, headOf, recheckOf } from './testing/contents.ts'
import { begin, end, importCar, withLevel } from './testing/node-host.ts'

const repo = generateRepo({ seed: 'lane', records: 300 })
const movesHead = (ops: readonly WriteOp[]): boolean =>
  ops.some((op) => op.type === 'put' && op.table === 'snapshots')
const segments = (ops: readonly WriteOp[]): number => ops.filter((op) => op.type === 'put-bytes').length

describe('the last segments of an import', () => {
  it('go with the head, in one transaction', () =>
    withLevel(async (storage) => {
      const writes: (readonly WriteOp[])[] = []
      const counting: Storage = {
        ...storage,
        async write(ops, options) {
          writes.push(ops)
          await storage.write(ops, options)
        },
      }
      const snapshot = await importCar(counting, repo.did, [...repo.car('preorder')], { didKey: repo.didKey })
      // The import's own row, then everything else of a repo that is smaller than a segment.
      expect(writes.map((ops) => [movesHead(ops), segments(ops) > 0])).toEqual([
        [false, false],
        [true, true],
      ])
      // The root is at hand without a read of what was just written.
      const row = await storage.get('repos', repo.did)
      expect(row).toMatchObject({ top: { segment: snapshot.root.segment } })
      expect(await recheckOf(storage, snapshot)).toBe(300)
    }))

  it('are kept when the head cannot be moved, and the next try goes on with them', () =>
    withLevel(async (storage) => {
      const refusing: Storage = {
        ...storage,
        async write(ops, options) {
          if (movesHead(ops)) throw new StorageError('storage.quota', { needed: 1 })
          await storage.write(ops, options)
        },
      }
      const session = await begin(refusing, repo.did, { didKey: repo.didKey })
      for (const chunk of repo.car('preorder')) await session.write(chunk)
      await expect(end(session)).rejects.toMatchObject({ code: 'storage.quota' })
      expect((await framesOf(storage, repo.did)).records).toEqual([])
      await session.suspend()
      const before = await framesOf(storage, repo.did)
      expect(before.records).toHaveLength(new Set(repo.records.map((it) => String(it.bytes))).size)
      expect(await headOf(storage, repo.did)).toBeUndefined()
      const snapshot = await importCar(storage, repo.did, [...repo.car('preorder')], { didKey: repo.didKey })
      expect(await contentOf(storage, snapshot)).toEqual(contentOfRepo(repo))
      const after = await framesOf(storage, repo.did)
      expect([after.records.length, after.nodes.length]).toEqual([before.records.length, before.nodes.length])
    }))
})
