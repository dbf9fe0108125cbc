import { hasCode } from '../../core/errors.ts'
import type { TreeRoot } from '../../repo/verify/walk-model.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'

/**
 * A repo's search index in table `search`:
 *
 * ```
 * did/index          IndexRow: what is indexed, what is being indexed, which rows count
 * did/b7/l00000      ChunkRow: base made by write 7, records of one-byte text, first chunk
 * did/b7/w00000      the same for records with other characters
 * did/d9/c00000      ChunkRow: what write 9 added since the base
 * did/d9/gone        paths that write 9 removed or replaced, joined by line feeds
 * ```
 *
 * Rows count only when the index row names them, and each write changes it too, so a stop between any two
 * writes leaves an index that is whole.
 */
export interface IndexRow {
  /** of this layout; another one is built anew */
  readonly version: number
  /** changes with every write: what guards compare */
  readonly generation: number
  /** answers searches */
  readonly current: Built | undefined
  /** will, once it is whole */
  readonly building: Building | undefined
}

const INDEX_VERSION = 1

/** The tree that an index speaks of. */
export interface IndexedTree {
  readonly root: TreeRoot
  readonly data: Uint8Array
  readonly collections: readonly { readonly nsid: string; readonly records: number }[]
}

export interface Base {
  readonly id: string
  /** chunks of each lane */
  readonly narrow: number
  readonly wide: number
}

export interface Built {
  readonly tree: IndexedTree
  readonly base: Base
  /** oldest first */
  readonly deltas: readonly Delta[]
}

export interface Delta {
  readonly id: string
  readonly chunks: number
  readonly records: number
  readonly gone: number
}

export interface Building {
  readonly tree: IndexedTree
  readonly base: Base
  /** records that are done, in the order of hits */
  readonly position: number
}

export type Lane = 'l' | 'w' | 'c'

export const indexKey = (did: string): string => `${did}/index`
export const chunkKey = (did: string, id: string, lane: Lane, chunk: number): string =>
  `${did}/${id}/${lane}${String(chunk).padStart(5, '0')}`
export const goneKey = (did: string, id: string): string => `${did}/${id}/gone`
export const deleteRows = (did: string, id: string): WriteOp => ({
  type: 'delete-range',
  table: 'search',
  from: `${did}/${id}/`,
  to: `${did}/${id}0`,
})

export const treeOf = (snapshot: SnapshotRow): IndexedTree => ({
  root: snapshot.root,
  data: snapshot.data.slice(),
  collections: snapshot.collections.map(({ nsid, records }) => ({ nsid, records })),
})

/** The rows below are our own, written by this code. One of another version counts as none. */
export function asIndexRow(value: unknown): IndexRow | undefined {
  const row = value as IndexRow | undefined
  return row?.version === INDEX_VERSION ? row : undefined
}

/** One repo's index row, as the writer of it sees it. */
export interface IndexState {
  readonly row: IndexRow
  /** An id that no rows have had before. */
  freshId(kind: 'b' | 'd'): string
  /**
   * Writes rows and the index row that names them in one transaction.
   * @throws StorageError `storage.conflict` when another writer was there first, or the repo was deleted.
   */
  commit(change: Partial<Pick<IndexRow, 'current' | 'building'>>, ops: readonly WriteOp[]): Promise<void>
}

export async function openIndex(storage: Storage, did: string): Promise<IndexState> {
  const found = await storage.get('search', indexKey(did))
  // Whatever is there, a later version's row too, must still be there when it is replaced.
  const generationOf = (value: unknown): number => (value as IndexRow | undefined)?.generation ?? 0
  const known = asIndexRow(found)
  let row: IndexRow = known ?? {
    version: INDEX_VERSION,
    generation: generationOf(found),
    current: undefined,
    building: undefined,
  }
  let stale = known === undefined
  return {
    get row() {
      return row
    },
    freshId: (kind) => `${kind}${row.generation + 1}`,
    async commit(change, ops) {
      const next: IndexRow = { ...row, ...change, generation: row.generation + 1 }
      const clear: WriteOp[] = stale
        ? [{ type: 'delete-range', table: 'search', from: `${did}/`, to: `${did}0` }]
        : []
      await storage.write(
        [...clear, ...ops, { type: 'put', table: 'search', key: indexKey(did), value: next }],
        {
          // An index can be made again.
          durability: 'relaxed',
          guards: [
            { table: 'search', key: indexKey(did), holds: (value) => generationOf(value) === row.generation },
            { table: 'repos', key: did, holds: (value) => value !== undefined },
          ],
        },
      )
      row = next
      stale = false
    },
  }
}

/** True when bytes that were to be read are gone: swept with the snapshot they belonged to. */
export const isGone = (error: unknown): boolean => hasCode(error, 'storage.segment-gone')
