import { now } from './seen.ts'

/**
 * From here on every transaction of this page that writes is complete when its bytes are on the disk, whoever opens
 * it: rivals leave that to the browser, which waits for nothing.
 */
export function writeStrictly(): void {
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function begin(this: IDBDatabase, names, mode, options) {
    return transaction.call(
      this,
      names,
      mode,
      mode === 'readwrite' ? { ...options, durability: 'strict' } : options,
    )
  }
}

const STORE = 'values'
let opening: Promise<IDBDatabase> | undefined
let next = 0

/** How long one transaction takes that puts so many bytes on the disk as one value, in a bare database, ms. */
export async function strictWrite(bytes: number): Promise<number> {
  const db = await (opening ??= openBare())
  const value = crypto.getRandomValues(new Uint8Array(bytes))
  const started = now()
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const opened = db.transaction([STORE], 'readwrite', { durability: 'strict' })
  opened.addEventListener('complete', () => resolve(now() - started))
  opened.addEventListener('abort', () => reject(opened.error ?? new Error('aborted')))
  opened.objectStore(STORE).put(value, next++)
  return promise
}

function openBare(): Promise<IDBDatabase> {
  const { promise, resolve, reject } = Promise.withResolvers<IDBDatabase>()
  const request = indexedDB.open('floor', 1)
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
  request.addEventListener('success', () => resolve(request.result))
  request.addEventListener('error', () => reject(request.error ?? new Error('no database')))
  return promise
}
