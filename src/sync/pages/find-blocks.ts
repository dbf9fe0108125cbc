import { equalBytes } from '../../core/bytes.ts'
import { below, childDigest, find, keysOf, type TreeSource } from '../../repo/mst/read.ts'
import type { Place, StoredChild, StoredNode } from '../../repo/mst/stored.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import type { SegmentReader } from '../../storage/segment-reader.ts'
import { buildBare } from './bare.ts'
import { digestOf, digestOfCid } from './cids.ts'
import { buildFragment, type FragmentBlock } from './fragment.ts'
import type { Want } from './protocol.ts'

export interface FoundBlocks {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** wants from the first on that were looked for */
  readonly answered: number
  /** indexes of those that lead to nothing, or to another block */
  readonly missing: readonly number[]
}

/**
 * Blocks of a snapshot by their keys, in the order asked, until `maxBytes` are reached. With nothing wanted:
 * the signed commit and the root node, with which every walk begins. Bare blocks come without their CIDs.
 *
 * @throws StorageError `storage.segment-gone` when the snapshot was swept meanwhile
 */
export async function findBlocks(
  reader: SegmentReader,
  snapshot: SnapshotRow,
  wants: readonly Want[],
  maxBytes: number,
  bare = false,
): Promise<FoundBlocks> {
  const build = bare ? buildBare : buildFragment
  const source = remembering(reader)
  if (wants.length === 0) {
    const commit = { digest: digestOfCid(snapshot.commitCid), bytes: snapshot.commit }
    const { node } = await source.load(snapshot.root)
    return {
      bytes: build([commit, { digest: snapshot.data, bytes: node.bytes }]),
      answered: 0,
      missing: [],
    }
  }
  const found: (FragmentBlock | { readonly digest: Uint8Array; readonly place: Place })[] = []
  const missing: number[] = []
  let size = 0
  let answered = 0
  for (const [i, want] of wants.entries()) {
    if (size >= maxBytes) break
    const digest = digestOf(want.cid)
    if (want.layer === undefined) {
      const { entry } = await find(source, snapshot.root, want.key ?? '')
      if (entry !== undefined && equalBytes(entry.digest, digest)) {
        size += entry.place.length
        // One that is large goes with the next answer, unless it is alone.
        if (size > maxBytes && found.length > 0) break
        found.push({ digest, place: entry.place })
      } else missing.push(i)
    } else {
      const stored = await nodeAt(source, snapshot, want.layer, want.key)
      if (stored !== undefined && equalBytes(stored.digest, digest)) {
        size += stored.bytes.length
        found.push(stored)
      } else missing.push(i)
    }
    answered++
  }
  const values = await reader.records(found.flatMap((it) => ('place' in it ? [it.place] : [])))
  let next = 0
  const blocks = found.map((it): FragmentBlock => {
    if (!('place' in it)) return it
    const bytes = values[next++]
    if (bytes === undefined) throw new RangeError('a record was not read')
    return { digest: it.digest, bytes }
  })
  return { bytes: build(blocks), answered, missing }
}

/** The node of a layer whose paths are the last before `key`, or the last of all. */
async function nodeAt(
  source: TreeSource,
  snapshot: SnapshotRow,
  layer: number,
  key: string | undefined,
): Promise<FragmentBlock | undefined> {
  let at: StoredChild | undefined = snapshot.root
  let digest: Uint8Array | undefined = snapshot.data
  for (let now = snapshot.root.layer; at !== undefined && digest !== undefined && now >= layer; now--) {
    const { node, children }: StoredNode = await source.load(at)
    if (now === layer) return { digest, bytes: node.bytes }
    const i: number = key === undefined ? node.count : below(keysOf(node), key)
    at = children[i]
    digest = childDigest(node, i)
  }
  return undefined
}

/** Wants of one request share most of their way; it is at most as long as they are many. */
function remembering(source: TreeSource): TreeSource {
  const known = new Map<string, StoredNode>()
  return {
    async load(place) {
      const name = `${place.segment}.${place.offset}`
      const stored = known.get(name) ?? (await source.load(place))
      known.set(name, stored)
      return stored
    },
  }
}
