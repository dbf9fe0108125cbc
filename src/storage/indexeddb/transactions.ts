import { type IDBPDatabase, type IDBPObjectStore, unwrap, wrap } from 'idb'
import { StorageError } from '../errors.ts'
import { limitOf } from '../key-rules.ts'
import type { Guard, Range, Row, WriteOptions } from '../port.ts'
import type { StoredOp } from './stored-op.ts'
import type { StoreName } from './stores.ts'

// Every transaction of the adapter lives in this file, and nothing but IndexedDB requests and the end
// of the transaction is awaited here: a transaction commits by itself as soon as it has nothing to do,
// so a foreign await would split a write in two. `no-foreign-await.test.ts` reads this file. A transaction is the
// platform's own, and each request that is waited for is wrapped by itself: proxies around all of it cost more than
// most requests take.

/** Values of `keys` in one transaction, undefined where absent. */
export async function getAll(db: IDBPDatabase, name: StoreName, keys: readonly string[]): Promise<unknown[]> {
  const store = begin(db, [name], 'readonly').objectStore(name)
  return await Promise.all(keys.map((key) => wrap(store.get(key))))
}

/** The rows of a range that is not empty. */
export async function listRows(db: IDBPDatabase, name: StoreName, range: Range): Promise<Row[]> {
  const query = toKeyRange(range)
  if (range.reverse === true && range.limit !== undefined) {
    const rows: Row[] = []
    let cursor = await walked(db, name).openCursor(query, 'prev')
    while (cursor !== null) {
      // Only string keys are ever written (`checkKey`).
      rows.push({ key: cursor.key as string, value: cursor.value })
      if (rows.length >= range.limit) break
      cursor = await cursor.continue()
    }
    return rows
  }
  const store = begin(db, [name], 'readonly').objectStore(name)
  const count = toCount(range)
  const [keys, values] = await Promise.all([
    wrap(store.getAllKeys(query, count)),
    wrap(store.getAll(query, count)),
  ])
  // Only string keys are ever written (`checkKey`).
  const rows = keys.map((key, at): Row => ({ key: key as string, value: values[at] }))
  return range.reverse === true ? rows.reverse() : rows
}

/** The keys of a range that is not empty. */
export async function listKeys(db: IDBPDatabase, name: StoreName, range: Range): Promise<string[]> {
  const query = toKeyRange(range)
  const keys: string[] = []
  if (range.reverse === true && range.limit !== undefined) {
    let cursor = await walked(db, name).openKeyCursor(query, 'prev')
    while (cursor !== null) {
      // Only string keys are ever written (`checkKey`).
      keys.push(cursor.key as string)
      if (keys.length >= range.limit) break
      cursor = await cursor.continue()
    }
    return keys
  }
  const store = begin(db, [name], 'readonly').objectStore(name)
  const found = await wrap(store.getAllKeys(query, toCount(range)))
  // Only string keys are ever written (`checkKey`).
  for (const key of found) keys.push(key as string)
  return range.reverse === true ? keys.reverse() : keys
}

/** How many keys lie in a range that is not empty, up to its limit. */
export async function countKeys(db: IDBPDatabase, name: StoreName, range: Range): Promise<number> {
  const store = begin(db, [name], 'readonly').objectStore(name)
  const all = await wrap(store.count(toKeyRange(range)))
  return Math.min(all, limitOf(range))
}

/**
 * Checks the guards and applies all `ops`, or nothing. Resolves once the transaction is complete
 * (and flushed, with `strict`).
 */
export async function writeAll(
  db: IDBPDatabase,
  ops: readonly StoredOp[],
  guards: readonly Guard[],
  durability: NonNullable<WriteOptions['durability']>,
): Promise<void> {
  const names = new Set<StoreName>([...guards.map((guard) => guard.table), ...ops.map((op) => op.store)])
  if (names.size === 0) return
  const tx = begin(db, [...names], 'readwrite', durability)
  const end = endOf(tx)
  let failure: unknown
  try {
    const reads = guards.map((guard) => wrap(tx.objectStore(guard.table).get(guard.key)))
    for (const read of reads) read.catch(() => {})
    // On their way together with what is read: whatever does not hold takes all of it back, and waiting for the answer
    // first would cost every guarded write a round trip.
    for (const op of ops) {
      const request = issue(tx, op)
      request.addEventListener('error', () => {
        // The first failed request aborts the transaction; those after it only say so.
        failure ??= isTaken(op, request.error)
          ? new StorageError('storage.exists', { table: op.store, key: op.key })
          : request.error
      })
    }
    const values = reads.length === 0 ? [] : await Promise.all(reads)
    for (const [at, guard] of guards.entries()) {
      if (guard.holds(values[at])) continue
      throw new StorageError('storage.conflict', { table: guard.table, key: guard.key })
    }
    // Else it would end a round trip later, when the last of its requests has been told of.
    tx.commit()
  } catch (error) {
    failure = error
    abort(tx)
  }
  const aborted = await end
  if (aborted === undefined) return
  // A commit that fails (quota) is known to the transaction only.
  throw failure === undefined || isAbort(failure) ? aborted.error : failure
}

function begin(
  db: IDBPDatabase,
  names: readonly StoreName[],
  mode: 'readonly' | 'readwrite',
  durability: NonNullable<WriteOptions['durability']> = 'relaxed',
): IDBTransaction {
  return unwrap(db).transaction(names, mode, { durability })
}

/** A store for cursors, whose steps can be waited for. */
function walked(db: IDBPDatabase, name: StoreName): IDBPObjectStore<unknown, ArrayLike<string>, StoreName> {
  const tx = wrap(begin(db, [name], 'readonly'))
  // Each request tells of failures; this one must not do so unheard.
  tx.done.catch(() => {})
  return tx.objectStore(name)
}

/** Resolves when all is over: with nothing after a commit, with the reason after an abort. */
function endOf(tx: IDBTransaction): Promise<{ error: unknown } | undefined> {
  return new Promise((resolve) => {
    tx.addEventListener('complete', () => resolve(undefined))
    tx.addEventListener('abort', () => {
      resolve({ error: tx.error ?? new DOMException('The transaction was aborted.', 'AbortError') })
    })
  })
}

function issue(tx: IDBTransaction, op: StoredOp): IDBRequest {
  const store = tx.objectStore(op.store)
  switch (op.type) {
    case 'put':
      return store.put(op.value, op.key)
    case 'add':
      return store.add(op.value, op.key)
    case 'delete':
      return store.delete(op.key)
    case 'delete-range':
      return store.delete(IDBKeyRange.bound(op.from, op.to, false, true))
  }
}

function abort(tx: IDBTransaction): void {
  try {
    tx.abort()
  } catch {
    // It has ended by itself, with the connection or a failed request.
  }
}

function isTaken(op: StoredOp, error: unknown): op is StoredOp & { type: 'add' } {
  return op.type === 'add' && error instanceof DOMException && error.name === 'ConstraintError'
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

function toKeyRange({ from, to }: Range): IDBKeyRange | undefined {
  if (from !== undefined && to !== undefined) return IDBKeyRange.bound(from, to, false, true)
  if (from !== undefined) return IDBKeyRange.lowerBound(from)
  return to === undefined ? undefined : IDBKeyRange.upperBound(to, true)
}

/** The largest count IndexedDB takes. */
const MAX_COUNT = 0xffff_ffff

/** IndexedDB reads 0 as "all" and refuses what is no unsigned 32-bit integer. */
function toCount(range: Range): number | undefined {
  const limit = limitOf(range)
  return range.reverse === true || limit > MAX_COUNT ? undefined : Math.ceil(limit)
}
