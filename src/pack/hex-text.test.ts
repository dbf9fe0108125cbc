import { expect, it } from 'vitest'
import { toHex } from '../core/bytes.ts'
import { hexText } from './hex-text.ts'

const all = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) & 0xff)

it.each([0, 1, 255, 2048, 2049, 5000])('writes %i bytes as the digits that they are', (length) => {
  expect(hexText(all.subarray(0, length))).toBe(toHex(all.subarray(0, length)))
  expect(hexText(all.subarray(3, length))).toBe(toHex(all.subarray(3, length)))
})
