import { fromUint8Array } from '@atcute/repo'
import { carWhole } from './car-source.ts'
import { openDatabase, putInMegabytes } from './database.ts'
import type { Task } from './worker.ts'

/** What a reader does that checks nothing: decode every record, and keep the file in 1 MB values. */
export const atcuteImport: Task<'atcuteImport'> = async (input) => {
  const [car, db] = await Promise.all([carWhole(input), openDatabase('atcute')])
  return async () => {
    // the puts go on by themselves while the records are decoded: its best case
    const stored = putInMegabytes(db, car)
    let records = 0
    for (const entry of fromUint8Array(car)) {
      if (entry.record !== undefined) records++
    }
    await stored
    return { records }
  }
}
