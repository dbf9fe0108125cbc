import { parseTid } from '../../core/tid.ts'

/** The cursor of who holds nothing. */
export const NO_CURSOR = -1

/**
 * The cursor and sequence number of a rev: its microseconds. Undefined for what is no TID, or one of a time that a
 * number does not hold exactly (after the year 2255): such heads do not travel by packs.
 */
export function cursorOf(rev: string | undefined): number | undefined {
  const micros = rev === undefined ? undefined : parseTid(rev)?.micros
  return Number.isSafeInteger(micros) ? micros : undefined
}

/** The time that a cursor stands for, ISO 8601 with milliseconds and `Z`. */
export const timeOf = (cursor: number): string => new Date(Math.floor(cursor / 1000)).toISOString()
