import { pureJsCrypto } from '@libp2p/noise'
import { randomBytes } from 'node:crypto'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { createNoiseCrypto } from './noise-crypto.ts'

describe('noise by Node’s own cryptography', () => {
  const ours = createNoiseCrypto()
  const flat = (bytes: Uint8Array | Uint8ArrayList): Uint8Array => new Uint8Array(bytes.subarray())
  const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))

  it.each([0, 1, 63, 64, 1199, 1200, 65_519])('seals and opens %d bytes as the other one does', (size) => {
    const [key, nonce, ad, plain] = [random(32), random(12), random(size % 40), random(size)]
    const sealed = flat(pureJsCrypto.chaCha20Poly1305Encrypt(plain, nonce, ad, key))
    const list = new Uint8ArrayList(plain.subarray(0, size >> 1), plain.subarray(size >> 1))
    const sealedList = new Uint8ArrayList(sealed.subarray(0, size >> 1), sealed.subarray(size >> 1))
    for (const input of [plain, list])
      expect(flat(ours.chaCha20Poly1305Encrypt(input, nonce, ad, key))).toEqual(sealed)
    for (const input of [sealed, sealedList])
      expect(flat(ours.chaCha20Poly1305Decrypt(input, nonce, ad, key))).toEqual(plain)
  })

  it('opens nothing that was changed, cut off, or sealed under another key, nonce or context', () => {
    const [key, nonce, ad] = [random(32), random(12), random(8)]
    const sealed = flat(ours.chaCha20Poly1305Encrypt(random(100), nonce, ad, key))
    const changed = sealed.slice()
    changed[3] = (changed[3] ?? 0) ^ 1
    const opens = (...args: Parameters<typeof ours.chaCha20Poly1305Decrypt>): boolean => {
      try {
        ours.chaCha20Poly1305Decrypt(...args)
        return true
      } catch {
        return false
      }
    }
    expect(opens(sealed, nonce, ad, key)).toBe(true)
    expect(opens(changed, nonce, ad, key)).toBe(false)
    expect(opens(sealed.subarray(0, 99), nonce, ad, key)).toBe(false)
    expect(opens(sealed.subarray(0, 3), nonce, ad, key)).toBe(false)
    expect(opens(sealed, nonce, ad, random(32))).toBe(false)
    expect(opens(sealed, random(12), ad, key)).toBe(false)
    expect(opens(sealed, nonce, random(8), key)).toBe(false)
  })

  it('agrees on keys and hashes with the other one', () => {
    const mine = ours.generateX25519KeyPair()
    const theirs = pureJsCrypto.generateX25519KeyPair()
    const seed = random(32)
    expect(mine.publicKey).toHaveLength(32)
    expect(flat(ours.generateX25519SharedKey(mine.privateKey, theirs.publicKey))).toEqual(
      flat(pureJsCrypto.generateX25519SharedKey(theirs.privateKey, flat(mine.publicKey))),
    )
    expect(flat(ours.generateX25519KeyPairFromSeed(seed).publicKey)).toEqual(
      flat(pureJsCrypto.generateX25519KeyPairFromSeed(seed).publicKey),
    )
    const list = new Uint8ArrayList(seed, mine.publicKey)
    expect(flat(ours.hashSHA256(list))).toEqual(flat(pureJsCrypto.hashSHA256(list)))
    expect(ours.getHKDF(seed, mine.publicKey)).toEqual(pureJsCrypto.getHKDF(seed, mine.publicKey))
  })
})
