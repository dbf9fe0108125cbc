import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import { cidOf } from '../testing/cid.ts'
import { createMemoryTree, type MemoryTree } from '../testing/memory-tree.ts'
import { buildTree } from '../testing/tree.ts'
import { compare, storedSide } from './diff.ts'
import { type EditedTree, editTree, type TreeOp } from './edit.ts'
import { find, type TreeEntry, visit } from './read.ts'

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

/** path → which of a few records it holds */
type Model = ReadonlyMap<string, number>

/** Few rkeys, so that edits meet; collections whose names are prefixes of each other, so that order is tried. */
const path = fc
  .tuple(
    fc.constantFrom('app.a.post', 'app.a.postx', 'app.a.post.sub', 'zz.b.like'),
    fc.integer({ min: 0, max: 120 }),
  )
  .map(([nsid, n]) => `${nsid}/k${n}`)
const model: fc.Arbitrary<Model> = fc
  .array(fc.tuple(path, fc.integer({ min: 0, max: 9 })), { maxLength: 90 })
  .map((pairs) => new Map(pairs))

const record = (value: number) => ({
  digest: cidOf(Uint8Array.of(value)).subarray(4),
  // Each value has a length of its own, so that sums of bytes tell them apart.
  place: { segment: 7, offset: value * 1000, length: 11 + value },
})
const sorted = (of: Model) =>
  [...of].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1))
const independentRoot = (of: Model): string => {
  const entries = sorted(of).map(({ key, value }) => ({ path: key, cid: cidOf(Uint8Array.of(value)) }))
  return toHex(buildTree(entries).cid.subarray(4))
}
const sets = (of: Model): TreeOp[] => [...of].map(([key, value]) => ({ key, record: record(value) }))

function apply(tree: MemoryTree, base: EditedTree | undefined, ops: readonly TreeOp[]): Promise<EditedTree> {
  return editTree({ source: tree, base, ops, sink: tree, sha256 })
}

async function make(of: Model): Promise<{ tree: MemoryTree; at: EditedTree }> {
  const tree = createMemoryTree(sha256)
  return { tree, at: await apply(tree, undefined, sets(of)) }
}

const runs = { numRuns: 60 }

describe('an edited tree', () => {
  it('has the root of the definition, whatever the order of the edits', async () => {
    await fc.assert(
      fc.asyncProperty(
        model,
        fc.array(path, { maxLength: 40 }),
        fc.infiniteStream(fc.nat()),
        async (of, gone, picks) => {
          const victims = gone.filter((key) => !of.has(key))
          const ops: TreeOp[] = [...sets(of), ...victims.map((key) => ({ key, record: record(1) }))]
          ops.sort(() => ((picks.next().value ?? 0) % 2 === 0 ? 1 : -1))
          ops.push(...victims.map((key) => ({ key, record: undefined })))
          const tree = createMemoryTree(sha256)
          const whole = await apply(tree, undefined, ops)
          expect(toHex(whole.digest)).toBe(independentRoot(of))
          expect(whole.root.records).toBe(of.size)
          // The same in many small steps, each from the stored tree.
          let stepped: EditedTree | undefined
          for (let i = 0; i < ops.length; i += 7) stepped = await apply(tree, stepped, ops.slice(i, i + 7))
          if (stepped === undefined) return
          expect(toHex(stepped.digest)).toBe(independentRoot(of))
          expect([stepped.root.layer, stepped.root.records, stepped.root.bytes]).toEqual([
            whole.root.layer,
            whole.root.records,
            whole.root.bytes,
          ])
        },
      ),
      runs,
    )
  })

  it('is reached from any other by their difference', async () => {
    await fc.assert(
      fc.asyncProperty(model, model, async (a, b) => {
        const { tree, at: before } = await make(a)
        const after = await apply(tree, undefined, sets(b))
        const changes = await compare(
          storedSide(tree, before.root, before.digest),
          storedSide(tree, after.root, after.digest),
        )
        const wanted = [...new Set([...a.keys(), ...b.keys()])]
          .filter((key) => a.get(key) !== b.get(key))
          .sort()
        expect(changes.map((it) => it.key)).toEqual(wanted)
        const ops = changes.map(({ key, after: digest, afterPlace: place }): TreeOp => ({
          key,
          record: digest && place && { digest, place },
        }))
        const reached = await apply(tree, before, ops)
        expect(toHex(reached.digest)).toBe(toHex(after.digest))
        expect(reached.root.bytes).toBe(after.root.bytes)
      }),
      runs,
    )
  })

  it('keeps the stored root when nothing is asked', async () => {
    const { tree, at } = await make(new Map([['app.a.post/k1', 1]]))
    const written = tree.written
    expect(await apply(tree, at, [])).toEqual({ digest: at.digest, root: at.root })
    expect(tree.written).toBe(written)
  })

  it('reads and writes only the path of one change', async () => {
    const large = new Map(Array.from({ length: 5000 }, (_, i) => [`app.a.post/k${i}`, i % 10] as const))
    const { tree, at } = await make(large)
    const [written, loads] = [tree.written, tree.loads]
    await apply(tree, at, [{ key: 'app.a.post/k2500', record: record(3) }])
    expect(tree.written - written).toBeLessThanOrEqual(at.root.layer + 1)
    expect(tree.loads - loads).toBeLessThanOrEqual(at.root.layer + 1)
  })

  it('compares by what differs, not by what is there', async () => {
    const large = new Map(Array.from({ length: 5000 }, (_, i) => [`app.a.post/k${i}`, i % 10] as const))
    const { tree, at } = await make(large)
    const next = await apply(tree, at, [{ key: 'app.a.post/k2500', record: undefined }])
    const loads = tree.loads
    await compare(storedSide(tree, at.root, at.digest), storedSide(tree, next.root, next.digest))
    expect(tree.loads - loads).toBeLessThan(30)
  })
})

describe('reading a tree', () => {
  it('visits and finds what a sorted list has', async () => {
    await fc.assert(
      fc.asyncProperty(
        model,
        fc.nat(100),
        fc.nat(30),
        fc.boolean(),
        path,
        async (of, skip, limit, reverse, wanted) => {
          const { tree, at } = await make(of)
          const list = sorted(of)
          const way = reverse ? list.toReversed() : list
          const seen: TreeEntry[] = []
          await visit(tree, at.root, { skip, reverse }, (entry) => {
            if (seen.length >= limit) return false
            seen.push(entry)
            return true
          })
          expect(seen.map((it) => [it.key, toHex(it.digest), it.place])).toEqual(
            way
              .slice(skip, skip + limit)
              .map(({ key, value }) => [key, toHex(record(value).digest), record(value).place]),
          )

          const found = await find(tree, at.root, wanted)
          const value = of.get(wanted)
          expect(found.entry?.place).toEqual(value === undefined ? undefined : record(value).place)
          expect(found.path.length).toBeGreaterThan(0)
        },
      ),
      runs,
    )
  })

  it('skips without reading', async () => {
    const large = new Map(Array.from({ length: 5000 }, (_, i) => [`app.a.post/k${i}`, i % 10] as const))
    const { tree, at } = await make(large)
    const loads = tree.loads
    let first = ''
    await visit(tree, at.root, { skip: 4000, reverse: false }, ({ key }) => {
      first = key
      return false
    })
    expect(first).toBe(sorted(large)[4000]?.key)
    expect(tree.loads - loads).toBeLessThanOrEqual(2 * (at.root.layer + 1))
  })

  it('has nothing without a root', async () => {
    const tree = createMemoryTree(sha256)
    expect(await find(tree, undefined, 'app.a.post/k1')).toEqual({ entry: undefined, path: [] })
  })
})
