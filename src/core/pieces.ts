import { concat } from './bytes.ts'

/** A shorter piece costs more to keep than to copy: what an array needs for itself is some hundred bytes. */
const SHORT = 1024
/** Short pieces are copied into arrays of at most so many bytes. */
const LONGEST_COPY = 64 * 1024

/** Every array costs a microsecond to make, and most need none. */
const NONE = new Uint8Array()

/** Bytes that come in pieces and are one array in the end. */
export interface Pieces {
  readonly length: number
  /** Keeps a long piece as it is until the end, and a copy of a short one. */
  add(piece: Uint8Array): void
  /** All of it: the piece itself where there was but one long one. */
  join(): Uint8Array
}

/**
 * Gathers what someone else cuts into pieces, who may cut it into single bytes: they take about twice their length
 * then, not fifty times.
 */
export function createPieces(first: Uint8Array): Pieces {
  const whole = first.length === 0 ? [] : [first]
  let length = first.length
  let copies: Uint8Array = NONE
  let used = 0

  const putAway = (): void => {
    if (used > 0) whole.push(copies.subarray(0, used))
    copies = copies.subarray(used)
    used = 0
  }
  return {
    get length() {
      return length
    },
    add(piece) {
      length += piece.length
      if (piece.length >= SHORT) {
        putAway()
        whole.push(piece)
        return
      }
      if (piece.length > copies.length - used) {
        putAway()
        copies = new Uint8Array(Math.min(Math.max(SHORT, length), LONGEST_COPY))
      }
      copies.set(piece, used)
      used += piece.length
    },
    join() {
      putAway()
      const [only] = whole
      return whole.length === 1 && only !== undefined ? only : concat(whole)
    },
  }
}
