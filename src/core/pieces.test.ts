import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from './bytes.ts'
import { createPieces } from './pieces.ts'

describe('pieces', () => {
  it('are what they were, in order, however they are cut', () =>
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ maxLength: 3000 })), {
          maxLength: 40,
        }),
        (first, more) => {
          const pieces = createPieces(first)
          for (const piece of more) pieces.add(piece)
          const all = concat([first, ...more])
          expect(pieces.length).toBe(all.length)
          expect(pieces.join()).toEqual(all)
        },
      ),
    ))

  it('of a byte each are not kept: only what they say is', () => {
    const pieces = createPieces(new Uint8Array())
    const one = new Uint8Array(1)
    for (let i = 0; i < 300_000; i++) {
      one[0] = i
      pieces.add(one)
    }
    expect(pieces.join()).toEqual(Uint8Array.from({ length: 300_000 }, (_, i) => i))
  })

  it('a long one that came alone is given as it is', () => {
    const long = new Uint8Array(5000)
    expect(createPieces(long).join()).toBe(long)
  })
})
