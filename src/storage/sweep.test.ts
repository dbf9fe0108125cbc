import { describe, expect, it } from 'vitest'
import { joinBytes } from '../repo/testing/car.ts'
import { editRepo } from '../repo/testing/edit.ts'
import { generateRepo } from '../repo/testing/generate.ts'
import { createPrng } from '../repo/testing/prng.ts'
import type { TestRepo } from '../repo/testing/repo.ts'
import { visit } from '../repo/mst/read.ts'
import { storedSide, compare } from '../repo/mst/diff.ts'
import { StorageError } from './errors.ts'
import { frames } from './frames.ts'
import type { Storage } from './port.ts'
import { type RepoRow, repoRange, segmentBytesKey, type SegmentRow, type SnapshotRow } from './rows.ts'
import { createSegmentReader } from './segment-reader.ts'
import { deleteSnapshotRow, sweepRepo } from './sweep.ts'
import { contentOf, contentOfRepo, framesOf, liveBytes, recheckOf, snapshotsOf } from './testing/contents.ts'
import { createFaulty } from './testing/faulty.ts'
import { begin, end, importCar, withLevel } from './testing/node-host.ts'

/** One account over a while: each commit edits a good part of the one before. */
function history(seed: string, records: number, commits: number): TestRepo[] {
  const repos: TestRepo[] = [generateRepo({ seed: `sweep/${seed}`, records })]
  const prng = createPrng(seed)
  for (let i = 1; i < commits; i++) {
    const last = repos.at(-1)
    if (last === undefined) break
    const share = Math.floor(records / 8)
    repos.push(editRepo(last, { create: prng.int(share), update: prng.int(share), delete: prng.int(share) }))
  }
  return repos
}

/** Takes every commit, some whole and some by what changed. */
async function keepAll(storage: Storage, repos: readonly TestRepo[]): Promise<SnapshotRow[]> {
  const out: SnapshotRow[] = []
  for (const [i, repo] of repos.entries()) {
    const base = out.at(-1)
    const partial = 'sinceCar' in repo && i % 2 === 1
    const car = partial ? joinBytes((repo as ReturnType<typeof editRepo>).sinceCar()) : joinBytes(repo.car())
    out.push(await importCar(storage, repo.did, car, { didKey: repo.didKey, partial, ...(base && { base }) }))
  }
  return out
}

async function expectKept(storage: Storage, repos: readonly TestRepo[]): Promise<void> {
  const snapshots = await snapshotsOf(storage, repos[0]?.did ?? '')
  expect(snapshots.map((it) => it.rev)).toEqual(repos.map((it) => it.rev))
  for (const [i, snapshot] of snapshots.entries()) {
    expect(await recheckOf(storage, snapshot)).toBe(repos[i]?.records.length)
  }
}

const repos = history('long', 1200, 7)
const did = repos[0]?.did ?? ''
const at = <T>(list: readonly T[], i: number): T => {
  const item = list[i]
  if (item === undefined) throw new RangeError(`nothing at ${i}`)
  return item
}

describe('a sweep', () => {
  it.each([
    ['the oldest', [0]],
    ['every other', [1, 3, 5]],
    ['all but the head', [0, 1, 2, 3, 4, 5]],
  ])('after deleting %s leaves at most 1.3 times the live bytes', async (_name, gone) => {
    await withLevel(async (storage) => {
      const snapshots = await keepAll(storage, repos)
      for (const i of gone) await deleteSnapshotRow(storage, at(snapshots, i))
      const left = repos.filter((_, i) => !gone.includes(i))
      const before = (await framesOf(storage, did)).bytes
      const swept = await sweepRepo(storage, did)
      const after = (await framesOf(storage, did)).bytes
      expect(after / liveBytes(left)).toBeLessThan(1.3)
      expect(after).toBeLessThanOrEqual(before)
      expect(swept.bytes).toBeLessThanOrEqual(after)
      await expectKept(storage, left)
      // Nothing is left to do, and nothing is done.
      expect(await sweepRepo(storage, did)).toMatchObject({ deleted: 0, packed: 0, bytes: swept.bytes })
    })
  })

  it('again and again, as snapshots come and go, keeps every place valid', async () => {
    const many = history('rounds', 700, 9)
    await withLevel(async (storage) => {
      const kept: TestRepo[] = []
      let base: SnapshotRow | undefined
      for (const repo of many) {
        base = await importCar(storage, repo.did, repo.car(), { didKey: repo.didKey, ...(base && { base }) })
        kept.push(repo)
        if (kept.length > 2) {
          kept.shift()
          await deleteSnapshotRow(storage, at(await snapshotsOf(storage, repo.did), 0))
        }
        await sweepRepo(storage, repo.did)
        await expectKept(storage, kept)
      }
      const rows = (await storage.list('segments', repoRange(at(many, 0).did))).map(
        (it) => it.value as SegmentRow,
      )
      expect(Math.max(...rows.map((it) => it.generation))).toBeGreaterThan(1)
      expect((await framesOf(storage, at(many, 0).did)).bytes / liveBytes(kept)).toBeLessThan(1.3)
    })
  })

  it('that is killed after any write goes on to the same end', async () => {
    await withLevel(async (storage) => {
      const snapshots = await keepAll(storage, repos.slice(0, 5))
      for (const i of [0, 1, 3]) await deleteSnapshotRow(storage, at(snapshots, i))
      const left = [at(repos, 2), at(repos, 4)]
      let kills = 0
      for (;;) {
        const ended = await sweepRepo(createFaulty(storage, 1, 'after'), did).then(
          () => true,
          () => false,
        )
        if (ended) break
        kills++
        await expectKept(storage, left)
      }
      expect(kills).toBeGreaterThan(3)
      expect((await framesOf(storage, did)).bytes / liveBytes(left)).toBeLessThan(1.3)
    })
  })

  it('does not disturb readers that were open, nor many reads at once', async () => {
    await withLevel(async (storage) => {
      const snapshots = await keepAll(storage, repos.slice(0, 4))
      const [older, head] = [at(snapshots, 1), at(snapshots, 3)]
      const readers = [createSegmentReader(storage, did), createSegmentReader(storage, did)]
      const walker = at(readers, 0)
      // One has read a part and holds it; the other knows nothing yet.
      await visit(walker, head.root, { skip: 500, reverse: false }, () => false)
      for (const i of [0, 2]) await deleteSnapshotRow(storage, at(snapshots, i))
      const { packed } = await sweepRepo(storage, did)
      expect(packed).toBeGreaterThan(0)
      for (const reader of readers)
        expect(await contentOf(storage, head, reader)).toEqual(contentOfRepo(at(repos, 3)))
      const crowd = createSegmentReader(storage, did)
      const contents = await Promise.all([head, older, head].map((it) => contentOf(storage, it, crowd)))
      expect(contents[0]).toEqual(contents[2])
      expect(contents[1]).toEqual(contentOfRepo(at(repos, 1)))
      const fresh = createSegmentReader(storage, did)
      const changes = await compare(
        storedSide(fresh, older.root, older.data),
        storedSide(fresh, head.root, head.data),
      )
      expect(changes.length).toBeGreaterThan(0)
      // Packed once more underneath a reader that knows the first packing.
      await deleteSnapshotRow(storage, older)
      await sweepRepo(storage, did)
      expect(await contentOf(storage, head, crowd)).toEqual(contentOfRepo(at(repos, 3)))
    })
  })

  it('leaves what a cut-off import has stored, and frees it when that is discarded', async () => {
    const [first, second] = [at(repos, 0), at(repos, 1)]
    await withLevel(async (storage) => {
      const base = await importCar(storage, did, first.car(), { didKey: first.didKey })
      const session = await begin(storage, did, { didKey: first.didKey })
      const car = joinBytes(second.car())
      await session.write(car.subarray(0, car.length * 0.9))
      await session.suspend()
      const before = await framesOf(storage, did)
      await sweepRepo(storage, did)
      expect((await framesOf(storage, did)).bytes).toBe(before.bytes)
      const again = await begin(storage, did, { didKey: first.didKey, base })
      expect(again.resumed).toBe(true)
      await again.write(car)
      const moved = await end(again)
      expect(await contentOf(storage, moved)).toEqual(contentOfRepo(second))
      await sweepRepo(storage, did)
      await expectKept(storage, [first, second])
    })
  })

  it('under an import that was cut off takes away a base that it leaned on, and it still goes on', async () => {
    const [first, second, third] = [at(repos, 0), at(repos, 1), at(repos, 2)]
    await withLevel(async (storage) => {
      const base = await importCar(storage, did, first.car(), { didKey: first.didKey })
      const head = await importCar(storage, did, second.car(), { didKey: first.didKey })
      const session = await begin(storage, did, { didKey: first.didKey, base })
      const car = joinBytes(third.car('preorder'))
      await session.write(car.subarray(0, car.length * 0.9))
      await session.suspend()
      await deleteSnapshotRow(storage, base)
      await sweepRepo(storage, did)
      expect(await recheckOf(storage, head)).toBe(second.records.length)
      const moved = await importCar(storage, did, car, { didKey: first.didKey, base: head })
      expect(await contentOf(storage, moved)).toEqual(contentOfRepo(third))
      expect(await recheckOf(storage, moved)).toBe(third.records.length)
    })
  })

  it('does not mislead a reader that is handed the top of a tree', async () => {
    // The upstream moves on while it is read: both trees come to lie in the same segments, the larger one last.
    const first = generateRepo({ seed: 'sweep/top', records: 300 })
    const second = editRepo(first, { create: 1500 })
    const did = first.did
    await withLevel(async (storage) => {
      const session = await begin(storage, did, { didKey: first.didKey })
      for (const chunk of first.car()) await session.write(chunk)
      session.restart()
      for (const chunk of second.car()) await session.write(chunk)
      const head = await end(session)
      const { packed } = await sweepRepo(storage, did)
      const again = await importCar(storage, did, second.car(), { didKey: first.didKey, base: head })
      expect(again.root).toEqual(head.root)
      expect(packed).toBeGreaterThan(0)
      const reader = createSegmentReader(storage, did)
      const { top } = (await storage.get('repos', did)) as RepoRow
      if (top !== undefined) reader.prime(top)
      expect(await contentOf(storage, again, reader)).toEqual(contentOfRepo(second))
    })
  })

  it('goes on past a segment whose bytes are gone', async () => {
    await withLevel(async (storage) => {
      const snapshots = await keepAll(storage, repos)
      const before = await storage.count('segments')
      let lost = 0
      // Of the first backup, of which all others still need a part; the trees can all be read.
      for (const { key, value } of await storage.list('segments', repoRange(did))) {
        const row = value as SegmentRow
        if (row.import !== at(snapshots, 0).import || row.kind !== 'records') continue
        const segment = Number.parseInt(key.slice(did.length + 1), 16)
        await storage.write([{ type: 'delete-bytes', key: segmentBytesKey(did, segment, row.generation) }])
        lost++
      }
      expect(lost).toBeGreaterThan(0)
      for (const i of [0, 2, 4]) await deleteSnapshotRow(storage, at(snapshots, i))
      const swept = await sweepRepo(storage, did)
      expect(swept.packed).toBeGreaterThan(0)
      expect(await storage.count('segments')).toBe(before - swept.deleted)
      expect(await sweepRepo(storage, did)).toMatchObject({ deleted: 0, packed: 0 })
    })
  })

  it('keeps what lies behind a damaged byte, to which only its place still leads', async () => {
    const [first, second] = [at(repos, 0), at(repos, 1)]
    await withLevel(async (storage) => {
      const snapshots = await keepAll(storage, [first, second])
      let damaged = 0
      for (const key of await storage.byteKeys({ from: 'seg/', to: 'seg0' })) {
        const bytes = await storage.readBytes(key)
        const all = [...frames(bytes)]
        const before = all[all.length >> 3]
        if (before === undefined || before.to >= bytes.length) continue
        // The length of the next frame, which nobody reads who knows where its bytes lie.
        bytes[before.to] = (bytes[before.to] ?? 0) ^ 1
        await storage.write([{ type: 'put-bytes', key, parts: [bytes] }])
        damaged++
      }
      expect(damaged).toBeGreaterThan(0)
      const head = at(snapshots, 1)
      expect(await recheckOf(storage, head)).toBe(second.records.length)
      await deleteSnapshotRow(storage, at(snapshots, 0))
      await sweepRepo(storage, did)
      expect(await recheckOf(storage, head)).toBe(second.records.length)
    })
  })

  it('frees what it can on a disk that is full', async () => {
    await withLevel(async (storage) => {
      const snapshots = await keepAll(storage, repos)
      for (const i of [0, 1, 2, 3, 4, 5]) await deleteSnapshotRow(storage, at(snapshots, i))
      const before = await storage.count('segments')
      const full: Storage = {
        ...storage,
        async write(ops, options) {
          if (ops.some(({ type }) => !type.startsWith('delete')))
            throw new StorageError('storage.quota', { needed: 1 })
          await storage.write(ops, options)
        },
      }
      await expect(sweepRepo(full, did)).rejects.toMatchObject({ code: 'storage.quota' })
      expect(await storage.count('segments')).toBeLessThan(before)
      const swept = await sweepRepo(storage, did)
      expect(swept.deleted).toBe(0)
      expect(swept.packed).toBeGreaterThan(0)
      await expectKept(storage, [at(repos, 6)])
    })
  })

  it('does not delete the snapshot that is the head', async () => {
    await withLevel(async (storage) => {
      const snapshot = await importCar(storage, did, at(repos, 0).car(), { didKey: at(repos, 0).didKey })
      await expect(deleteSnapshotRow(storage, snapshot)).rejects.toMatchObject({ code: 'storage.conflict' })
      const row = (await storage.get('repos', did)) as RepoRow
      expect(row.head).toBe(snapshot.id)
    })
  })
})
