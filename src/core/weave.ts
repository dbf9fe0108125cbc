import { type BlocksModule, reserve, TABLE_AT } from './blocks-module.ts'

/** Texts to be put together, each of a frame, of bytes in lowercase hexadecimal, and of a text of its own. */
export interface Weaving {
  /** UTF-8: what comes before the digits, between them and the text, and after it */
  readonly frames: readonly (readonly [Uint8Array, Uint8Array, Uint8Array])[]
  /** of each text, the index of its frame */
  readonly frameOf: readonly number[]
  /** of each, undefined for no digits */
  readonly bytes: readonly (Uint8Array | undefined)[]
  /** of each, in ASCII */
  readonly texts: readonly string[]
}

/** Puts texts together, one after another, with room for what is to come before them and after them, bytes. */
export type Weave = (weaving: Weaving, before: number, after: number) => Uint8Array<ArrayBuffer>

/** Numbers of an entry in the module's table: its frame, where its bytes are, how many, how long its text is. */
const ENTRY = 4
/** Texts of one call at most. */
const TEXTS = 4096
/** Bytes that one call writes at most; one text may be longer by itself. */
const OUTPUT_BYTES = 1 << 20
/** Numbers of a frame in memory: offset and length of its three parts. */
const FRAME = 6
const FRAMES_AT = TABLE_AT + TEXTS * ENTRY * 4
/** Read behind the bytes, and written behind the texts. */
const SPARE = 16

const encoder = new TextEncoder()

/** Five times as fast as strings put together by a program that has run little, as one is that reads a long list. */
export function createWeave({ memory, weave }: Pick<BlocksModule, 'memory' | 'weave'>): Weave {
  return ({ frames, frameOf, bytes, texts }, before, after) => {
    const frameSizes = frames.map((parts) => parts.reduce((sum, { length }) => sum + length, 0))
    // Every index is below the length of its list.
    const sizes = texts.map(
      (text, i) => (frameSizes[frameOf[i] ?? 0] ?? 0) + (bytes[i]?.length ?? 0) * 2 + text.length,
    )
    const out = new Uint8Array(before + sizes.reduce((sum, it) => sum + it, 0) + after)
    const inputAt = enterFrames(memory, frames)
    let at = before
    for (let first = 0; first < texts.length;) {
      let written = 0
      let last = first
      for (; last < texts.length && last - first < TEXTS; last++) {
        const size = sizes[last] ?? 0
        if (last > first && written + size > OUTPUT_BYTES) break
        written += size
      }
      // What is written has all bytes twice and all texts once.
      const held = reserve(memory, inputAt + written * 2 + SPARE * 2)
      const table = new Uint32Array(memory.buffer, TABLE_AT, TEXTS * ENTRY)
      let end = inputAt
      for (let i = first, entry = 0; i < last; i++, entry += ENTRY) {
        const own = bytes[i]
        table[entry] = FRAMES_AT + (frameOf[i] ?? 0) * FRAME * 4
        table[entry + 1] = end
        table[entry + 2] = own?.length ?? 0
        table[entry + 3] = texts[i]?.length ?? 0
        if (own === undefined) continue
        held.set(own, end)
        end += own.length
      }
      const textsAt = end + SPARE
      const text = texts.slice(first, last).join('')
      encoder.encodeInto(text, held.subarray(textsAt))
      const outAt = textsAt + text.length
      const outEnd = weave(TABLE_AT, last - first, textsAt, outAt)
      out.set(held.subarray(outAt, outEnd), at)
      at += outEnd - outAt
      first = last
    }
    return out
  }
}

/** Puts the frames into memory, and gives where they end. */
function enterFrames(memory: WebAssembly.Memory, frames: Weaving['frames']): number {
  let end = FRAMES_AT + frames.length * FRAME * 4
  for (const part of frames.flat()) end += part.length
  const held = reserve(memory, end)
  const table = new Uint32Array(memory.buffer, FRAMES_AT, frames.length * FRAME)
  let at = FRAMES_AT + table.byteLength
  for (const [i, part] of frames.flat().entries()) {
    table.set([at, part.length], i * 2)
    held.set(part, at)
    at += part.length
  }
  return at
}
