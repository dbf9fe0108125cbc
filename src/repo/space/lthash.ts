import { utf8 } from '../../core/bytes.ts'

/**
 * LtHash: the digest of a set that its elements can be put into and taken out of in any order. A state is 1,024
 * lanes of 16 bits, little-endian; an element is hashed to as many, which are added lane by lane modulo 2^16, or
 * subtracted. Spec: Lewi, Kim, Maykov, Weis, "Securing update propagation with homomorphic hashing" (2019), with
 * BLAKE3 in place of BLAKE2.
 *
 * It says nothing of one record: there are no proofs of inclusion, and a set in which an element is twice is not
 * told from others by it. So whoever keeps a state must know what is in, and take out only that.
 */

/** Bytes of a state, and of the output that is asked of BLAKE3. */
export const LTHASH_BYTES = 2048

/** The first 2,048 bytes of BLAKE3's extendable output for a message. */
export type Blake3Xof = (message: Uint8Array) => Uint8Array

export interface LtHash {
  /** of the empty set: zeros */
  empty(): Uint8Array<ArrayBuffer>
  /** puts a record into the state, in place */
  add(state: Uint8Array, path: string, cid: string): void
  /** takes a record out of the state, in place */
  remove(state: Uint8Array, path: string, cid: string): void
}

/** The element of a record: its path, a slash, its CID as text, in UTF-8. */
const elementOf = (path: string, cid: string): Uint8Array<ArrayBuffer> => utf8(`${path}/${cid}`)

export function createLtHash(blake3: Blake3Xof): LtHash {
  const apply = (state: Uint8Array, element: Uint8Array, sign: 1 | -1): void => {
    const lanes = blake3(element)
    if (state.length !== LTHASH_BYTES || lanes.length !== LTHASH_BYTES) {
      throw new RangeError('a state of LtHash has 2,048 bytes')
    }
    for (let at = 0; at < LTHASH_BYTES; at += 2) {
      // Both indexes are below the length.
      const lane = (state[at] as number) | ((state[at + 1] as number) << 8)
      const other = (lanes[at] as number) | ((lanes[at + 1] as number) << 8)
      const sum = lane + sign * other
      state[at] = sum & 0xff
      state[at + 1] = (sum >> 8) & 0xff
    }
  }
  return {
    empty: () => new Uint8Array(LTHASH_BYTES),
    add: (state, path, cid) => apply(state, elementOf(path, cid), 1),
    remove: (state, path, cid) => apply(state, elementOf(path, cid), -1),
  }
}
