import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../core/bytes.ts'
import { checkDagCbor } from '../cbor/check.ts'
import { RepoError } from '../errors.ts'
import { generateRepo } from '../testing/generate.ts'
import { rawNode } from '../testing/hostile-craft.ts'
import { walkNodes } from '../testing/tree.ts'
import { encodeNode, type NewEntry, parseNode } from './node.ts'
import { childDigest, keysOf, valueOf } from './read.ts'
import { decodeStored, encodeStored, type StoredNode, totals } from './stored.ts'

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const child = fc.option(digest, { nil: undefined })
const entries: fc.Arbitrary<NewEntry[]> = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z./]{1,300}$/), digest, child), {
    selector: ([key]) => key,
    maxLength: 40,
  })
  .map((list) =>
    list
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value, right]) => ({ key: utf8(key), value, right })),
  )
const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : toHex(bytes))
const number = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const place = fc.record({ segment: number, offset: number, length: number })

describe('a tree node', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(child, entries, (left, list) => {
        const bytes = encodeNode(left, list)
        expect(checkDagCbor(bytes, 0, bytes.length)).toBe(0)
        // Read from within a larger buffer, as it comes.
        const around = new Uint8Array(bytes.length + 9).fill(0xee)
        around.set(bytes, 5)
        const node = parseNode(around, 5, 5 + bytes.length)
        expect(hex(childDigest(node, 0))).toBe(hex(left))
        expect(keysOf(node)).toEqual(list.map((it) => new TextDecoder().decode(it.key)))
        list.forEach((it, i) => {
          expect(hex(valueOf(node, i))).toBe(hex(it.value))
          expect(hex(childDigest(node, i + 1))).toBe(hex(it.right))
        })
      }),
    )
  })

  it('is refused with every other byte string near it, or is another node', () => {
    const repo = generateRepo({ seed: 'node', records: 60 })
    const sound = [...walkNodes(repo.tree)].map((it) => it.bytes)
    fc.assert(
      fc.property(
        fc.constantFrom(...sound),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, change) => {
          const mutated = bytes.slice()
          mutated[at % bytes.length] = (mutated[at % bytes.length] ?? 0) ^ change
          try {
            parseNode(mutated)
          } catch (error) {
            expect(error).toBeInstanceOf(RepoError)
            return
          }
          // What passes is strict DAG-CBOR with the one shape that a node has.
          expect(checkDagCbor(mutated, 0, mutated.length)).toBe(0)
        },
      ),
      { numRuns: 500 },
    )
    for (const bytes of sound.slice(0, 3)) {
      for (let end = 0; end < bytes.length; end++) expect(() => parseNode(bytes, 0, end)).toThrow(RepoError)
    }
  })

  it('has keys only as long as paths may be, so that small nodes cannot stand for large memory', () => {
    const v = new Uint8Array(36)
    v.set([1, 0x71, 0x12, 0x20])
    const long = 'a'.repeat(1000)
    const node = parseNode(
      rawNode([
        { p: 0, k: long, v },
        { p: 1000, k: 'b'.repeat(25), v },
      ]).bytes,
    )
    expect(() => keysOf(node)).toThrow(expect.objectContaining({ code: 'repo.path-invalid' }))
    const wrong = parseNode(
      rawNode([
        { p: 0, k: 'abc', v },
        { p: 4, k: 'd', v },
      ]).bytes,
    )
    expect(() => keysOf(wrong)).toThrow(expect.objectContaining({ code: 'repo.prefix-wrong' }))
  })
})

describe('the stored form of a node', () => {
  const storedNode: fc.Arbitrary<StoredNode> = fc.tuple(child, entries).chain(([left, list]) => {
    const node = parseNode(encodeNode(left, list))
    const sum = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    const children = [left, ...list.map((it) => it.right)].map((it) =>
      it === undefined
        ? fc.constant(undefined)
        : fc.tuple(place, sum, sum).map(([at, records, bytes]) => ({ ...at, records, bytes })),
    )
    return fc.record({
      node: fc.constant(node),
      records: fc.tuple(...list.map(() => place)),
      children: fc.tuple(...children),
    })
  })

  it('comes back the same', () => {
    fc.assert(
      fc.property(storedNode, (stored) => {
        const back = decodeStored(encodeStored(stored))
        expect(hex(back.node.bytes)).toBe(hex(stored.node.bytes))
        expect(back.records).toEqual(stored.records)
        expect(back.children).toEqual(stored.children)
      }),
    )
  })

  it('adds up what is under it', () => {
    const node = parseNode(
      encodeNode(new Uint8Array(32), [{ key: utf8('a'), value: new Uint8Array(32), right: undefined }]),
    )
    const at = { segment: 1, offset: 2 }
    const below = { ...at, length: 5, records: 10, bytes: 1000 }
    expect(totals({ node, records: [{ ...at, length: 7 }], children: [below, undefined] })).toEqual({
      records: 11,
      bytes: 1007,
    })
  })
})
