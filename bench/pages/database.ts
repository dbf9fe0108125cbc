/** Bare IndexedDB for floors and rivals, without the product's code. */

export function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore('values'))
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('open failed')))
  })
}

/** Puts values in one transaction; resolves when they are on the disk. */
export function putAll(
  db: IDBDatabase,
  entries: readonly (readonly [key: IDBValidKey, value: unknown])[],
  durability: IDBTransactionDurability = 'strict',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction('values', 'readwrite', { durability })
    const store = transaction.objectStore('values')
    for (const [key, value] of entries) store.put(value, key)
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('error', () => reject(transaction.error ?? new Error('put failed')))
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('put aborted')))
    transaction.commit()
  })
}

/** The size of a packed value, as the product packs. */
const VALUE_BYTES = 1 << 20
/** Values in one transaction: fewer waits for the disk, and what the floor is fastest with. */
const VALUES_PER_TRANSACTION = 8

/** Puts the bytes as values of 1 MB, several transactions under way at once, all durable at the end. */
export async function putInMegabytes(db: IDBDatabase, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const done: Promise<void>[] = []
  let batch: [number, ArrayBuffer][] = []
  for (let at = 0; at < bytes.length; at += VALUE_BYTES) {
    batch.push([
      at,
      bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + Math.min(bytes.length, at + VALUE_BYTES)),
    ])
    if (batch.length < VALUES_PER_TRANSACTION && at + VALUE_BYTES < bytes.length) continue
    done.push(putAll(db, batch))
    batch = []
  }
  await Promise.all(done)
  return bytes.length
}
