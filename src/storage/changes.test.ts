import { describe, expect, it } from 'vitest'
import { formatTid } from '../core/tid.ts'
import { editRepo } from '../repo/testing/edit.ts'
import { generateRepo } from '../repo/testing/generate.ts'
import type { TestRepo } from '../repo/testing/repo.ts'
import { changesRows, MAX_CHANGES_PATHS, MAX_CHANGES_ROWS } from './changes.ts'
import type { Storage } from './port.ts'
import { changesKey, type ChangesRow, repoRange, segmentBytesKey, type SnapshotRow } from './rows.ts'
import { deleteSnapshotRow } from './sweep.ts'
import { importCar, withLevel } from './testing/node-host.ts'

/** Snapshots of a repo and of so many commits after it. */
async function history(
  storage: Storage,
  commits: number,
): Promise<{ rows: SnapshotRow[]; repos: TestRepo[] }> {
  const repos: TestRepo[] = [generateRepo({ seed: 'changes', records: 40 })]
  const rows: SnapshotRow[] = []
  for (;;) {
    const repo = repos.at(-1)
    if (repo === undefined) throw new Error('no repo')
    const base = rows.at(-1)
    rows.push(
      await importCar(storage, repo.did, repo.car(), base === undefined ? {} : { base, partial: true }),
    )
    if (rows.length > commits) return { rows, repos }
    repos.push(editRepo(repo, { create: 1, update: 1, delete: 1 }))
  }
}

function pathsBetween(before: TestRepo | undefined, after: TestRepo | undefined): string[] {
  const were = new Map(before?.records.map((it) => [it.path, Buffer.from(it.cid).toString('hex')]))
  const are = new Map(after?.records.map((it) => [it.path, Buffer.from(it.cid).toString('hex')]))
  return [...new Set([...were.keys(), ...are.keys()])].filter((it) => were.get(it) !== are.get(it)).sort()
}

describe('a snapshot that is let go', () => {
  it('leaves a note of what separates it from the next one that is kept', () =>
    withLevel(async (storage) => {
      const { rows, repos } = await history(storage, 4)
      const [first, second, third, fourth] = rows
      if (!first || !second || !third || !fourth) throw new Error('snapshots')
      await deleteSnapshotRow(storage, third)
      await deleteSnapshotRow(storage, second)
      await deleteSnapshotRow(storage, first)
      const note = (from: SnapshotRow, to: SnapshotRow): ChangesRow => ({
        rev: from.rev ?? '',
        commit: from.commitCid,
        next: { rev: to.rev, commit: to.commitCid },
        paths: pathsBetween(repos[rows.indexOf(from)], repos[rows.indexOf(to)]),
      })
      // Each leads to the one that was the next at that time.
      expect(await changesRows(storage, first.did)).toEqual([
        note(first, fourth),
        note(second, fourth),
        note(third, fourth),
      ])
      expect(await storage.count('snapshots')).toBe(2)
    }))

  it('goes without a note when its tree, or the next, cannot be read', () =>
    withLevel(async (storage) => {
      const { rows } = await history(storage, 2)
      const [first, second] = rows
      if (!first || !second) throw new Error('snapshots')
      const { segment } = second.root
      await storage.write([{ type: 'delete-bytes', key: segmentBytesKey(first.did, segment, 0) }])
      await deleteSnapshotRow(storage, first)
      expect(await storage.count('snapshots')).toBe(2)
      expect(await changesRows(storage, first.did)).toEqual([])
    }))

  it('goes without a note when there is no room for one', () =>
    withLevel(async (storage) => {
      const { rows } = await history(storage, 1)
      const [first, head] = rows
      if (!first || !head) throw new Error('snapshots')
      const full: Storage = {
        ...storage,
        async write(ops, options) {
          if (ops.some((it) => it.type === 'put')) throw new Error('full')
          await storage.write(ops, options)
        },
      }
      await expect(deleteSnapshotRow(full, head)).rejects.toMatchObject({ code: 'storage.conflict' })
      await deleteSnapshotRow(full, first)
      expect(await storage.keys('snapshots')).toEqual([`${head.did}/${head.id}`])
      expect(await storage.count('changes')).toBe(0)
    }))

  it('is noted beside no more rows and paths than there may be; the oldest go', () =>
    withLevel(async (storage) => {
      const { rows } = await history(storage, 3)
      const [first, second, third] = rows
      if (!first || !second || !third) throw new Error('snapshots')
      const fill = async (count: number, paths: number): Promise<void> => {
        const ops = Array.from({ length: count }, (_, i) => {
          const rev = formatTid(i + 1, 0)
          const value: ChangesRow = {
            rev,
            commit: `c${i}`,
            next: { rev, commit: `c${i + 1}` },
            paths: Array.from({ length: paths }, (_, n) => `a.b.c/${n}`),
          }
          return { type: 'put', table: 'changes', key: changesKey(first.did, rev), value } as const
        })
        await storage.write(ops)
      }
      const revs = async () => (await changesRows(storage, first.did)).map((it) => it.rev)
      await fill(MAX_CHANGES_ROWS, 1)
      await deleteSnapshotRow(storage, first)
      expect(await revs()).toHaveLength(MAX_CHANGES_ROWS)
      expect((await revs())[0]).toBe(formatTid(2, 0))
      expect((await revs()).at(-1)).toBe(first.rev)

      await storage.write([{ type: 'delete-range', table: 'changes', ...repoRange(first.did) }])
      await fill(2, MAX_CHANGES_PATHS / 2)
      await deleteSnapshotRow(storage, second)
      expect(await revs()).toEqual([formatTid(2, 0), second.rev])
    }))
})
