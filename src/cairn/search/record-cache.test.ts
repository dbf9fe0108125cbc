import { describe, expect, it } from 'vitest'
import type { Place } from '../../repo/mst/stored.ts'
import type { SegmentReader } from '../../storage/segment-reader.ts'
import { createRecordCache } from './record-cache.ts'

/** A segment of a thousand records of a hundred bytes each, which remembers what was read of it. */
function segment() {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => Math.floor(i / 100))
  const read: number[] = []
  const reader: Pick<SegmentReader, 'records'> = {
    async records(places) {
      read.push(...places.map((it) => it.offset / 100))
      return places.map(({ offset, length }) => bytes.subarray(offset, offset + length))
    },
  }
  const wanted = (i: number): { digest: Uint8Array; place: Place } => ({
    digest: new Uint8Array(32).fill(i),
    place: { segment: 1, offset: i * 100, length: 100 },
  })
  return { reader, read, wanted }
}

describe('the cache of records', () => {
  it('reads each record once and gives them in the order asked', async () => {
    const { reader, read, wanted } = segment()
    const cache = createRecordCache()
    await cache.read(reader, [wanted(1), wanted(2)])
    const again = await cache.read(reader, [wanted(3), wanted(2), wanted(1), wanted(2)])
    expect(again.map((bytes) => bytes[0])).toEqual([3, 2, 1, 2])
    expect(read).toEqual([1, 2, 3])
    cache.clear()
    await cache.read(reader, [wanted(1)])
    expect(read).toEqual([1, 2, 3, 1])
  })

  it('forgets those that were not used for longest, and holds no run of others', async () => {
    const { reader, read, wanted } = segment()
    const cache = createRecordCache(1000)
    await cache.read(reader, [wanted(1), wanted(2), wanted(3)])
    await cache.read(reader, [wanted(1)])
    const [four] = await cache.read(reader, [wanted(4)])
    expect(four?.buffer.byteLength).toBe(100)
    read.length = 0
    await cache.read(reader, [wanted(1)])
    expect(read).toEqual([])
    await cache.read(reader, [wanted(2)])
    expect(read).toEqual([2])
  })

  it('answers a request larger than its room', async () => {
    const { reader, wanted } = segment()
    const asked = Array.from({ length: 50 }, (_, i) => wanted(i))
    expect((await createRecordCache(500).read(reader, asked)).map((bytes) => bytes[0])).toEqual(
      asked.map((_, i) => i),
    )
  })
})
