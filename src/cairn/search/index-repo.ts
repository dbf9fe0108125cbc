import { equalBytes } from '../../core/bytes.ts'
import { RepoError } from '../../repo/errors.ts'
import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { buildIndex, dropBuild, type IndexWork } from './build.ts'
import { isGone, type IndexedTree, openIndex, treeOf } from './rows.ts'
import { updateIndex } from './update.ts'

export interface IndexRepoInput {
  readonly storage: Storage
  readonly did: string
  /** the tree to be searched: the head */
  readonly snapshot: SnapshotRow
  readonly signal: AbortSignal
  /** share of the work that is done, 0..1 */
  readonly onProgress: (share: number) => void
  /** blobs were noted that nobody knew of, or new records of known ones */
  readonly onBlobs?: () => void
}

/**
 * Brings a repo's search index to a snapshot: by the difference from the snapshot it speaks of, or from
 * nothing, going on with a build that was cut off. Notes the blobs of new records on the way (table `blobs`).
 *
 * One process at a time works on a repo's index; another waits, and finds the work done. Best called before
 * the sweep of older snapshots: a difference needs the older tree, and without it the whole is indexed anew.
 *
 * Errors: the signal's reason when aborted; `storage.conflict` when the repo was deleted meanwhile;
 * `storage.segment-gone` when the snapshot itself is not stored any more.
 */
export async function indexRepo(input: IndexRepoInput): Promise<{ changed: boolean }> {
  const { storage, did, signal, snapshot } = input
  return storage.lock(`index:${did}`, { mode: 'exclusive', signal }, async () => {
    const state = await openIndex(storage, did)
    const { onProgress, onBlobs = () => {} } = input
    const work: IndexWork = { storage, did, state, signal, onProgress, onBlobs }
    const wanted = treeOf(snapshot)
    let changed = false
    for (;;) {
      signal.throwIfAborted()
      const { current, building } = state.row
      if (building === undefined && current !== undefined) {
        if (sameTree(current.tree, wanted)) return { changed }
        if (await tryUpdate(work, wanted)) return { changed: true }
      }
      await buildOrStartAnew(work, wanted)
      changed = true
    }
  })
}

/** False when the whole is to be indexed anew. */
async function tryUpdate(work: IndexWork, wanted: IndexedTree): Promise<boolean> {
  const { current } = work.state.row
  if (current === undefined) return false
  try {
    return await updateIndex(work, current, wanted)
  } catch (error) {
    // Where the older tree cannot be read, the newer one still can.
    if (isGone(error) || error instanceof RepoError || error instanceof RangeError) return false
    throw error
  }
}

/** A cut-off build of an older tree is ended first, since an update from it is cheap; unless that tree is gone. */
async function buildOrStartAnew(work: IndexWork, wanted: IndexedTree): Promise<void> {
  const { building } = work.state.row
  try {
    await buildIndex(work, wanted)
  } catch (error) {
    const older = building !== undefined && !sameTree(building.tree, wanted)
    if (!older || !isGone(error)) throw error
    await dropBuild(work)
    await buildIndex(work, wanted)
  }
}

const sameTree = (a: IndexedTree, b: IndexedTree): boolean => equalBytes(a.data, b.data)
