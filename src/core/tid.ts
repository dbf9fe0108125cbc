/**
 * Timestamp identifiers (atproto TID spec): 13 characters of sortable base32, 53 bits of microseconds
 * since the Unix epoch, then 10 bits of clock id. String order is time order.
 */

const ALPHABET = '234567abcdefghijklmnopqrstuvwxyz'
const TID = /^[2-7a-j][2-7a-z]{12}$/

/** Characters in a TID. */
const TID_LENGTH = 13

/** Largest clock id: 10 bits. */
export const MAX_CLOCK_ID = 1023

export interface Tid {
  /** microseconds since the Unix epoch; exact up to 2^53 - 1 (the year 2255), rounded above */
  readonly micros: number
  /** 0 to 1023 */
  readonly clockId: number
}

export function isTid(text: string): boolean {
  return text.length === TID_LENGTH && TID.test(text)
}

/** The parts of a TID; undefined when the text is none. */
export function parseTid(text: string): Tid | undefined {
  if (!isTid(text)) return undefined
  let micros = 0
  for (let i = 0; i < 11; i++) micros = micros * 32 + ALPHABET.indexOf(text.charAt(i))
  const clockId = ALPHABET.indexOf(text.charAt(11)) * 32 + ALPHABET.indexOf(text.charAt(12))
  return { micros, clockId }
}

/** The TID of a time in microseconds (0 to 2^53 - 1) and a clock id (0 to 1023); else throws RangeError. */
export function formatTid(micros: number, clockId: number): string {
  if (!Number.isSafeInteger(micros) || micros < 0) throw new RangeError('TID time out of range')
  if (!Number.isInteger(clockId) || clockId < 0 || clockId > MAX_CLOCK_ID) {
    throw new RangeError('TID clock id out of range')
  }
  let text = ALPHABET.charAt(Math.floor(clockId / 32)) + ALPHABET.charAt(clockId % 32)
  let rest = micros
  for (let i = 0; i < 11; i++) {
    text = ALPHABET.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/**
 * Order of two revs: negative when `a` is older. The whole string counts, clock id included, because
 * two revs may share a microsecond.
 */
export function compareRev(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
