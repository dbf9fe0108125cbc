import { expect, it } from 'vitest'
import { toHex } from '../core/bytes.ts'
import { hexText } from './hex-text.ts'

it('is written by what a browser has for it, too', () => {
  for (const length of [0, 1, 255, 5000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff)
    expect(hexText(bytes)).toBe(toHex(bytes))
  }
})
