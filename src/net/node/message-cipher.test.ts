import { createCipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMessageCipher } from './message-cipher.ts'

const cipher = await createMessageCipher()
if (cipher === undefined) throw new Error('this Node has no WebAssembly')

/** What OpenSSL makes of it. */
function sealed(message: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  const openssl = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  return new Uint8Array(Buffer.concat([openssl.update(message), openssl.final(), openssl.getAuthTag()]))
}

describe('messages sealed by the library', () => {
  it('are those of OpenSSL, at every length around the edges of blocks', () => {
    const [key, nonce] = [randomBytes(32), randomBytes(12)]
    const lengths = [...Array(1100).keys(), 4096, 65_280, 65_518, 65_519, 65_535]
    for (const length of lengths) {
      const message = randomBytes(length)
      const mine = cipher.seal(message, nonce, key)
      expect(mine, `${length} bytes`).toEqual(sealed(message, nonce, key))
      if (length > 65_519) continue
      expect(cipher.open(mine ?? message, nonce, key), `${length} bytes`).toEqual(new Uint8Array(message))
    }
  })

  it('are those of OpenSSL for any key and nonce, and whatever carries there are', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      // Numbers as large as a block can be.
      fc.nat(700).map((length) => new Uint8Array(length).fill(0xff)),
    )
    fc.assert(
      fc.property(message, bytes(12), bytes(32), (it, nonce, key) => {
        const mine = cipher.seal(it, nonce, key)
        expect(mine).toEqual(sealed(it, nonce, key))
        expect(cipher.open(mine ?? it, nonce, key)).toEqual(it)
      }),
      { numRuns: 2000 },
    )
  })

  it('may lie in several arrays', () => {
    const [key, nonce, message] = [randomBytes(32), randomBytes(12), randomBytes(1000)]
    const parts = (bytes: Uint8Array) => [bytes.subarray(0, 12), bytes.subarray(12, 12), bytes.subarray(12)]
    const mine = cipher.seal(parts(message), nonce, key)
    expect(mine).toEqual(sealed(message, nonce, key))
    expect(cipher.open(parts(mine ?? message), nonce, key)).toEqual(new Uint8Array(message))
  })

  it('are not opened with a bit of them, of the key or of the nonce changed, nor in part', () => {
    const [key, nonce, message] = [randomBytes(32), randomBytes(12), randomBytes(333)]
    const good = sealed(message, nonce, key)
    const flipped = (bytes: Uint8Array, bit: number) =>
      Uint8Array.from(bytes, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    for (let bit = 0; bit < good.length * 8; bit++)
      expect(cipher.open(flipped(good, bit), nonce, key)).toBeUndefined()
    for (let bit = 0; bit < 256; bit++) expect(cipher.open(good, nonce, flipped(key, bit))).toBeUndefined()
    for (let bit = 0; bit < 96; bit++) expect(cipher.open(good, flipped(nonce, bit), key)).toBeUndefined()
    for (let length = 0; length < good.length; length++)
      expect(cipher.open(good.subarray(0, length), nonce, key)).toBeUndefined()
    expect(cipher.open(good, nonce, key)).toEqual(new Uint8Array(message))
  })

  it('are no longer than those of Noise, and need a whole key and nonce', () => {
    const [key, nonce] = [randomBytes(32), randomBytes(12)]
    expect(cipher.seal(new Uint8Array(65_536), nonce, key)).toBeUndefined()
    expect(cipher.open(new Uint8Array(65_536), nonce, key)).toBeUndefined()
    expect(() => cipher.seal(new Uint8Array(1), nonce, key.subarray(1))).toThrow(RangeError)
    expect(() => cipher.open(new Uint8Array(17), nonce.subarray(1), key)).toThrow(RangeError)
  })
})
