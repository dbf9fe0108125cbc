import { carWhole, eachBlock } from './car-source.ts'
import { openDatabase, putAll } from './database.ts'
import type { Task } from './worker.ts'

/** Rows in one transaction. More make little difference, and hold more memory. */
const ROWS_PER_TRANSACTION = 1000

/** The obvious layout: one row a block, its CID the key. */
export const rowImport: Task<'rowImport'> = async (input) => {
  const [car, db] = await Promise.all([carWhole(input), openDatabase('rows')])
  return async () => {
    const batches: [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>][][] = [[]]
    const rows = eachBlock(car, (cid, from, to) => {
      const last = batches.at(-1)
      // slices: a view would have the whole file cloned with it
      if (last !== undefined && last.length < ROWS_PER_TRANSACTION)
        last.push([car.slice(cid, from), car.slice(from, to)])
      else batches.push([[car.slice(cid, from), car.slice(from, to)]])
    })
    for (const batch of batches) await putAll(db, batch)
    return { rows }
  }
}
