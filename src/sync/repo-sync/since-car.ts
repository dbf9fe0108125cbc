import { concat } from '../../core/bytes.ts'
import { CODEC_DAG_CBOR, parseCid } from '../../core/cid.ts'
import { carFrameHead, carFrameLength, carHeader } from '../../repo/car/writer.ts'
import { binary, compare, type Side, storedSide } from '../../repo/mst/diff.ts'
import type { MstNode } from '../../repo/mst/node.ts'
import type { Place } from '../../repo/mst/stored.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import type { SegmentReader } from '../../storage/segment-reader.ts'

/**
 * Tree nodes that may differ before the whole repo is sent instead: about five changed records each. What
 * differs is held in memory, the records' bytes excepted.
 */
const MAX_NODES = 4096
/** Records asked for in one read, and bytes of them gathered before a chunk is handed on. */
const BATCH = 400
const CHUNK = 256 * 1024

interface Block {
  readonly digest: Uint8Array
  readonly place: Place
}

/** What one tree has and an older one has not. */
export interface Changes {
  /** bytes of the new tree nodes, from the root down */
  readonly nodes: readonly { readonly digest: Uint8Array; readonly bytes: Uint8Array }[]
  readonly records: readonly Block[]
  /** about what their CAR takes */
  readonly bytes: number
}

/**
 * The nodes and records of `after` that `before` lacks, found by comparing the two stored trees from the
 * top: nothing that they share is read. Undefined when so much differs that the whole repo is the better answer.
 */
export async function changesBetween(
  reader: SegmentReader,
  before: SnapshotRow,
  after: SnapshotRow,
): Promise<Changes | undefined> {
  const nodes: { digest: Uint8Array; bytes: Uint8Array }[] = []
  let left = MAX_NODES
  /** Copies nodes out of the larger reads that they came in, and counts them. */
  const side = (row: SnapshotRow, onNode?: (digest: Uint8Array, node: MstNode) => void): Side => {
    const stored = storedSide(reader, row.root, row.data)
    return {
      ...stored,
      async open(wanted) {
        left -= wanted.length
        if (left < 0) throw new TooMuch()
        return (await stored.open(wanted)).map((open, i) => {
          const node = { ...open.node, bytes: open.node.bytes.slice() }
          const digest = wanted[i]?.digest
          if (digest !== undefined) onNode?.(digest, node)
          return { ...open, node }
        })
      },
    }
  }
  try {
    const differences = await compare(
      side(before),
      side(after, (digest, { bytes }) => nodes.push({ digest, bytes })),
    )
    const records = new Map<string, Block>()
    for (const { after: digest, afterPlace: place } of differences) {
      if (digest !== undefined && place !== undefined) records.set(binary(digest), { digest, place })
    }
    let bytes = after.commit.length
    for (const node of nodes) bytes += carFrameLength(node.bytes.length)
    for (const { place } of records.values()) bytes += carFrameLength(place.length)
    return { nodes, records: [...records.values()], bytes }
  } catch (error) {
    if (error instanceof TooMuch) return undefined
    throw error
  }
}

/** The comparison was broken off. Never leaves this file. */
class TooMuch extends Error {}

/** CAR v1 bytes of a commit and of what changed under it: the commit first, then nodes, then records. */
export async function* changesCar(
  reader: SegmentReader,
  snapshot: SnapshotRow,
  { nodes, records }: Changes,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const commit = commitDigest(snapshot)
  yield concat([
    carHeader([commit]),
    ...frame(commit, snapshot.commit),
    ...nodes.flatMap(({ digest, bytes }) => frame(digest, bytes)),
  ])
  let batch: Block[] = []
  let weight = 0
  const read = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const found = await reader.records(batch.map(({ place }) => place))
    const parts = batch.flatMap(({ digest }, i) => frame(digest, found[i] ?? new Uint8Array()))
    batch = []
    weight = 0
    return concat(parts)
  }
  for (const record of records) {
    batch.push(record)
    weight += record.place.length
    if (weight >= CHUNK || batch.length >= BATCH) yield await read()
  }
  if (batch.length > 0) yield await read()
}

const frame = (digest: Uint8Array, bytes: Uint8Array): Uint8Array[] => [
  carFrameHead(CODEC_DAG_CBOR, digest, bytes.length),
  bytes,
]

function commitDigest(snapshot: SnapshotRow): Uint8Array {
  const cid = parseCid(snapshot.commitCid)
  if (cid === undefined) throw new RangeError('a snapshot lacks its commit CID')
  return cid.digest
}
