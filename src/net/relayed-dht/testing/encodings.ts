import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { toBase32, toBase58Btc, toBase64, toBase64Url } from '@atcute/multibase'
import { concat, toHex, utf8 } from '../../../core/bytes.ts'

/** Bytes that start out or end in another place of a base-64 text look different; these are all three ways. */
function base64Forms(bytes: Uint8Array, encode: (bytes: Uint8Array) => string): string[] {
  return [0, 1, 2].map((shift) => {
    const text = encode(concat([new Uint8Array(shift), bytes]))
    // Characters that share bits with what stands before or after are left out.
    const from = shift === 0 ? 0 : shift + 1
    return text.slice(from, Math.floor(((shift + bytes.length) * 8) / 6))
  })
}

/** A private key in every form in which its bytes could be sent. */
export function formsOfKey(key: Ed25519PrivateKey): ReadonlyMap<string, Uint8Array> {
  const seed = key.raw.subarray(0, 32)
  const forms = new Map<string, Uint8Array>([['raw', seed]])
  const text = (name: string, value: string): void => void forms.set(name, utf8(value))
  const wholes = { seed, pair: key.raw, protobuf: privateKeyToProtobuf(key) }
  for (const [name, bytes] of Object.entries(wholes)) {
    forms.set(`${name} raw`, bytes)
    text(`${name} hex`, toHex(bytes))
    text(`${name} HEX`, toHex(bytes).toUpperCase())
    text(`${name} base32`, toBase32(bytes))
    text(`${name} base58`, toBase58Btc(bytes))
  }
  base64Forms(seed, toBase64).forEach((value, i) => text(`base64 ${i}`, value))
  base64Forms(seed, toBase64Url).forEach((value, i) => text(`base64url ${i}`, value))
  return forms
}

/** Names of the forms that occur in any of the pieces. */
export function foundIn(pieces: readonly Uint8Array[], forms: ReadonlyMap<string, Uint8Array>): string[] {
  const whole = pieces.map((piece) => Buffer.from(piece.buffer, piece.byteOffset, piece.length))
  return [...forms]
    .filter(([, form]) => whole.some((piece) => piece.includes(Buffer.from(form))))
    .map(([name]) => name)
}
