import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toHex } from './bytes.ts'
import { createLanes } from './sha256-lanes.ts'
import type { Weaving } from './weave.ts'

const lanes = await createLanes()
if (lanes === undefined) throw new Error('this Node has no WebAssembly SIMD')
const { weave } = lanes

const decoder = new TextDecoder()

/** The same, one text after another. */
function plain({ frames, frameOf, bytes, texts }: Weaving): string {
  const out = texts.map((text, i) => {
    const [before, between, after] = (frames[frameOf[i] ?? 0] ?? []).map((it) => decoder.decode(it))
    return `${before}${toHex(bytes[i] ?? new Uint8Array())}${between}${text}${after}`
  })
  return out.join('')
}

const part = fc.string().map(utf8)
const weavings = fc.array(fc.tuple(part, part, part), { minLength: 1, maxLength: 5 }).chain((frames) =>
  fc
    .array(
      fc.record({
        frame: fc.nat(frames.length - 1),
        bytes: fc.option(fc.uint8Array({ maxLength: 70 }), { nil: undefined }),
        text: fc.string({ unit: 'grapheme-ascii' }),
      }),
    )
    .map((rows): Weaving => ({
      frames,
      frameOf: rows.map(({ frame }) => frame),
      bytes: rows.map(({ bytes }) => bytes),
      texts: rows.map(({ text }) => text),
    })),
)

it('puts frames, digits and texts together, with room around them', () => {
  fc.assert(
    fc.property(weavings, fc.nat(9), fc.nat(9), (weaving, before, after) => {
      const out = weave(weaving, before, after)
      const text = plain(weaving)
      expect(decoder.decode(out.subarray(before, out.length - after))).toBe(text)
      expect([...out.subarray(0, before), ...out.subarray(out.length - after)].every((it) => it === 0)).toBe(
        true,
      )
    }),
  )
})

it('does so with more than goes at once, and with what is longer than that by itself', () => {
  const frames: Weaving['frames'] = [[utf8('<'), utf8(':'), utf8('>')]]
  const lengths = [...Array.from({ length: 9000 }, (_, i) => i % 300), (1 << 20) + 5, 1, 1 << 19]
  const bytes = lengths.map((length, i) => new Uint8Array(length).fill(i))
  const weaving = { frames, frameOf: lengths.map(() => 0), bytes, texts: lengths.map(String) }
  expect(decoder.decode(weave(weaving, 0, 0))).toBe(plain(weaving))
})

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
