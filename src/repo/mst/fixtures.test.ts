import { hash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { equalBytes, toHex, utf8 } from '../../core/bytes.ts'
import { parseCid } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import { describeWithFixtures } from '../../core/testing/fixtures.ts'
import { createCarReader } from '../car/reader.ts'
import { createMemoryTree, type MemoryTree } from '../testing/memory-tree.ts'
import type { TreeRoot } from '../verify/walk-model.ts'
import { binary, compare, storedSide } from './diff.ts'
import { editTree, type TreeOp } from './edit.ts'
import { heightOf } from './height.ts'
import { commonPrefix, encodeNode, looksLikeNode, parseNode } from './node.ts'
import { childDigest, keysOf, valueOf } from './read.ts'
import type { Place } from './stored.ts'

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
/** The fixtures have no records, only their digests. */
const nowhere: Place = { segment: 2, offset: 0, length: 100 }

/** Fixtures of known shape: each use says which. */
function json(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8'))
}

function digestOf(cid: string): Uint8Array {
  const parsed = parseCid(cid)
  if (parsed === undefined) throw new Error(`no CID: ${cid}`)
  return parsed.digest
}

interface Nodes {
  readonly root: Uint8Array
  readonly nodes: ReadonlyMap<string, Uint8Array>
}

function readNodes(file: string): Nodes {
  const nodes = new Map<string, Uint8Array>()
  let root: Uint8Array = new Uint8Array()
  const reader = createCarReader({
    header({ roots }) {
      root = roots[0]?.digest ?? root
    },
    block(_codec, buffer, digestAt, from, to) {
      nodes.set(binary(buffer.subarray(digestAt, digestAt + 32)), buffer.slice(from, to))
    },
  })
  reader.push(new Uint8Array(readFileSync(file)))
  reader.end()
  return { root, nodes }
}

function rebuild(bytes: Uint8Array): Uint8Array {
  const node = parseNode(bytes)
  const entries = keysOf(node).map((key, i) => ({
    key: utf8(key),
    value: valueOf(node, i),
    right: childDigest(node, i + 1),
  }))
  return encodeNode(childDigest(node, 0), entries)
}

describeWithFixtures('trees of the MST test suite', (dir) => {
  interface Case {
    readonly name: string
    readonly a: string
    readonly b: string
    readonly record_ops: readonly {
      readonly rpath: string
      readonly old_value: string | null
      readonly new_value: string | null
    }[]
  }
  interface Taken {
    readonly tree: MemoryTree
    readonly root: TreeRoot
    readonly digest: Uint8Array
  }
  const taken = new Map<string, Taken>()
  const names = readdirSync(join(dir, 'mst/cars'))
  for (const name of names) {
    const { nodes, root } = readNodes(join(dir, 'mst/cars', name))
    const tree = createMemoryTree(sha256)
    taken.set(name, { tree, root: tree.take(nodes, root, () => nowhere), digest: root })
  }
  const at = (name: string): Taken => {
    const found = taken.get(name)
    if (found === undefined) throw new Error(`no tree ${name}`)
    return found
  }
  const side = ({ tree, root, digest }: Taken) => storedSide(tree, root, digest)

  it('every node is what its own keys encode to', () => {
    expect(names).toHaveLength(128)
    let count = 0
    for (const name of names) {
      for (const [digest, bytes] of readNodes(join(dir, 'mst/cars', name)).nodes) {
        if (!looksLikeNode(bytes, 0, bytes.length)) continue
        count++
        expect(toHex(rebuild(bytes))).toBe(toHex(bytes))
        expect(binary(sha256(bytes))).toBe(digest)
      }
    }
    expect(count).toBeGreaterThan(200)
  })

  it('2,048 pairs differ as the suite says, both ways, and the difference applied gives the other tree', async () => {
    const cases = json(dir, 'mst/diff-cases.json') as Case[]
    expect(cases).toHaveLength(2048)
    for (const { name, a, b, record_ops: ops } of cases) {
      const [left, right] = [at(a), at(b)]
      const wanted = ops
        .map((op) => ({ key: op.rpath, before: op.old_value, after: op.new_value }))
        .sort((x, y) => (x.key < y.key ? -1 : 1))
        .map(({ key, before, after }) => [
          key,
          before === null ? undefined : toHex(digestOf(before)),
          after === null ? undefined : toHex(digestOf(after)),
        ])
      const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : toHex(bytes))
      const forth = await compare(side(left), side(right))
      expect(
        forth.map((it) => [it.key, hex(it.before), hex(it.after)]),
        name,
      ).toEqual(wanted)
      const back = await compare(side(right), side(left))
      expect(
        back.map((it) => [it.key, hex(it.after), hex(it.before)]),
        name,
      ).toEqual(wanted)

      const edited = await editTree({
        source: left.tree,
        base: { root: left.root, digest: left.digest },
        ops: forth.map(({ key, after }): TreeOp => ({
          key,
          record: after && { digest: after, place: nowhere },
        })),
        sink: left.tree,
        sha256,
      })
      expect(equalBytes(edited.digest, right.digest), name).toBe(true)
      expect([edited.root.layer, edited.root.records], name).toEqual([right.root.layer, right.root.records])
    }
  })
})

describeWithFixtures('interoperability vectors of the MST', (dir) => {
  const base = join(dir, 'atproto-interop-tests')

  it('heights of keys', () => {
    const vectors = json(base, 'mst/key_heights.json') as { key: string; height: number }[]
    expect(vectors.length).toBeGreaterThan(5)
    for (const { key, height } of vectors) expect([key, heightOf(sha256, utf8(key))]).toEqual([key, height])
  })

  it('common prefixes in bytes', () => {
    const vectors = json(base, 'mst/common_prefix.json') as { left: string; right: string; len: number }[]
    expect(vectors.length).toBeGreaterThan(5)
    for (const { left, right, len } of vectors) {
      expect([left, right, commonPrefix(utf8(left), utf8(right))]).toEqual([left, right, len])
    }
  })

  it('heights in the names of the example keys', () => {
    const keys = readFileSync(join(base, 'mst/example_keys.txt'), 'utf8').trim().split('\n')
    expect(keys.length).toBeGreaterThan(100)
    // "A0/374913": a letter for the order, then the height.
    for (const key of keys) expect([key, heightOf(sha256, utf8(key))]).toEqual([key, Number(key.charAt(1))])
  })

  it('roots before and after the commits of the proof fixtures', async () => {
    const vectors = json(base, 'firehose/commit-proof-fixtures.json') as {
      comment: string
      leafValue: string
      keys: string[]
      adds: string[]
      dels: string[]
      rootBeforeCommit: string
      rootAfterCommit: string
    }[]
    expect(vectors.length).toBeGreaterThan(5)
    for (const { comment, leafValue, keys, adds, dels, rootBeforeCommit, rootAfterCommit } of vectors) {
      const tree = createMemoryTree(sha256)
      const record = { digest: digestOf(leafValue), place: nowhere }
      const set = (key: string): TreeOp => ({ key, record })
      const before = await editTree({ source: tree, base: undefined, ops: keys.map(set), sink: tree, sha256 })
      expect(toHex(before.digest), comment).toBe(toHex(digestOf(rootBeforeCommit)))
      const ops = [...adds.map(set), ...dels.map((key): TreeOp => ({ key, record: undefined }))]
      const after = await editTree({ source: tree, base: before, ops, sink: tree, sha256 })
      expect(toHex(after.digest), comment).toBe(toHex(digestOf(rootAfterCommit)))
    }
  })
})
