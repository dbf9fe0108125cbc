import { gunzipSync, gzipSync, inflateRawSync, deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { concat } from './bytes.ts'
import { compress, decompress } from './compress.ts'

const text = new Uint8Array(300_000).map((_, i) => (i * i) >> 7)

describe('bytes that are compressed', () => {
  it.each([
    ['gzip', gzipSync, gunzipSync],
    ['deflate-raw', deflateRawSync, inflateRawSync],
  ] as const)('are those of every other host (%s)', async (form, theirs, back) => {
    for (const bytes of [text, text.subarray(0, 1), new Uint8Array(0)]) {
      const small = await compress(bytes, form)
      expect(new Uint8Array(back(small))).toEqual(new Uint8Array(bytes))
      expect(await decompress(new Uint8Array(theirs(bytes)), form, bytes.length)).toEqual(
        new Uint8Array(bytes),
      )
    }
    expect((await compress(text, form)).length).toBeLessThan(text.length)
  })

  it.each(['gzip', 'deflate-raw'] as const)(
    'are undone to the last byte or not at all (%s)',
    async (form) => {
      const small = await compress(text, form)
      expect(await decompress(small, form, text.length)).toEqual(text)
      expect(await decompress(small, form, text.length - 1)).toBeUndefined()
      expect(await decompress(small.subarray(0, -1), form, text.length)).toBeUndefined()
      expect(await decompress(concat([small, Uint8Array.of(0)]), form, text.length)).toBeUndefined()
      expect(await decompress(new Uint8Array(0), form, 10)).toBeUndefined()
      expect(await decompress(Uint8Array.of(7, 255, 3, 1), form, 10)).toBeUndefined()
    },
  )

  it('that would be a thousand times as many are left where they are too many', async () => {
    const bomb = new Uint8Array(deflateRawSync(new Uint8Array(64 << 20)))
    expect(bomb.length).toBeLessThan(100_000)
    expect(await decompress(bomb, 'deflate-raw', 1 << 20)).toBeUndefined()
  })
})
