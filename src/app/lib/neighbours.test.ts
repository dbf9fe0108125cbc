import { describe, expect, it } from 'vitest'
import type { Cairn, RecordItem, RecordQuery } from '../../cairn/api.ts'
import { findNeighbours } from './neighbours.ts'

function collection(size: number) {
  let reads = 0
  const rkeys = Array.from({ length: size }, (_, index) => String(index * 2).padStart(8, '0')).reverse()
  const records = async ({ offset, limit }: RecordQuery) => {
    reads++
    const items = rkeys
      .slice(offset, offset + limit)
      .map((rkey) => ({ rkey, path: `a.b.c/${rkey}` }) as RecordItem)
    return { total: size, offset, items }
  }
  // only `records` is called
  return { cairn: { library: { records } } as unknown as Cairn, rkeys, reads: () => reads }
}

describe('neighbours', () => {
  it('finds every place in a small collection', async () => {
    const { cairn, rkeys } = collection(7)
    for (const [position, rkey] of rkeys.entries()) {
      expect(await findNeighbours(cairn, 'did:x:y', `a.b.c/${rkey}`)).toEqual({
        position,
        total: 7,
        newer: position === 0 ? undefined : `a.b.c/${rkeys[position - 1]}`,
        older: position === 6 ? undefined : `a.b.c/${rkeys[position + 1]}`,
      })
    }
  })

  it('takes few reads in a large one, and knows what is not there', async () => {
    const { cairn, rkeys, reads } = collection(100_000)
    expect((await findNeighbours(cairn, 'did:x:y', `a.b.c/${rkeys[77_777]}`))?.position).toBe(77_777)
    expect(reads()).toBeLessThan(22)
    expect(await findNeighbours(cairn, 'did:x:y', 'a.b.c/00000001')).toBeUndefined()
    expect(await findNeighbours(collection(0).cairn, 'did:x:y', 'a.b.c/x')).toBeUndefined()
  })
})
