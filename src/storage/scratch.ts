import { concat } from '../core/bytes.ts'
import { nextTask } from './next-task.ts'
import { nowhere } from './nowhere.ts'
import { StorageError } from './errors.ts'
import type { ByteRange, Range, Storage, Table, WriteOp } from './port.ts'

/**
 * A storage of the few rows and bytes of a rehearsal, in memory. It answers each call in a task of its own, as a disk
 * does, so that others get their turn; it has one user, so it looks at no guard.
 *
 * @param check called before each answer; throws what it is answered with instead
 */
export function createScratch(check: () => void): Storage {
  const rows = new Map<string, unknown>()
  const values = new Map<string, Uint8Array<ArrayBuffer>>()
  const nameOf = (table: Table, key: string): string => `${table} ${key}`

  const keysOf = (table: Table, { from = '', to, limit, reverse }: Range = {}): string[] => {
    const prefix = nameOf(table, '')
    const keys = [...rows.keys()]
      .flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))
      .filter((key) => key >= from && (to === undefined || key < to))
      .sort()
    return (reverse === true ? keys.reverse() : keys).slice(0, limit)
  }
  const bytesOf = ({ key, from, to }: ByteRange): Uint8Array<ArrayBuffer> => {
    const value = values.get(key)
    if (value === undefined) throw new StorageError('storage.segment-gone', { key })
    return value.slice(from, to)
  }
  const apply = (op: WriteOp): void => {
    if (op.type === 'put' || op.type === 'add') rows.set(nameOf(op.table, op.key), op.value)
    else if (op.type === 'delete') rows.delete(nameOf(op.table, op.key))
    else if (op.type === 'put-bytes') values.set(op.key, concat(op.parts))
  }
  const later = async <T>(answer: () => T): Promise<T> => {
    await nextTask()
    check()
    return answer()
  }

  return {
    ...nowhere,
    get: (table, key) => later(() => rows.get(nameOf(table, key))),
    getMany: (table, keys) => later(() => keys.map((key) => rows.get(nameOf(table, key)))),
    keys: (table, range) => later(() => keysOf(table, range)),
    list: (table, range) =>
      later(() => keysOf(table, range).map((key) => ({ key, value: rows.get(nameOf(table, key)) }))),
    write(ops) {
      for (const op of ops) apply(op)
      return later(() => {})
    },
    readBytes: (key, from = 0, to = Number.POSITIVE_INFINITY) => later(() => bytesOf({ key, from, to })),
    readRanges: (ranges) => later(() => ranges.map(bytesOf)),
  }
}
