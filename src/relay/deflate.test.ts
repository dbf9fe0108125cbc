import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { decompress } from '../core/compress.ts'
import { deflateQuickly } from './deflate.ts'

it('what the relay compresses is what every host decompresses', async () => {
  for (const length of [0, 1, 70_000, 1 << 20]) {
    const bytes = new Uint8Array(randomBytes(length)).map((byte, i) => (i % 3 === 0 ? byte : 7))
    const small = await deflateQuickly(bytes)
    expect(small.length).toBeLessThan(length * 0.6 + 32)
    expect(await decompress(small, 'deflate-raw', length)).toEqual(bytes)
  }
})
