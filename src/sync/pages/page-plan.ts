import { childAt, keysOf } from '../../repo/mst/read.ts'
import { FIELDS, type MstNode, VALUE } from '../../repo/mst/node.ts'
import type { Span } from '../../repo/proof.ts'
import type { Place, StoredChild } from '../../repo/mst/stored.ts'
import { carFrameLength } from '../../repo/car/writer.ts'
import { createBlockLayout, type RecordSource } from '../../storage/block-layout.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { digestOfCid } from './cids.ts'
import { holdsAll, inRange, mayHold, type PathRange } from './range.ts'

export interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly last: string | undefined
  readonly end: boolean
  readonly records: number
}

/** A node of a tree that pages are made of, and what it has at hand below it and beside it. */
interface PageNode {
  readonly node: MstNode
  readonly records: readonly (Place | undefined)[]
  readonly children: readonly (StoredChild | undefined)[]
}

/** A tree that pages are made of. What it has not at hand, below a node or beside it, ends a page. */
export interface PageTree extends RecordSource {
  /** A node that can be had without waiting. */
  held(at: Place): PageNode | undefined
  load(at: Place): Promise<PageNode>
}

/** The commit that a page begins with, and the root under it. */
export type PageRoot = Pick<SnapshotRow, 'commit' | 'commitCid' | 'data'> & { readonly root: StoredChild }

export interface PageForm {
  readonly known: boolean
  readonly maxBytes: number
  readonly bare?: boolean
}

/** A node that the way is in. */
interface Level {
  readonly found: PageNode
  /** undefined where none is needed */
  readonly keys: readonly string[] | undefined
  readonly span: Span
  /** even: child step/2; odd: entry (step-1)/2 */
  step: number
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
  const layout = createBlockLayout(bare)
  if (!known) layout.block(digestOfCid(snapshot.commitCid), 0, snapshot.commit)
  /** Nodes that were met since the last record: they go with the next one. */
  let waiting: Met[] = []
  let waitingSize = 0
  let size = 0
  let records = 0
  /** the last record: this entry of the node */
  let lastNode: MstNode | undefined
  let lastEntry = 0
  const { after } = range

  const levels: Level[] = []
  const enter = (found: PageNode, source: Uint8Array, at: number, span: Span): void => {
    const { node } = found
    // Where all of it is in the range nobody asks for a path, and nothing of it was sent before.
    const keys = holdsAll(range, span) ? undefined : keysOf(node)
    levels.push({ found, keys, span, step: 0 })
    const leadsToAfter =
      after !== undefined && span.after < after && (span.before === undefined || after < span.before)
    if (known && keys !== undefined && leadsToAfter) return
    waiting.push({ source, at, bytes: node.bytes })
    waitingSize += carFrameLength(node.bytes.length)
  }
  /** False when the page is full, or goes no further here. */
  const take = ({ found: { node, records: places } }: Level, i: number): boolean => {
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
    lastNode = node
    lastEntry = i
    return true
  }

  enter(reader.held(snapshot.root) ?? (await reader.load(snapshot.root)), snapshot.data, 0, {
    after: '',
    before: undefined,
  })
  let end = false
  for (;;) {
    const level = levels.at(-1)
    end = level === undefined
    if (level === undefined) break
    const {
      found: { node, children },
      keys,
      span,
      step,
    } = level
    const i = step >> 1
    if (step > 2 * node.count) {
      levels.pop()
      continue
    }
    level.step++
    if (step % 2 === 1) {
      if ((keys === undefined || inRange(range, keys[i] ?? '')) && !take(level, i)) break
      continue
    }
    const at = childAt(node, i)
    if (at < 0) continue
    const inner =
      keys === undefined ? span : { after: keys[i - 1] ?? span.after, before: keys[i] ?? span.before }
    if (keys !== undefined && !mayHold(range, inner.after, inner.before)) continue
    const child = children[i]
    if (child === undefined) break
    // Most lie beside one that was read: no wait for them, which costs more than all else that is done for a node.
    enter(reader.held(child) ?? (await reader.load(child)), node.bytes, at, inner)
  }
  // What is left shows that nothing follows.
  if (end) for (const it of waiting) layout.block(it.source, it.at, it.bytes)
  const last = lastNode === undefined ? after : keysOf(lastNode)[lastEntry]
  return { bytes: await layout.build(reader), last, end, records }
}
