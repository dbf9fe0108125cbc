import type { Page, Worker } from '@playwright/test'

/** Looks at the database from outside the app, as a person with developer tools would. */

export interface StoredBytes {
  /** key of each byte value, with its size */
  readonly values: Readonly<Record<string, number>>
  readonly total: number
}

const NAME = 'cairn'

/** Segments and blobs. Empty when the database is not there; never makes one. */
export async function storedBytes(page: Page): Promise<StoredBytes> {
  const values = await page.evaluate(async (name) => {
    const known = await indexedDB.databases()
    if (!known.some((one) => one.name === name)) return {}
    const db = await promised(indexedDB.open(name))
    const sizes: Record<string, number> = {}
    try {
      if (!db.objectStoreNames.contains('bytes')) return {}
      const store = db.transaction('bytes').objectStore('bytes')
      const [keys, all] = await Promise.all([promised(store.getAllKeys()), promised(store.getAll())])
      for (const [i, key] of keys.entries()) {
        if (typeof key !== 'string') continue
        const value: unknown = all[i]
        if (value instanceof Blob) sizes[key] = value.size
        else if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) sizes[key] = value.byteLength
      }
    } finally {
      db.close()
    }
    return sizes

    function promised<T>(request: IDBRequest<T>): Promise<T> {
      return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    }
  }, NAME)
  return { values, total: Object.values(values).reduce((sum, size) => sum + size, 0) }
}

/** All rows of some tables, as JSON text that can be compared. */
export function storedRows(from: Page | Worker, tables: readonly string[]): Promise<string> {
  // a worker's `evaluate` does the same for a function that uses no page
  return (from as Page).evaluate(
    async ({ name, wanted }) => {
      const db = await promised(indexedDB.open(name))
      const found: Record<string, unknown> = {}
      try {
        for (const table of wanted) {
          const store = db.transaction(table).objectStore(table)
          const [keys, rows] = await Promise.all([promised(store.getAllKeys()), promised(store.getAll())])
          found[table] = keys.map((key, i) => [key, rows[i]])
        }
      } finally {
        db.close()
      }
      return JSON.stringify(found, (_key, value: unknown) => {
        if (ArrayBuffer.isView(value)) return `bytes ${value.byteLength}`
        return typeof value === 'bigint' ? `${value}n` : value
      })

      function promised<T>(request: IDBRequest<T>): Promise<T> {
        return new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result)
          request.onerror = () => reject(request.error)
        })
      }
    },
    { name: NAME, wanted: tables },
  )
}

/** Deletes the database as a browser that evicts an origin does: without asking the app. */
export async function evictDatabase(page: Page): Promise<void> {
  await page.evaluate(
    (name) =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name)
        request.onsuccess = () => resolve()
        request.onerror = () => reject(request.error)
      }),
    NAME,
  )
}
