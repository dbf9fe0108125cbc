import { describe, expect, it } from 'vitest'
import { expectBytes, expectCode, pattern, withStorage, type Subject } from './subject.ts'

const KB = 1024
const MB = 1024 * KB

/** Sizes around every edge at which an adapter changes its way, in bytes. */
const SIZES = [0, 1, 63 * KB, 64 * KB - 1, 64 * KB, 64 * KB + 1, 128 * KB, MB, 3 * MB]

/** Byte values: written whole, read by range. */
export function bytesCompliance(subject: Subject): void {
  describe('byte values', () => {
    it.each(SIZES)('gives back %i bytes, put as parts and put as a Blob', (size) =>
      withStorage(subject, async (storage) => {
        const bytes = pattern(size)
        const cuts = [0, 1, Math.floor(size / 3), Math.floor(size / 3), size]
          .filter((cut) => cut <= size)
          .toSorted((a, b) => a - b)
        const parts = cuts.map((cut, at) => bytes.subarray(cut, cuts[at + 1] ?? size))
        await storage.write([
          { type: 'put-bytes', key: 'parts', parts },
          { type: 'put-blob', key: 'blob', blob: new Blob([bytes]) },
        ])
        for (const key of ['parts', 'blob']) {
          expectBytes(await storage.readBytes(key), bytes)
          const blob = await storage.readBlob(key)
          expect(blob.size).toBe(size)
          expectBytes(new Uint8Array(await blob.arrayBuffer()), bytes)
        }
      }),
    )

    it('takes a value of no parts', () =>
      withStorage(subject, async (storage) => {
        await storage.write([{ type: 'put-bytes', key: 'a', parts: [] }])
        expect((await storage.readBytes('a')).byteLength).toBe(0)
      }))

    it.each([1000, 300_000])('takes %i bytes over before it returns its promise', (size) =>
      withStorage(subject, async (storage) => {
        const buffer = pattern(size)
        const guards = [{ table: 'meta', key: 'none', holds: () => true }] as const
        const written = storage.write([{ type: 'put-bytes', key: 'a', parts: [buffer] }], { guards })
        buffer.fill(0)
        await written
        expectBytes(await storage.readBytes('a'), pattern(size))
      }),
    )

    it('keeps parts as they were when the write was done', () =>
      withStorage(subject, async (storage) => {
        const [small, large] = [pattern(100), pattern(100 * KB)]
        await storage.write([
          { type: 'put-bytes', key: 'small', parts: [small] },
          { type: 'put-bytes', key: 'large', parts: [large] },
        ])
        small.fill(0)
        large.fill(0)
        expectBytes(await storage.readBytes('small'), pattern(100))
        expectBytes(await storage.readBytes('large'), pattern(100 * KB))
      }))

    it.each([1000, 64 * KB, 200 * KB])('reads ranges of %i bytes, cut at the end', (size) =>
      withStorage(subject, async (storage) => {
        const bytes = pattern(size)
        await storage.write([{ type: 'put-bytes', key: 'a', parts: [bytes] }])
        const edges = [0, 1, size / 2, 64 * KB - 1, 64 * KB, 64 * KB + 1, 128 * KB, size - 1, size, size + 9]
        for (const from of edges) {
          expectBytes(await storage.readBytes('a', from), bytes.slice(from))
          for (const to of edges) {
            expectBytes(
              await storage.readBytes('a', from, to),
              from < to ? bytes.slice(from, to) : new Uint8Array(0),
            )
          }
        }
      }),
    )

    it('reads many ranges in the order asked', () =>
      withStorage(subject, async (storage) => {
        const [large, small] = [pattern(300 * KB, 2), pattern(500, 3)]
        await storage.write([
          { type: 'put-bytes', key: 'large', parts: [large] },
          { type: 'put-bytes', key: 'small', parts: [small] },
        ])
        const ranges = [
          { key: 'large', from: 200 * KB, to: 200 * KB + 300 },
          { key: 'small', from: 10, to: 20 },
          { key: 'large', from: 0, to: 1 },
          { key: 'large', from: 64 * KB - 5, to: 128 * KB + 5 },
          { key: 'small', from: 490, to: 900 },
          { key: 'large', from: 0, to: 1 },
          { key: 'large', from: 200 * KB + 100, to: 200 * KB + 350 },
          { key: 'large', from: 5, to: 5 },
          { key: 'large', from: 400 * KB, to: 500 * KB },
        ]
        const found = await storage.readRanges(ranges)
        expect(found.length).toBe(ranges.length)
        for (const [at, range] of ranges.entries()) {
          const whole = range.key === 'large' ? large : small
          expectBytes(found[at] ?? new Uint8Array(0), whole.slice(range.from, range.to))
        }
        expect(await storage.readRanges([])).toEqual([])
      }))

    it('answers with bytes that the reader may change', () =>
      withStorage(subject, async (storage) => {
        await storage.write([{ type: 'put-bytes', key: 'a', parts: [pattern(300)] }])
        const range = { key: 'a', from: 0, to: 300 }
        const [first, second] = await storage.readRanges([range, range])
        first?.fill(0)
        expectBytes(second ?? new Uint8Array(0), pattern(300))
      }))

    it('says when a value is not there', () =>
      withStorage(subject, async (storage) => {
        await storage.write([{ type: 'put-bytes', key: 'a', parts: [pattern(100 * KB)] }])
        await storage.readBytes('a')
        await storage.write([{ type: 'delete-bytes', key: 'a' }])
        await expectCode(storage.readBytes('a'), 'storage.segment-gone', { key: 'a' })
        await expectCode(storage.readBytes('a', 5, 5), 'storage.segment-gone', { key: 'a' })
        await expectCode(storage.readBlob('a'), 'storage.segment-gone', { key: 'a' })
        await storage.write([{ type: 'put-bytes', key: 'b', parts: [pattern(10)] }])
        const ranges = ['b', 'a'].map((key) => ({ key, from: 0, to: 1 }))
        await expectCode(storage.readRanges(ranges), 'storage.segment-gone', { key: 'a' })
      }))

    it('replaces a value by a shorter, a longer, a small and a large one', () =>
      withStorage(subject, async (storage) => {
        for (const [at, size] of [300 * KB, 100 * KB, 900 * KB, 10, 70 * KB, 0, 64 * KB].entries()) {
          await storage.write([{ type: 'put-bytes', key: 'a', parts: [pattern(size, at)] }])
          expectBytes(await storage.readBytes('a'), pattern(size, at))
          expectBytes(await storage.readBytes('a', 3, 1000), pattern(size, at).slice(3, 1000))
        }
      }))

    it('lists and deletes by range', () =>
      withStorage(subject, async (storage) => {
        const keys = ['a', 'b', 'b/00000000', 'b/1', 'b0', 'c']
        await storage.write(
          keys.map((key, at) => ({ type: 'put-bytes', key, parts: [pattern(70 * KB, at)] })),
        )
        expect(await storage.byteKeys()).toEqual(keys)
        expect(await storage.byteKeys({ from: 'b', to: 'c', limit: 2 })).toEqual(['b', 'b/00000000'])
        expect(await storage.byteKeys({ reverse: true, limit: 2 })).toEqual(['c', 'b0'])
        expect(await storage.byteKeys({ from: 'c', to: 'a' })).toEqual([])
        await storage.write([{ type: 'delete-bytes-range', from: 'b/', to: 'b0' }])
        expect(await storage.byteKeys()).toEqual(['a', 'b', 'b0', 'c'])
        expectBytes(await storage.readBytes('b'), pattern(70 * KB, 1))
        await expectCode(storage.readBytes('b/1'), 'storage.segment-gone')
        await storage.write([{ type: 'delete-bytes-range', from: 'c', to: 'a' }])
        expect(await storage.byteKeys()).toEqual(['a', 'b', 'b0', 'c'])
      }))

    it('never mixes two values under one key', () =>
      withStorage(subject, async (storage) => {
        const size = 200 * KB
        const fill = (byte: number) => new Uint8Array(size).fill(byte)
        await storage.write([{ type: 'put-bytes', key: 'a', parts: [fill(0)] }])
        const writing = (async () => {
          for (let byte = 1; byte <= 20; byte++) {
            await storage.write([{ type: 'put-bytes', key: 'a', parts: [fill(byte)] }], {
              durability: 'relaxed',
            })
          }
        })()
        let done = false
        const ended = writing.finally(() => (done = true))
        while (!done) {
          const bytes = await storage.readBytes('a')
          expect(bytes.byteLength).toBe(size)
          expect(bytes.every((byte) => byte === bytes[0])).toBe(true)
        }
        await ended
      }))
  })
}
