import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../core/bytes.ts'
import { binary } from '../mst/diff.ts'
import { createPrng } from '../testing/prng.ts'
import { createBlockTable } from './block-table.ts'

const COUNT = 70_000

describe('the table of digests', () => {
  it.each([0, 1, 0xdeadbeef, 0xffffffff])('agrees with a Map under seed %i', (seed) => {
    const table = createBlockTable(seed)
    const model = new Map<string, readonly [kind: number, a: number, b: number, c: number]>()
    const prng = createPrng(`table/${seed}`)
    const digests: Uint8Array[] = []
    for (let i = 0; i < COUNT / 10; i++) {
      const fresh = digests.length === 0 || prng.chance(0.7)
      const digest = fresh ? hash('sha256', `${seed}/${i}`, 'buffer') : prng.pick(digests)
      const found = table.find(digest, 0)
      if (found >= 0 === fresh)
        throw new Error(`block ${i} is ${fresh ? 'new' : 'known'}, the table says ${found}`)
      const index = fresh ? table.insert(digest, 0) : found
      const facts = [1 + prng.int(250), prng.int(2 ** 32), prng.int(2 ** 32), prng.int(2 ** 32)] as const
      table.set(index, ...facts)
      model.set(binary(digest), facts)
      if (fresh) digests.push(digest)
    }
    expect(table.size).toBe(model.size)
    for (const digest of digests) {
      // Digests are looked up where they lie in a larger buffer.
      const around = new Uint8Array(50)
      around.set(digest, 13)
      const index = table.find(around, 13)
      expect([table.kind(index), table.a(index), table.b(index), table.c(index)]).toEqual(
        model.get(binary(digest)),
      )
    }
  })

  it('grows over its pages and keeps every digest', () => {
    const table = createBlockTable(99)
    table.insert(hash('sha256', '0', 'buffer'), 0)
    table.set(0, 1, 2, 3, 4)
    const first = table.digest(0)
    for (let i = 1; i < COUNT; i++) table.insert(hash('sha256', `${i}`, 'buffer'), 0)
    expect(equalBytes(first, table.digest(0))).toBe(true)
    expect([table.kind(0), table.a(0), table.b(0), table.c(0)]).toEqual([1, 2, 3, 4])
    expect(table.size).toBe(COUNT)
    for (let i = 0; i < COUNT; i += 997) {
      const digest = hash('sha256', `${i}`, 'buffer')
      expect(table.find(digest, 0)).toBe(i)
      expect(equalBytes(table.digest(i), digest)).toBe(true)
    }
    expect(table.find(hash('sha256', 'absent', 'buffer'), 0)).toBe(-1)
  })

  it('takes little memory for a few blocks', () => {
    const before = process.memoryUsage().arrayBuffers
    const tables = Array.from({ length: 50 }, (_, i) => createBlockTable(i))
    for (const table of tables)
      for (let i = 0; i < 100; i++) table.insert(hash('sha256', `${i}`, 'buffer'), 0)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(tables.length * 64 * 1024)
    expect(tables.every(({ size }) => size === 100)).toBe(true)
  })

  it('tells apart digests that share the words that are mixed', () => {
    const table = createBlockTable(5)
    const near = Array.from({ length: 500 }, (_, i) => {
      const digest = new Uint8Array(32)
      digest[31] = i & 0xff
      digest[30] = i >> 8
      return digest
    })
    for (const digest of near) table.insert(digest, 0)
    near.forEach((digest, i) => expect(table.find(digest, 0)).toBe(i))
  })
})
