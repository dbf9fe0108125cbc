import { openRepo, snapshotRow, snapshotsOf } from '../kept.ts'
import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { createSegmentReader, type SegmentReader, WHOLE_TREE } from '../../storage/segment-reader.ts'

/** A snapshot that is being read, and what reads it. */
export interface Held {
  readonly snapshot: SnapshotRow
  readonly reader: SegmentReader
}

/** Finds snapshots by their commits; remembers the last one, which nearly all requests of a stream are about. */
export interface HeldSnapshots {
  /** `not-kept`: nothing of the repo is here; `root-gone`: not under this commit. */
  find(did: string, root: string | undefined): Promise<Held | 'not-kept' | 'root-gone'>
  forget(): void
}

export function createHeldSnapshots(storage: Storage): HeldSnapshots {
  let last: Held | undefined
  return {
    async find(did, root) {
      if (root !== undefined && last?.snapshot.did === did && last.snapshot.commitCid === root) {
        // What was swept may still be read in part: better told at once than found out page by page.
        const isThere = (await snapshotRow(storage, did, last.snapshot.id)) !== undefined
        if (isThere) return last
        last = undefined
      }
      const repo = await openRepo(storage, did)
      if (repo?.head === undefined) return 'not-kept'
      const snapshot =
        root === undefined || repo.head.commitCid === root
          ? repo.head
          : (await snapshotsOf(storage, did)).findLast((it) => it.commitCid === root)
      if (snapshot === undefined) return 'root-gone'
      const reader = last?.snapshot.did === did ? last.reader : createSegmentReader(storage, did, WHOLE_TREE)
      last = { snapshot, reader }
      return last
    },
    forget() {
      last = undefined
    },
  }
}
