/** Sets of small numbers, such as an operation's ancestors: one bit each. */
export interface Bits {
  readonly words: Uint32Array
}

/** Room for the numbers below `size`. */
export const createBits = (size: number): Bits => ({ words: new Uint32Array((size + 31) >>> 5) })

/** False for numbers beyond the room. */
export const hasBit = ({ words }: Bits, at: number): boolean =>
  (((words[at >>> 5] ?? 0) >>> (at & 31)) & 1) === 1

export function addBit({ words }: Bits, at: number): void {
  const word = at >>> 5
  words[word] = (words[word] ?? 0) | (1 << (at & 31))
}

/** Adds all of `other`, which has no more room. */
export function addBits({ words }: Bits, other: Bits): void {
  for (let i = 0; i < other.words.length; i++) words[i] = (words[i] ?? 0) | (other.words[i] ?? 0)
}
