import { openIndexedDb } from '../../src/storage/indexeddb/open.ts'
import { carWhole } from './car-source.ts'
import { countingStorage } from './counting-storage.ts'
import { openDatabase, putAll } from './database.ts'
import { createHashes, importCar } from './import-ours.ts'
import { headOf } from './open.ts'
import type { Task } from './worker.ts'

/** Updates one after the other; each from the first byte offered to the head durably moved. */
export const ourUpdates: Task<'ourUpdates'> = async ({ did, didKey, urls }) => {
  const cars = await Promise.all(urls.map((url) => carWhole({ url })))
  const { storage, counts } = countingStorage(await openIndexedDb())
  const hashes = await createHashes()
  return async () => {
    const out: { ms: number; written: number }[] = []
    for (const car of cars) {
      counts.written = 0
      const started = performance.now()
      const base = await headOf(storage, did)
      await importCar({ input: { did, didKey }, chunks: once(car), storage, hashes, base })
      out.push({ ms: performance.now() - started, written: counts.written })
    }
    return out
  }
}

async function* once(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield bytes
}

/** The least: the same bytes as one value, on the disk. */
export const floorUpdates: Task<'floorUpdates'> = async ({ urls }) => {
  const cars = await Promise.all(urls.map((url) => carWhole({ url })))
  const db = await openDatabase('floor-update')
  return async () => {
    const out: { ms: number }[] = []
    for (const [i, car] of cars.entries()) {
      const started = performance.now()
      await putAll(db, [[i, car]])
      out.push({ ms: performance.now() - started })
    }
    return out
  }
}
