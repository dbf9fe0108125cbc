import { checkKey } from '../key-rules.ts'
import type { WriteOp } from '../port.ts'
import { pack, toStored } from './byte-values.ts'
import { BYTES, type StoreName } from './stores.ts'

/** A write as IndexedDB takes it. */
export type StoredOp =
  | { readonly type: 'put'; readonly store: StoreName; readonly key: string; readonly value: unknown }
  | { readonly type: 'add'; readonly store: StoreName; readonly key: string; readonly value: unknown }
  | { readonly type: 'delete'; readonly store: StoreName; readonly key: string }
  | { readonly type: 'delete-range'; readonly store: StoreName; readonly from: string; readonly to: string }

/**
 * Brings operations into the form in which they are stored. All that takes time (reading a small
 * Blob) happens here, before a transaction is open. Deletions of empty ranges, which IndexedDB
 * refuses, are left out.
 */
export async function toStoredOps(ops: readonly WriteOp[]): Promise<StoredOp[]> {
  const stored: StoredOp[] = []
  for (const op of ops) {
    switch (op.type) {
      case 'put':
      case 'add':
        checkKey(op.key)
        stored.push({ type: op.type, store: op.table, key: op.key, value: op.value })
        break
      case 'delete':
        stored.push({ type: 'delete', store: op.table, key: op.key })
        break
      case 'delete-range':
        if (op.from < op.to) stored.push({ type: 'delete-range', store: op.table, from: op.from, to: op.to })
        break
      case 'put-bytes':
        checkKey(op.key)
        stored.push({ type: 'put', store: BYTES, key: op.key, value: pack(op.parts) })
        break
      case 'put-blob':
        checkKey(op.key)
        stored.push({ type: 'put', store: BYTES, key: op.key, value: await toStored(op.blob) })
        break
      case 'delete-bytes':
        stored.push({ type: 'delete', store: BYTES, key: op.key })
        break
      case 'delete-bytes-range':
        if (op.from < op.to) stored.push({ type: 'delete-range', store: BYTES, from: op.from, to: op.to })
        break
    }
  }
  return stored
}
