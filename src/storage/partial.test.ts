import { encode } from '@atcute/cbor'
import { describe, expect, it } from 'vitest'
import { CairnError } from '../core/errors.ts'
import { carBytes, joinBytes, type TestBlock } from '../repo/testing/car.ts'
import { cidKey, cidOf } from '../repo/testing/cid.ts'
import { type EditedRepo, editRepo } from '../repo/testing/edit.ts'
import { generateRepo, tidAfter } from '../repo/testing/generate.ts'
import { commitBlock, node, pathsOnLayer, rawNode } from '../repo/testing/hostile-craft.ts'
import { createPrng } from '../repo/testing/prng.ts'
import { signRepo, type TestRepo } from '../repo/testing/repo.ts'
import { walkNodes } from '../repo/testing/tree.ts'
import type { Storage, WriteOp } from './port.ts'
import type { RepoRow, SnapshotRow } from './rows.ts'
import { createSegmentReader } from './segment-reader.ts'
import { contentOf, contentOfRepo, framesOf, headOf, recheckOf } from './testing/contents.ts'
import { createFaulty } from './testing/faulty.ts'
import { begin, end, importCar, withLevel } from './testing/node-host.ts'

function full(storage: Storage, repo: TestRepo, base?: SnapshotRow): Promise<SnapshotRow> {
  return importCar(storage, repo.did, repo.car(), { didKey: repo.didKey, ...(base && { base }) })
}

function since(storage: Storage, repo: TestRepo, base: SnapshotRow, car: Uint8Array): Promise<SnapshotRow> {
  return importCar(storage, repo.did, car, { didKey: repo.didKey, base, partial: true })
}

/** A made-up commit: some of everything, records copied from other paths among it. */
function anyEdit(repo: TestRepo, seed: string): EditedRepo {
  const prng = createPrng(seed)
  const share = (most: number) => Math.min(prng.int(most), repo.records.length >> 2)
  const copy = (path: string) => ({ path, copyOf: prng.pick(repo.records).path })
  const fresh = Array.from({ length: prng.int(4) }, (_, i) => copy(`zz.example.copy/${prng.int(40)}x${i}`))
  const posts = Array.from({ length: prng.int(12) }, (_, i) => ({
    path: `app.bsky.feed.post/${tidAfter(repo.rev, 70_000_000 + i)}`,
    value: { $type: 'app.bsky.feed.post', text: `${seed} ${i}` },
  }))
  return editRepo(repo, {
    create: [...fresh, ...posts],
    update: share(6),
    delete: prng.chance(0.2) ? share(60) : share(6),
  })
}

describe('a since answer', () => {
  it.each(['a', 'b'])(
    'gives the same snapshot as the whole repository, commit after commit (%s)',
    async (seed) => {
      let repo: TestRepo = generateRepo({ seed: `partial/${seed}`, records: 150 })
      await withLevel(async (storage) => {
        let head = await full(storage, repo)
        for (let i = 0; i < 10; i++) {
          const next = anyEdit(repo, `${seed}/${i}`)
          head = await since(storage, next, head, joinBytes(next.sinceCar()))
          expect(await contentOf(storage, head)).toEqual(contentOfRepo(next))
          expect(await recheckOf(storage, head)).toBe(next.records.length)
          repo = next
        }
        await withLevel(async (other) => {
          const whole = await full(other, repo)
          expect(head.commitCid).toBe(whole.commitCid)
          expect(head.collections).toEqual(whole.collections)
          expect([head.root.layer, head.root.records, head.root.bytes]).toEqual([
            whole.root.layer,
            whole.root.records,
            whole.root.bytes,
          ])
        })
      })
    },
  )

  it('keeps collections in the order of the tree, whose keys order names that begin alike the other way', async () => {
    const repo = generateRepo({ seed: 'partial/order', records: 60 })
    const next = editRepo(repo, {
      create: ['app.cairn.note', 'app.cairn.note.draft', 'app.cairn.note-book.page'].map((nsid) => ({
        path: `${nsid}/one`,
        value: { $type: nsid },
      })),
    })
    await withLevel(async (storage) => {
      const updated = await since(storage, next, await full(storage, repo), joinBytes([...next.sinceCar()]))
      const names = updated.collections.map((it) => it.nsid).filter((it) => it.startsWith('app.cairn.'))
      expect(names).toEqual(['app.cairn.note-book.page', 'app.cairn.note.draft', 'app.cairn.note'])
      await withLevel(async (other) => {
        expect(updated.collections).toEqual((await full(other, next)).collections)
      })
    })
  })

  it('empties a repository, and fills it again', async () => {
    const repo = generateRepo({ seed: 'partial/empty', records: 40 })
    const none = editRepo(repo, { delete: repo.records.map((it) => it.path) })
    const again = editRepo(none, { create: 30 })
    await withLevel(async (storage) => {
      const first = await full(storage, repo)
      const second = await since(storage, none, first, joinBytes(none.sinceCar()))
      expect([second.root.records, second.collections]).toEqual([0, []])
      const third = await since(storage, again, second, joinBytes(again.sinceCar()))
      expect(await contentOf(storage, third)).toEqual(contentOfRepo(again))
      expect(await contentOf(storage, first)).toEqual(contentOfRepo(repo))
    })
  })

  it('may lack a record that is kept under another path', async () => {
    const repo = generateRepo({ seed: 'partial/shared', records: 80 })
    const next = editRepo(repo, {
      create: [{ path: 'zz.example.copy/one', copyOf: repo.records[33]?.path ?? '' }],
    })
    const record = repo.records[33]
    expect(
      next.sinceBlocks().some((it) => cidKey(it.cid) === cidKey(record?.cid ?? new Uint8Array(36))),
    ).toBe(false)
    await withLevel(async (storage) => {
      const head = await full(storage, repo)
      const moved = await since(storage, next, head, joinBytes(next.sinceCar()))
      expect(await contentOf(storage, moved)).toEqual(contentOfRepo(next))
    })
  })

  it('may bring records that have the shape of tree nodes', async () => {
    const repo = generateRepo({ seed: 'partial/odd', records: 40 })
    const leaf = [...walkNodes(repo.tree)].at(-1)
    const shapes = [encode({ e: [], l: null }).slice(), leaf?.bytes ?? new Uint8Array()]
    const next = editRepo(repo, {
      create: shapes.map((bytes, i) => ({ path: `zz.example.odd/${i}`, bytes })),
    })
    // A server that sends what it likes sends the copied node too.
    const blocks = [
      ...next.sinceBlocks(),
      ...shapes.map((bytes): TestBlock => ({ cid: cidOf(bytes), bytes })),
    ]
    await withLevel(async (storage) => {
      const head = await full(storage, repo)
      const moved = await since(storage, next, head, carBytes([next.commit], blocks))
      expect(await contentOf(storage, moved)).toEqual(contentOfRepo(next))
      expect(await recheckOf(storage, moved)).toBe(42)
    })
  })

  it('writes little', async () => {
    const repo = generateRepo({ seed: 'partial/little', records: 4000 })
    const next = editRepo(repo, { update: 1 })
    await withLevel(async (storage) => {
      const head = await full(storage, repo)
      const before = await framesOf(storage, repo.did)
      const session = await begin(storage, repo.did, { didKey: repo.didKey, base: head, partial: true })
      for (const chunk of next.sinceCar()) await session.write(chunk)
      // Proving alone moves nothing, and is not done again at the end.
      await session.prove()
      expect(await headOf(storage, repo.did)).toEqual(head)
      const moved = await end(session)
      const after = await framesOf(storage, repo.did)
      expect(after.bytes - before.bytes).toBeLessThan(16 * 1024)
      expect(after.nodes.length - before.nodes.length).toBe(moved.root.layer + 1)
    })
  })

  it('is one write, with its head, and leaves nothing where that is refused', async () => {
    const repo = generateRepo({ seed: 'partial/once', records: 300 })
    const next = editRepo(repo, { create: 2, update: 1, delete: 1 })
    await withLevel(async (storage) => {
      const head = await full(storage, repo)
      const before = await storage.byteKeys()
      const row = await storage.get('repos', repo.did)
      const session = async (to: Storage) => {
        const opened = await begin(to, repo.did, { didKey: repo.didKey, base: head, partial: true })
        for (const chunk of next.sinceCar()) await opened.write(chunk)
        return opened
      }
      const others: readonly (readonly [WriteOp, WriteOp, string])[] = [
        // deleted meanwhile, and by another import that began meanwhile
        [
          { type: 'delete', table: 'repos', key: repo.did },
          { type: 'put', table: 'repos', key: repo.did, value: row },
          'repos',
        ],
        [
          { type: 'put', table: 'imports', key: repo.did, value: { id: 'another' } },
          { type: 'delete', table: 'imports', key: repo.did },
          'imports',
        ],
      ]
      for (const [meanwhile, undone, table] of others) {
        const late = await session(storage)
        await storage.write([meanwhile])
        await expect(end(late)).rejects.toMatchObject({ code: 'storage.conflict', fields: { table } })
        await late.discard()
        await storage.write([undone])
        expect(await storage.byteKeys()).toEqual(before)
        expect(await headOf(storage, repo.did)).toEqual(head)
      }
      const counted = createFaulty(storage)
      const moved = await end(await session(counted))
      expect(counted.writes).toBe(1)
      expect(await contentOf(storage, moved)).toEqual(contentOfRepo(next))
      expect(await recheckOf(storage, moved)).toBe(next.records.length)
      // What its row keeps of the tree is what a reader would read.
      const { top } = (await storage.get('repos', repo.did)) as RepoRow
      expect(top).toEqual(await createSegmentReader(storage, repo.did).windowOf(moved.root))
    })
  })

  it('that is stopped before its end is kept, with its row, for the next try', async () => {
    const repo = generateRepo({ seed: 'partial/stopped', records: 300 })
    const next = editRepo(repo, { create: 20 })
    await withLevel(async (storage) => {
      const head = await full(storage, repo)
      const options = { didKey: repo.didKey, base: head, partial: true }
      const session = await begin(storage, repo.did, options)
      for (const chunk of next.sinceCar()) await session.write(chunk)
      expect(await storage.get('imports', repo.did)).toBeUndefined()
      await session.suspend()
      expect(await storage.get('imports', repo.did)).toBeDefined()
      const again = await begin(storage, repo.did, options)
      expect(again.resumed).toBe(true)
      for (const chunk of next.sinceCar()) await again.write(chunk)
      expect(await contentOf(storage, await end(again))).toEqual(contentOfRepo(next))
      expect(await storage.get('imports', repo.did)).toBeUndefined()
    })
  })
})

describe('a hostile since answer changes nothing, and the whole repository still comes in after it', () => {
  const repo = generateRepo({ seed: 'partial/hostile', records: 200 })
  const next = editRepo(repo, { create: 5, update: 5, delete: 5 })
  const isNode = (it: TestBlock) => it.bytes[0] === 0xa2 && it.bytes[1] === 0x61 && it.bytes[2] === 0x65
  const nodes = next.sinceBlocks().filter(isNode)
  const records = next.sinceBlocks().filter((it) => !isNode(it) && cidKey(it.cid) !== cidKey(next.commit))
  const is = (cid: Uint8Array) => (it: TestBlock) => cidKey(it.cid) === cidKey(cid)
  const without = (cid: Uint8Array = new Uint8Array(36)) => next.sinceBlocks().filter((it) => !is(cid)(it))
  const below = nodes.find((it) => !is(next.root)(it))
  const badPath = 'app.bsky.feed.post/..'
  const withBadPath = signRepo({
    ...next,
    records: [
      ...next.records,
      {
        path: badPath,
        cid: records[0]?.cid ?? next.commit,
        bytes: records[0]?.bytes ?? next.commitBytes,
        rev: next.rev,
      },
    ].sort((a, b) => (a.path < b.path ? -1 : 1)),
  })
  const forged = forgedTree(next)

  const cases: readonly [string, TestRepo, TestBlock[], string][] = [
    ['without its root node', next, without(next.root), 'repo.node-missing'],
    ['without a node below', next, without(below?.cid), 'repo.node-missing'],
    ['without a record', next, without(records[2]?.cid), 'repo.record-missing'],
    ['without its commit', next, without(next.commit), 'repo.no-root'],
    ['with only its commit', next, next.sinceBlocks().filter(is(next.commit)), 'repo.node-missing'],
    ['with a key that is no path', withBadPath, withBadPath.blocks(), 'repo.path-invalid'],
    ['over a tree with a misplaced key', forged.repo, forged.blocks, 'repo.root-mismatch'],
    ['of keys beyond all length', ...keyBomb(next), 'repo.path-invalid'],
  ]

  it('has the parts that the cases need', () => {
    expect(nodes.some(is(next.root))).toBe(true)
    expect(nodes.length).toBeGreaterThan(3)
    expect(records).toHaveLength(10)
  })

  it.each(cases)('%s', async (_name, signed, sent, code) => {
    await withLevel(async (storage) => {
      const head = await full(storage, repo)
      const failure = await since(storage, signed, head, carBytes([signed.commit], sent)).catch(
        (error: unknown) => error,
      )
      expect(failure).toBeInstanceOf(CairnError)
      expect((failure as CairnError).code).toBe(code)
      expect(await headOf(storage, repo.did)).toEqual(head)
      expect(await storage.count('snapshots')).toBe(1)
      expect(await recheckOf(storage, head)).toBe(200)

      const whole = await full(storage, next, head)
      expect(await contentOf(storage, whole)).toEqual(contentOfRepo(next))
      expect(await recheckOf(storage, whole)).toBe(next.records.length)
    })
  })

  it('with a forged extra node takes what is signed', async () => {
    await withLevel(async (storage) => {
      const head = await full(storage, repo)
      const extra = rawNode([{ p: 0, k: 'app.bsky.feed.post/zzz', v: records[0]?.cid ?? next.root }])
      const moved = await since(storage, next, head, carBytes([next.commit], [extra, ...next.sinceBlocks()]))
      expect(await contentOf(storage, moved)).toEqual(contentOfRepo(next))
    })
  })
})

/** A signed root whose keys belong on different layers. */
function forgedTree(repo: TestRepo): { repo: TestRepo; blocks: TestBlock[] } {
  const v = repo.records[0]?.cid ?? repo.root
  const keys = [...pathsOnLayer(0, 2), ...pathsOnLayer(1, 2)].sort()
  return signedOver(repo, node(keys.map((path) => ({ path, v }))))
}

/** Each key repeats all of the one before: a few hundred kilobytes that stand for gigabytes. */
function keyBomb(repo: TestRepo): [TestRepo, TestBlock[]] {
  const v = repo.records[0]?.cid ?? repo.root
  const bomb = rawNode(Array.from({ length: 4000 }, (_, i) => ({ p: i * 60, k: 'a'.repeat(60), v })))
  const forged = signedOver(repo, bomb)
  return [forged.repo, forged.blocks]
}

/** The repo's next commit, over a root that no builder makes. */
function signedOver(repo: TestRepo, root: TestBlock): { repo: TestRepo; blocks: TestBlock[] } {
  const commit = commitBlock(root.cid, { fields: { did: repo.did, rev: repo.rev }, key: repo.key })
  return { repo: { ...repo, commit: commit.cid, commitBytes: commit.bytes }, blocks: [commit, root] }
}
