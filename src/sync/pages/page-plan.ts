import { childDigest, keysOf, valueOf } from '../../repo/mst/read.ts'
import type { MstNode } from '../../repo/mst/node.ts'
import type { Place, StoredChild } from '../../repo/mst/stored.ts'
import { carFrameLength } from '../../repo/car/writer.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { buildBare } from './bare.ts'
import { digestOfCid } from './cids.ts'
import { buildFragment, type FragmentBlock } from './fragment.ts'
import { inRange, mayHold, type PathRange } from './range.ts'

export interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly last: string | undefined
  readonly end: boolean
  readonly records: number
}

/** A tree that pages are made of. What it has not at hand, below a node or beside it, ends a page. */
export interface PageTree {
  load(at: Place): Promise<{
    readonly node: MstNode
    readonly records: readonly (Place | undefined)[]
    readonly children: readonly (StoredChild | undefined)[]
  }>
  /** Bytes of records, in the order asked. */
  records(places: readonly Place[]): Promise<Uint8Array[]>
}

/** The commit that a page begins with, and the root under it. */
export type PageRoot = Pick<SnapshotRow, 'commit' | 'commitCid' | 'data'> & { readonly root: StoredChild }

export interface PageForm {
  readonly known: boolean
  readonly maxBytes: number
  readonly bare?: boolean
}

type Item = FragmentBlock | { readonly digest: Uint8Array; readonly place: Place }

/**
 * The next page of a range: the signed commit, the nodes from the root that may hold a path of the range, and
 * its records, in preorder, until `maxBytes` are reached; at least one record. With `known` the receiver has
 * the commit and the nodes on the way to `range.after` from the page before. A bare page holds the blocks
 * without their CIDs, and is cut where it would be with them.
 *
 * @throws StorageError `storage.segment-gone` when the snapshot was swept meanwhile
 */
export async function buildPage(
  reader: PageTree,
  snapshot: PageRoot,
  range: PathRange,
  { known, maxBytes, bare = false }: PageForm,
): Promise<Page> {
  const items: Item[] = known ? [] : [{ digest: digestOfCid(snapshot.commitCid), bytes: snapshot.commit }]
  /** Nodes that were met since the last record: they go with the next one. */
  let waiting: FragmentBlock[] = []
  let size = 0
  let records = 0
  let last = range.after
  const { after } = range

  /** False when the page is full. */
  const go = async (
    at: StoredChild,
    digest: Uint8Array,
    lower: string,
    upper: string | undefined,
  ): Promise<boolean> => {
    const { node, records: places, children } = await reader.load(at)
    const keys = keysOf(node)
    const sent = known && after !== undefined && lower < after && (upper === undefined || after < upper)
    if (!sent) waiting.push({ digest, bytes: node.bytes })
    for (let i = 0; i <= node.count; i++) {
      const key = keys[i]
      const left = keys[i - 1] ?? lower
      const right = key ?? upper
      const child = children[i]
      const below = childDigest(node, i)
      if (below !== undefined && mayHold(range, left, right))
        if (child === undefined || !(await go(child, below, left, right))) return false
      if (key === undefined || !inRange(range, key)) continue
      const place = places[i]
      if (place === undefined) return false
      const weight = waiting.reduce(
        (sum, it) => sum + carFrameLength(it.bytes.length),
        carFrameLength(place.length),
      )
      if (records > 0 && size + weight > maxBytes) return false
      items.push(...waiting, { digest: valueOf(node, i), place })
      waiting = []
      size += weight
      records++
      last = key
    }
    return true
  }

  const end = await go(snapshot.root, snapshot.data, '', undefined)
  // What is left shows that nothing follows.
  if (end) items.push(...waiting)
  const values = await reader.records(items.flatMap((item) => ('place' in item ? [item.place] : [])))
  let next = 0
  const blocks = items.map((item): FragmentBlock => {
    if (!('place' in item)) return item
    const bytes = values[next++]
    if (bytes === undefined) throw new RangeError('a record was not read')
    return { digest: item.digest, bytes }
  })
  return { bytes: (bare ? buildBare : buildFragment)(blocks), last, end, records }
}
