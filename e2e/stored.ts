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

/**
 * Everything in the database, by table: each row as its key, then its value with all texts in it and bytes as Latin 1,
 * in which texts of ASCII can be found.
 */
export function storedTexts(page: Page): Promise<Readonly<Record<string, readonly string[]>>> {
  return page.evaluate(async (name) => {
    const db = await promised(indexedDB.open(name))
    const found: Record<string, readonly string[]> = {}
    try {
      for (const table of db.objectStoreNames) {
        const store = db.transaction(table).objectStore(table)
        const [keys, rows] = await Promise.all([promised(store.getAllKeys()), promised(store.getAll())])
        found[table] = await Promise.all(
          keys.map(async (key, i) => `${key as string} ${(await textsOf(rows[i])).join(' ')}`),
        )
      }
    } finally {
      db.close()
    }
    return found

    async function textsOf(value: unknown): Promise<string[]> {
      if (value instanceof Blob) return textsOf(await value.arrayBuffer())
      if (value instanceof ArrayBuffer) return [new TextDecoder('latin1').decode(value)]
      if (ArrayBuffer.isView(value)) return [new TextDecoder('latin1').decode(value)]
      if (value instanceof CryptoKey) return [`key ${value.type}`]
      if (value instanceof Map) return textsOf([...value])
      if (value instanceof Set) return textsOf([...value])
      if (typeof value !== 'object' || value === null)
        return [`${value as string | number | bigint | boolean | null | undefined}`]
      const parts = await Promise.all(Object.entries(value).map((entry) => Promise.all(entry.map(textsOf))))
      return parts.flat(2)
    }

    function promised<T>(request: IDBRequest<T>): Promise<T> {
      return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    }
  }, NAME)
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
