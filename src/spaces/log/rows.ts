import type { Storage, WriteOp } from '../../storage/port.ts'

/** What one row of `space-log` holds: bytes as they came. */
export interface LogRow {
  readonly kind: 'operation' | 'card'
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface NumberedRow extends LogRow {
  readonly number: number
}

/** Digits of a row's number, so that keys sort as numbers do. */
const DIGITS = 16

const keyOf = (space: string, number: number): string => `${space}/${String(number).padStart(DIGITS, '0')}`

/** `0` is the character after `/`. */
const endOf = (space: string): string => `${space}0`

/** Rows of a space from this number on, in the order in which they were written, and the number after the last. */
export async function readRows(
  storage: Storage,
  space: string,
  from: number,
): Promise<{ readonly rows: NumberedRow[]; readonly next: number }> {
  const found = await storage.list('space-log', { from: keyOf(space, from), to: endOf(space) })
  const numberOf = (key: string): number => Number(key.slice(-DIGITS))
  const last = found.at(-1)
  return {
    rows: found.flatMap(({ key, value }) => (isRow(value) ? [{ ...value, number: numberOf(key) }] : [])),
    next: last === undefined ? from : numberOf(last.key) + 1,
  }
}

const isRow = (value: unknown): value is LogRow =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  (value.kind === 'operation' || value.kind === 'card') &&
  'bytes' in value &&
  value.bytes instanceof Uint8Array

/** Writes rows with numbers that nobody has, and deletes others, all or none. */
export function writeRows(
  storage: Storage,
  space: string,
  rows: readonly NumberedRow[],
  gone: readonly number[],
): Promise<void> {
  const table = 'space-log'
  const adds = rows.map(({ number, kind, bytes }): WriteOp => {
    return { type: 'add', table, key: keyOf(space, number), value: { kind, bytes } }
  })
  const deletes = gone.map((it): WriteOp => ({ type: 'delete', table, key: keyOf(space, it) }))
  return storage.write([...adds, ...deletes])
}

/** The operation that deletes all that is kept of a space's log: for who forgets the space. */
export const forgetLog = (space: string): WriteOp => {
  return { type: 'delete-range', table: 'space-log', from: keyOf(space, 0), to: endOf(space) }
}
