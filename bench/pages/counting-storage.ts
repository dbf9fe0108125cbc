import type { Storage, WriteOp } from '../../src/storage/port.ts'

export interface Counts {
  /** bytes of rows and byte values that were read */
  read: number
  /** bytes of rows, byte values and their keys that were written */
  written: number
}

/** The same storage, with what passes through it counted. */
export function countingStorage(storage: Storage): { readonly storage: Storage; readonly counts: Counts } {
  const counts: Counts = { read: 0, written: 0 }
  const read = <T>(value: T): T => {
    counts.read += sizeOf(value)
    return value
  }
  return {
    counts,
    storage: {
      ...storage,
      get: async (table, key) => read(await storage.get(table, key)),
      getMany: async (table, keys) => read(await storage.getMany(table, keys)),
      list: async (table, range) => read(await storage.list(table, range)),
      keys: async (table, range) => read(await storage.keys(table, range)),
      byteKeys: async (range) => read(await storage.byteKeys(range)),
      readBytes: async (key, from, to) => read(await storage.readBytes(key, from, to)),
      readRanges: async (ranges) => read(await storage.readRanges(ranges)),
      readBlob: async (key) => read(await storage.readBlob(key)),
      write: async (ops, options) => {
        for (const op of ops) counts.written += weightOf(op)
        await storage.write(ops, options)
      },
    },
  }
}

function weightOf(op: WriteOp): number {
  switch (op.type) {
    case 'put':
    case 'add':
      return op.key.length + sizeOf(op.value)
    case 'put-bytes':
      return op.key.length + op.parts.reduce((sum, part) => sum + part.length, 0)
    case 'put-blob':
      return op.key.length + op.blob.size
    case 'delete':
    case 'delete-bytes':
      return op.key.length
    case 'delete-range':
    case 'delete-bytes-range':
      return op.from.length + op.to.length
  }
}

/** About what a structured clone of the value takes: contents, keys, and two bytes a value of overhead. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 2 + value.length
  if (typeof value !== 'object' || value === null) return 9
  if (value instanceof Blob) return value.size
  if (ArrayBuffer.isView(value)) return 2 + value.byteLength
  if (value instanceof ArrayBuffer) return 2 + value.byteLength
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 2)
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + 2 + sizeOf(item), 2)
}
