import { p256 } from '@noble/curves/nist.js'
import { afterEach, expect, it, vi } from 'vitest'
import { utf8 } from '../core/bytes.ts'
import { verifyP256 } from './p256-verify.ts'
import { p256Agreement } from './testing/p256-agreement.ts'

afterEach(() => vi.unstubAllGlobals())

it('the host says of signatures what the pure code says', async () => {
  expect(await p256Agreement(20)).toEqual({ valid: 20, invalid: 180 })
})

it('a host without such code is done without', async () => {
  // As outside secure contexts.
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
  const secret = new Uint8Array(32).fill(9)
  const point = p256.getPublicKey(secret, true)
  const sig = p256.sign(utf8('this'), secret, { prehash: true, lowS: true })
  expect(await verifyP256('one', point, sig, utf8('this'))).toBe(true)
  expect(await verifyP256('one', point, sig, utf8('that'))).toBe(false)
})
