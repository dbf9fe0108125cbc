import { PackError } from './errors.ts'

/** Forms of text that the format demands. */

const HEX_DIGEST = /^[0-9a-f]{64}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** True for a SHA-256 in lowercase hexadecimal. */
export function isHexDigest(text: string): boolean {
  return HEX_DIGEST.test(text)
}

/** The digest itself. Throws `pack.value` when it is none. */
export function digestText(text: string): string {
  if (!isHexDigest(text)) throw new PackError('pack.value', { reason: 'digest' })
  return text
}

/** True for a time that exists, in ISO 8601 with milliseconds and `Z`. */
export function isTime(text: string): boolean {
  if (!TIME.test(text)) return false
  const time = new Date(text)
  // The 30th of February becomes a day of March.
  return !Number.isNaN(time.getTime()) && time.toISOString() === text
}
