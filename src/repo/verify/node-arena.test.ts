import { describe, expect, it } from 'vitest'
import { createPrng } from '../testing/prng.ts'
import { createNodeArena } from './node-arena.ts'

const MB = 1 << 20

/** Adds nodes of `size` bytes, each filled with its number. */
function fill(arena: ReturnType<typeof createNodeArena>, count: number, size: number) {
  return Array.from({ length: count }, (_, i) => arena.add(new Uint8Array(size).fill(i), 0, size, i * 1000))
}

describe('the arena of unproven nodes', () => {
  it('gives back what was put in, wherever it went', () => {
    const disk = new Map<number, Uint8Array<ArrayBuffer>>()
    const arena = createNodeArena(MB)
    const nodes = fill(arena, 100, 100_000)
    let most = 0
    const settle = () => {
      for (const { page, bytes } of arena.overBudget()) {
        disk.set(page, bytes.slice())
        arena.spilled(page)
      }
      most = Math.max(most, arena.bytesInMemory)
    }
    settle()
    const prng = createPrng('arena')
    for (let turn = 0; turn < 300; turn++) {
      const i = prng.int(nodes.length)
      const at = nodes[i] ?? { page: -1, offset: 0 }
      if (arena.read(at.page, at.offset, 100_000) === undefined) {
        const bytes = disk.get(at.page)
        if (bytes === undefined) throw new Error('a page was neither in memory nor spilled')
        arena.restore(at.page, bytes)
        settle()
      }
      const read = arena.read(at.page, at.offset, 100_000)
      expect(read?.every((byte) => byte === i)).toBe(true)
      expect(arena.position(at.page, at.offset)).toBe(i * 1000)
    }
    // The page that is being filled and the one just restored stay beside the budget.
    expect(most).toBeLessThanOrEqual(3 * MB)
    expect(disk.size).toBeGreaterThanOrEqual(8)
  })

  it('writes a page to disk once only', () => {
    const arena = createNodeArena(MB)
    const [first] = fill(arena, 40, 100_000)
    const spilled = arena.overBudget()
    for (const { page } of spilled) arena.spilled(page)
    const back = spilled.find((it) => it.page === first?.page)
    if (back === undefined) throw new Error('the oldest page was not spilled')
    arena.restore(back.page, back.bytes)
    arena.restore(spilled[1]?.page ?? -1, spilled[1]?.bytes ?? new Uint8Array())
    expect(arena.overBudget()).toEqual([])
    expect(arena.read(back.page, 8, 1)).toBeUndefined()
  })

  it('drops a page when all its nodes are proven', () => {
    const arena = createNodeArena(64 * MB)
    fill(arena, 1, 100)
    const first = arena.bytesInMemory
    expect(first).toBeLessThan(MB / 8)
    const nodes = fill(arena, 35, 100_000)
    expect(arena.bytesInMemory).toBe(first + 4 * MB)
    for (const { page } of nodes.slice(0, 30)) arena.release(page)
    expect(arena.bytesInMemory).toBe(first + MB)
    expect(arena.overBudget()).toEqual([])
  })

  it('takes a node larger than a page', () => {
    const arena = createNodeArena(MB)
    const big = new Uint8Array(3 * MB).fill(7)
    const at = arena.add(big, 0, big.length, 5)
    expect(arena.read(at.page, at.offset, big.length)?.every((byte) => byte === 7)).toBe(true)
  })
})
