import { createSHA256, type IHasher } from 'hash-wasm'
import { carWhole, eachBlock } from './car-source.ts'
import { openDatabase, putAll } from './database.ts'
import type { Task } from './worker.ts'

const VALUE_BYTES = 1 << 20
/** Of one, two, four and eight values in a transaction, four is the fastest. */
const VALUES_PER_TRANSACTION = 4

/**
 * The least that any importer that verifies must do: hash every block, and have every byte on the disk.
 * Each megabyte is put as soon as the hashing has passed it, so both go on at once.
 */
export const floorImport: Task<'floorImport'> = async (input) => {
  const [car, hasher] = await Promise.all([carWhole(input), createSHA256()])
  for (let i = 0; i < (input.before ?? 0); i++)
    await hashAndPut(car, await openDatabase(`before-${i}`), hasher)
  const db = await openDatabase('floor')
  return () => hashAndPut(car, db, hasher)
}

async function hashAndPut(
  car: Uint8Array<ArrayBuffer>,
  db: IDBDatabase,
  hasher: IHasher,
): Promise<{ hashed: number; stored: number }> {
  const done: Promise<void>[] = []
  let batch: [number, ArrayBuffer][] = []
  let stored = 0
  const flush = (): void => {
    if (batch.length > 0) done.push(putAll(db, batch))
    batch = []
  }
  const store = (to: number): void => {
    batch.push([stored, car.buffer.slice(car.byteOffset + stored, car.byteOffset + to)])
    stored = to
    if (batch.length === VALUES_PER_TRANSACTION) flush()
  }
  let wrong = 0
  const hashed = eachBlock(car, (cid, from, to) => {
    hasher.init()
    hasher.update(car.subarray(from, to))
    const digest = hasher.digest('binary')
    if (digest[0] !== car[cid + 4] || digest[31] !== car[cid + 35]) wrong++
    if (to - stored >= VALUE_BYTES) store(to)
  })
  if (stored < car.length) store(car.length)
  flush()
  if (wrong > 0) throw new Error(`${wrong} blocks do not hash to their CIDs`)
  await Promise.all(done)
  return { hashed, stored }
}
