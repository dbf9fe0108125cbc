import { concat } from '../core/bytes.ts'
import { CODEC_DAG_CBOR, parseCid } from '../core/cid.ts'
import { carFrameHead, carHeader } from '../repo/car/writer.ts'
import { childDigest, valueOf } from '../repo/mst/read.ts'
import type { Place, StoredChild } from '../repo/mst/stored.ts'
import type { Storage } from './port.ts'
import type { SnapshotRow } from './rows.ts'
import { createSegmentReader, type SegmentReader, WHOLE_TREE } from './segment-reader.ts'

/** Bytes gathered before a chunk is handed on: few reads, little memory. */
const CHUNK = 256 * 1024
/** Records asked for in one read. */
const BATCH = 400

type Item =
  | { readonly digest: Uint8Array; readonly bytes: Uint8Array }
  | { readonly digest: Uint8Array; readonly place: Place }

/**
 * A snapshot as CAR v1 bytes: the commit, then the tree in preorder with each record after its node's
 * turn, so that whoever receives it can prove every block as it comes.
 */
export async function* exportCar(
  storage: Storage,
  snapshot: SnapshotRow,
  reader: SegmentReader = createSegmentReader(storage, snapshot.did, WHOLE_TREE),
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const commitDigest = digestOfCid(snapshot)
  yield carHeader([commitDigest])
  let waiting: Item[] = [{ digest: commitDigest, bytes: snapshot.commit }]
  let weight = 0
  for await (const item of preorder(reader, snapshot.root, snapshot.data)) {
    waiting.push(item)
    weight += 'bytes' in item ? item.bytes.length : item.place.length
    if (weight < CHUNK && waiting.length < BATCH) continue
    yield await frame(reader, waiting)
    waiting = []
    weight = 0
  }
  yield await frame(reader, waiting)
}

function digestOfCid(snapshot: SnapshotRow): Uint8Array {
  const cid = parseCid(snapshot.commitCid)
  if (cid === undefined) throw new RangeError('a snapshot lacks its commit CID')
  return cid.digest
}

async function* preorder(reader: SegmentReader, at: StoredChild, digest: Uint8Array): AsyncGenerator<Item> {
  const stored = await reader.load(at)
  yield { digest, bytes: stored.node.bytes }
  for (let i = 0; i <= stored.node.count; i++) {
    const child = stored.children[i]
    const below = childDigest(stored.node, i)
    if (child !== undefined && below !== undefined) yield* preorder(reader, child, below)
    const place = stored.records[i]
    if (place !== undefined) yield { digest: valueOf(stored.node, i), place }
  }
}

async function frame(reader: SegmentReader, items: readonly Item[]): Promise<Uint8Array<ArrayBuffer>> {
  const places = items.flatMap((item) => ('place' in item ? [item.place] : []))
  const records = await reader.records(places)
  let next = 0
  const parts: Uint8Array[] = []
  for (const item of items) {
    const data = 'bytes' in item ? item.bytes : records[next++]
    if (data === undefined) throw new RangeError('a record was not read')
    parts.push(carFrameHead(CODEC_DAG_CBOR, item.digest, data.length), data)
  }
  return concat(parts)
}
