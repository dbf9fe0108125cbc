import { describe, expect, it } from 'vitest'
import { editRepo } from '../repo/testing/edit.ts'
import { generateRepo } from '../repo/testing/generate.ts'
import { updateRepo } from './head.ts'
import type { Storage } from './port.ts'
import { type RepoRow, repoRange } from './rows.ts'
import { contentOf, contentOfRepo, headOf, recheckOf, snapshotsOf } from './testing/contents.ts'
import { begin, end, importCar, withLevel } from './testing/node-host.ts'

const first = generateRepo({ seed: 'head', records: 80 })
const second = editRepo(first, { create: 3 })
const third = editRepo(second, { delete: 3 })
/** Another commit with the rev of `second`. */
const twin = editRepo(first, { create: 2, update: 1 })
const did = first.did
const take = (storage: Storage, repo: typeof first) =>
  importCar(storage, did, repo.car(), { didKey: repo.didKey })

describe('a head', () => {
  it('moves on with each commit and keeps the snapshots before', async () => {
    await withLevel(async (storage) => {
      for (const repo of [first, second, third])
        expect((await take(storage, repo)).id).toBe((await headOf(storage, did))?.id)
      const snapshots = await snapshotsOf(storage, did)
      expect(snapshots.map((it) => it.rev)).toEqual([first.rev, second.rev, third.rev])
      expect(await contentOf(storage, snapshots[0] ?? (await take(storage, first)))).toEqual(
        contentOfRepo(first),
      )
    })
  })

  it('stays the last of its snapshots when the clock was set back', async () => {
    await withLevel(async (storage) => {
      await take(storage, first)
      const session = await begin(storage, did, { didKey: first.didKey })
      for (const chunk of second.car()) await session.write(chunk)
      const next = await session.finish({
        signature: 'current-key',
        signedBy: undefined,
        identity: undefined,
        now: 3,
        repo: {},
      })
      expect((await snapshotsOf(storage, did)).at(-1)?.id).toBe(next.id)
      expect(next.takenAt).toBe(3)
    })
  })

  it('takes the commit that it has once more', async () => {
    await withLevel(async (storage) => {
      const one = await take(storage, first)
      const again = await take(storage, first)
      expect(again.commitCid).toBe(one.commitCid)
      expect((await headOf(storage, did))?.id).toBe(again.id)
    })
  })

  it('does not go back, unless it is told to', async () => {
    await withLevel(async (storage) => {
      const head = await take(storage, third)
      await expect(take(storage, first)).rejects.toMatchObject({ code: 'repo.rev-rollback' })
      expect(await headOf(storage, did)).toEqual(head)
      const session = await begin(storage, did, { didKey: first.didKey })
      for (const chunk of first.car()) await session.write(chunk)
      const older = await session.finish({
        signature: 'current-key',
        signedBy: undefined,
        identity: undefined,
        now: 5000,
        repo: {},
        allowRollback: true,
      })
      expect((await headOf(storage, did))?.id).toBe(older.id)
      expect(await recheckOf(storage, older)).toBe(first.records.length)
    })
  })

  it('does not take a second commit of one rev', async () => {
    expect(twin.rev).toBe(second.rev)
    await withLevel(async (storage) => {
      const head = await take(storage, second)
      await expect(take(storage, twin)).rejects.toMatchObject({ code: 'repo.equivocation' })
      expect(await headOf(storage, did)).toEqual(head)
    })
  })

  it('is moved by one of two sessions; the other is told', async () => {
    await withLevel(async (storage) => {
      const one = await begin(storage, did, { didKey: first.didKey })
      const two = await begin(storage, did, { didKey: first.didKey })
      for (const chunk of first.car()) {
        await one.write(chunk)
        await two.write(chunk)
      }
      const ends = await Promise.allSettled([end(one), end(two)])
      expect(ends.filter((it) => it.status === 'fulfilled')).toHaveLength(1)
      expect(ends.find((it) => it.status === 'rejected')?.reason).toMatchObject({ code: 'storage.conflict' })
      const head = await headOf(storage, did)
      if (head === undefined) throw new Error('no head')
      expect(await recheckOf(storage, head)).toBe(80)
      expect(await storage.count('snapshots')).toBe(1)
    })
  })

  it('is not moved over a repo that was deleted and taken in anew', async () => {
    await withLevel(async (storage) => {
      const base = await take(storage, first)
      // Our own row, written by this code.
      const row = (await storage.get('repos', did)) as RepoRow
      const session = await begin(storage, did, {
        ...{ didKey: first.didKey, partial: true, base, known: { row, head: base }, fresh: true },
      })
      for (const chunk of second.sinceCar()) await session.write(chunk)
      await session.prove()
      const range = repoRange(did)
      await storage.write([
        { type: 'delete', table: 'repos', key: did },
        { type: 'delete-range', table: 'snapshots', ...range },
        { type: 'delete-range', table: 'segments', ...range },
        { type: 'delete-bytes-range', from: `seg/${range.from}`, to: `seg/${range.to}` },
      ])
      const anew = await take(storage, first)
      expect(await storage.get('repos', did)).toMatchObject({ generation: row.generation })
      await expect(end(session)).rejects.toMatchObject({ code: 'storage.conflict' })
      expect((await headOf(storage, did))?.id).toBe(anew.id)
      expect(await recheckOf(storage, anew)).toBe(80)
    })
  })

  it('moves although the row of its repo changes at the same time', async () => {
    await withLevel(async (storage) => {
      await take(storage, first)
      let raced = false
      const racing: Storage = {
        ...storage,
        async write(ops, options) {
          if (!raced && ops.some((op) => op.type === 'put' && op.table === 'snapshots')) {
            raced = true
            await updateRepo(storage, did, (row) => ({ ...row, keepLast: 3 }))
          }
          await storage.write(ops, options)
        },
      }
      const moved = await take(racing, second)
      expect(raced).toBe(true)
      expect(await storage.get('repos', did)).toMatchObject({ head: moved.id, keepLast: 3, generation: 3 })
    })
  })
})
