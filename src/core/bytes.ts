/** Small helpers on byte arrays. None of them keeps or changes what it is given. */

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** All parts one after another in one fresh array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** A fresh copy of the range. Not `slice`, which on a Node Buffer gives a view. */
export function copyRange(bytes: Uint8Array, from: number, to: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.subarray(from, to))
}

/** True when `length` bytes at both offsets are the same. Ranges outside either array are never equal. */
export function equalAt(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  length: number,
): boolean {
  if (aOffset + length > a.length || bOffset + length > b.length) return false
  for (let i = 0; i < length; i++) {
    if (a[aOffset + i] !== b[bOffset + i]) return false
  }
  return true
}

/** True when both arrays hold the same bytes. Not constant time: never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && equalAt(a, 0, b, 0, a.length)
}

/** Bytewise order, a prefix before what it begins: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = a.length < b.length ? a.length : b.length
  for (let i = 0; i < length; i++) {
    // Both indexes are below their lengths.
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Lowercase hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16)
  return text
}

/** Bytes of an even-length hexadecimal text of either case; undefined when it is none. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16)
  return out
}

/** The text as UTF-8. A lone surrogate becomes U+FFFD, as TextEncoder does. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** The text of the range; undefined when it is not valid UTF-8. A byte order mark is kept. */
export function fromUtf8Strict(bytes: Uint8Array, from = 0, to = bytes.length): string | undefined {
  try {
    return strictDecoder.decode(bytes.subarray(from, to))
  } catch {
    return undefined
  }
}

/**
 * True when the range is well-formed UTF-8 (Unicode table 3-7): no overlong forms, no surrogates,
 * nothing above U+10FFFF, nothing cut off. Allocates nothing; ASCII costs one compare a byte.
 */
export function isValidUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  if (to > bytes.length) return false
  let at = from
  while (at < to) {
    // Every index read below is under `to`, which is at most the length.
    const lead = bytes[at] as number
    if (lead < 0x80) {
      at++
      continue
    }
    if (lead < 0xc2 || lead > 0xf4) return false
    const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (at + size > to) return false
    const second = bytes[at + 1] as number
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    if (second < low || second > high) return false
    if (size > 2 && ((bytes[at + 2] as number) & 0xc0) !== 0x80) return false
    if (size > 3 && ((bytes[at + 3] as number) & 0xc0) !== 0x80) return false
    at += size
  }
  return true
}
