import type { Storage } from '../storage/port.ts'
import type { SnapshotRow } from '../storage/rows.ts'

type Named = Pick<SnapshotRow, 'did' | 'id'>

const lockOf = ({ did, id }: Named): string => `reading:${did}/${id}`

/**
 * Hands on what is read of a snapshot. Until all of it was, or the reader has enough, retention leaves the snapshot
 * alone, in whichever tab it is applied: an account that writes all day would end each long reading.
 */
export async function* whileRead<T>(
  storage: Storage,
  snapshot: Named,
  source: AsyncGenerator<T>,
): AsyncGenerator<T> {
  const begun = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  const lock = storage.lock(lockOf(snapshot), { mode: 'shared' }, async () => {
    begun.resolve()
    await over.promise
  })
  lock.catch(begun.reject)
  try {
    await begun.promise
    yield* source
  } finally {
    over.resolve()
    await lock
  }
}

/** The same for what reads a snapshot in one go. */
export const reading = <T>(storage: Storage, snapshot: Named, run: () => Promise<T>): Promise<T> =>
  storage.lock(lockOf(snapshot), { mode: 'shared' }, run)

/** Runs unless someone reads the snapshot; false then. */
export const unlessRead = (storage: Storage, snapshot: Named, run: () => Promise<void>): Promise<boolean> =>
  storage.lock(lockOf(snapshot), { mode: 'exclusive', ifAvailable: true }, async (free) => {
    if (free) await run()
    return free
  })
