import type { Clock } from '../../core/clock.ts'
import { repoRange, type SnapshotRow } from '../../storage/rows.ts'
import { hasCode } from '../../core/errors.ts'
import type { Storage } from '../../storage/port.ts'
import { sweepRepo } from '../../storage/sweep.ts'
import { deleteSnapshot } from '../../sync/keep.ts'
import { repoRow, snapshotsOf } from '../../sync/kept.ts'
import { exclusively } from '../../sync/work.ts'

/** Whoever reads a head, page by page or as one stream, has so long to end after it was replaced, ms. */
const PINNED_FOR = 60 * 60_000
/** Of an account that writes without pause no more are held than this. */
const MAX_PINNED = 64
/** A sweep reads the whole tree: it runs once so many snapshots can go, or when room is needed. */
const TRIM_AT = 8

/** Snapshots that nobody can be reading any more. A head, and what was one lately, stays. */
function superseded(snapshots: readonly SnapshotRow[], head: string | undefined, now: number): SnapshotRow[] {
  return snapshots.filter((it, i) => {
    const next = snapshots[i + 1]
    if (it.id === head || next === undefined) return false
    return now - next.takenAt > PINNED_FOR || snapshots.length - i > MAX_PINNED
  })
}

/**
 * Drops superseded snapshots of a repo and frees what they alone held; not now when something is at work on
 * it. True when something went. Unless `anyway` is set it waits until a sweep is worth its reading.
 */
export async function trim(
  storage: Storage,
  did: string,
  clock: Clock,
  { anyway = false }: { readonly anyway?: boolean } = {},
): Promise<boolean> {
  const count = await storage.count('snapshots', repoRange(did))
  if (count < 2 || (count <= TRIM_AT && !anyway)) return false
  const old = superseded(await snapshotsOf(storage, did), (await repoRow(storage, did))?.head, clock.now())
  if (old.length === 0 || (old.length < TRIM_AT && !anyway)) return false
  try {
    await exclusively(storage, did, async () => {
      // When room has to be made, nothing is written that would need some.
      for (const { id } of old) await deleteSnapshot(storage, did, id, { note: !anyway })
      await sweepRepo(storage, did)
      // The mark of a sweep that is due: this was it, and none else deletes snapshots while we hold the lock.
      await storage.write([{ type: 'delete', table: 'meta', key: `sweep/${did}` }])
    })
    return true
  } catch (error) {
    if (hasCode(error, 'sync.busy')) return false
    throw error
  }
}
