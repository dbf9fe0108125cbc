import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from './bytes.ts'
import { createSha256 } from './hash.ts'

describe('createSha256', () => {
  it('agrees with another implementation, also on views and in sequence', async () => {
    const sha256 = await createSha256()
    const first = sha256(utf8('abc'))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, from) => {
        const view = bytes.subarray(Math.min(from, bytes.length))
        expect(toHex(sha256(view))).toBe(createHash('sha256').update(view).digest('hex'))
      }),
    )
    // Results belong to the caller: later hashes have not written over the first.
    expect(toHex(first)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('hashes more than its working memory at once', async () => {
    const sha256 = await createSha256()
    const large = new Uint8Array(300_001).fill(7)
    expect(toHex(sha256(large))).toBe(createHash('sha256').update(large).digest('hex'))
  })
})
