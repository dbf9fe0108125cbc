import { childAt, keysOf } from '../../repo/mst/read.ts'
import { FIELDS, type MstNode, VALUE } from '../../repo/mst/node.ts'
import type { Span } from '../../repo/proof.ts'
import type { Place, StoredChild } from '../../repo/mst/stored.ts'
import { carFrameLength } from '../../repo/car/writer.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { digestOfCid } from './cids.ts'
import { createPageLayout, type RecordSource } from './page-layout.ts'
import { holdsAll, inRange, mayHold, type PathRange } from './range.ts'

export interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly last: string | undefined
  readonly end: boolean
  readonly records: number
}

/** A tree that pages are made of. What it has not at hand, below a node or beside it, ends a page. */
export interface PageTree extends RecordSource {
  load(at: Place): Promise<{
    readonly node: MstNode
    readonly records: readonly (Place | undefined)[]
    readonly children: readonly (StoredChild | undefined)[]
  }>
}

/** The commit that a page begins with, and the root under it. */
export type PageRoot = Pick<SnapshotRow, 'commit' | 'commitCid' | 'data'> & { readonly root: StoredChild }

export interface PageForm {
  readonly known: boolean
  readonly maxBytes: number
  readonly bare?: boolean
}

/** A node that was met, and where its digest lies. */
interface Met {
  readonly source: Uint8Array
  readonly at: number
  readonly bytes: Uint8Array
}

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
  const layout = createPageLayout(bare)
  if (!known) layout.block(digestOfCid(snapshot.commitCid), 0, snapshot.commit)
  /** Nodes that were met since the last record: they go with the next one. */
  let waiting: Met[] = []
  let waitingSize = 0
  let size = 0
  let records = 0
  /** the last record: an entry of a node */
  let last: { readonly node: MstNode; readonly i: number } | undefined
  const { after } = range

  /** False when the page is full. */
  const go = async (at: StoredChild, source: Uint8Array, digestAt: number, span: Span): Promise<boolean> => {
    const { node, records: places, children } = await reader.load(at)
    // Where all of it is in the range nobody asks for a path, and nothing of it was sent before.
    const keys = holdsAll(range, span) ? undefined : keysOf(node)
    const sent =
      known &&
      after !== undefined &&
      keys !== undefined &&
      span.after < after &&
      (span.before === undefined || after < span.before)
    if (!sent) {
      waiting.push({ source, at: digestAt, bytes: node.bytes })
      waitingSize += carFrameLength(node.bytes.length)
    }
    for (let i = 0; i <= node.count; i++) {
      const below = childAt(node, i)
      if (below >= 0) {
        const child = children[i]
        const inner =
          keys === undefined ? span : { after: keys[i - 1] ?? span.after, before: keys[i] ?? span.before }
        if (keys === undefined || mayHold(range, inner.after, inner.before))
          if (child === undefined || !(await go(child, node.bytes, below, inner))) return false
      }
      if (i === node.count || (keys !== undefined && !inRange(range, keys[i] ?? ''))) continue
      const place = places[i]
      if (place === undefined) return false
      const weight = waitingSize + carFrameLength(place.length)
      if (records > 0 && size + weight > maxBytes) return false
      for (const it of waiting) layout.block(it.source, it.at, it.bytes)
      waiting = []
      waitingSize = 0
      layout.record(node.bytes, node.fields[i * FIELDS + VALUE] ?? 0, place)
      size += weight
      records++
      last = { node, i }
    }
    return true
  }

  const end = await go(snapshot.root, snapshot.data, 0, { after: '', before: undefined })
  // What is left shows that nothing follows.
  if (end) for (const it of waiting) layout.block(it.source, it.at, it.bytes)
  const path = last === undefined ? after : keysOf(last.node)[last.i]
  return { bytes: await layout.build(reader), last: path, end, records }
}
