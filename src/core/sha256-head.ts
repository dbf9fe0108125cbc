/**
 * The first 32 bits of SHA-256, for tree keys: a key's layer is told by them alone, keys are short, and a
 * call into WebAssembly costs as much as such a hash. Measured on 32-byte keys: a third of the time, and
 * nothing is allocated. Source: FIPS 180-4.
 */

/** Fractional parts of the cube roots of the first 64 primes. */
export const SHA256_ROUND = Int32Array.from([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
])

/** Fractional parts of the square roots of the first 8 primes. */
export const SHA256_START = Int32Array.from([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
])

const BLOCK = 64
const schedule = new Int32Array(64)
const state = new Int32Array(8)

/** First word of the SHA-256 of bytes [from, to), as a signed 32-bit integer. */
export function sha256Head(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from
  // 0x80 and the bit length follow the message, in a block of their own when they do not fit.
  const blocks = Math.ceil((length + 9) / BLOCK)
  state.set(SHA256_START)
  for (let block = 0; block < blocks; block++) {
    fill(bytes, from, length, block * BLOCK)
    if (block === blocks - 1) {
      schedule[14] = Math.floor(length / 0x20000000)
      schedule[15] = length << 3
    }
    compress()
  }
  return state[0] as number // always there: eight words
}

/** Loads one block of the padded message, but for its length. */
function fill(bytes: Uint8Array, from: number, length: number, at: number): void {
  for (let word = 0; word < 16; word++) {
    let value = 0
    for (let i = 0; i < 4; i++) {
      const offset = at + word * 4 + i
      const byte = offset < length ? (bytes[from + offset] as number) : offset === length ? 0x80 : 0
      value = (value << 8) | byte
    }
    schedule[word] = value
  }
}

/** The casts below hold: every index is within the fixed lengths. They spare a check in the innermost loop. */
function compress(): void {
  const w = schedule
  for (let i = 16; i < 64; i++) {
    const a = w[i - 15] as number
    const b = w[i - 2] as number
    const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3)
    const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10)
    w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (SHA256_ROUND[i] as number) + (w[i] as number)) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
  state[4] = (state[4] as number) + e
  state[5] = (state[5] as number) + f
  state[6] = (state[6] as number) + g
  state[7] = (state[7] as number) + h
}
