import { parseCid } from '../core/cid.ts'
import { carHeader } from '../repo/car/writer.ts'
import { FIELDS, VALUE } from '../repo/mst/node.ts'
import { childAt } from '../repo/mst/read.ts'
import type { StoredChild, StoredNode } from '../repo/mst/stored.ts'
import { type BlockLayout, createBlockLayout } from './block-layout.ts'
import type { Storage } from './port.ts'
import type { SnapshotRow } from './rows.ts'
import { createSegmentReader, type SegmentReader, WHOLE_TREE } from './segment-reader.ts'

/** Bytes gathered before a chunk is handed on: few reads, little memory. */
const CHUNK = 256 * 1024

/** What an export reads with. */
export type ExportReader = Pick<SegmentReader, 'held' | 'load' | 'copyRecords'>

/** A node that the way is in, whose children and records before this entry have gone. */
interface Level {
  readonly stored: StoredNode
  /** even: child step/2; odd: entry (step-1)/2 */
  step: number
}

/**
 * A snapshot as CAR v1 bytes: the commit, then the tree in preorder with each record after its node's
 * turn, so that whoever receives it can prove every block as it comes.
 */
export async function* exportCar(
  storage: Storage,
  snapshot: SnapshotRow,
  reader: ExportReader = createSegmentReader(storage, snapshot.did, WHOLE_TREE),
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const commitDigest = digestOfCid(snapshot)
  yield carHeader([commitDigest])
  let layout = createBlockLayout(false)
  layout.block(commitDigest, 0, snapshot.commit)
  const levels: Level[] = []
  const enter = async (at: StoredChild, source: Uint8Array, digestAt: number): Promise<void> => {
    // Most lie beside one that was read: no wait for them.
    const stored = reader.held(at) ?? (await reader.load(at))
    layout.block(source, digestAt, stored.node.bytes)
    levels.push({ stored, step: 0 })
  }
  await enter(snapshot.root, snapshot.data, 0)
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const next = goOn(level, layout)
    if (next === 'over') levels.pop()
    else if (next !== 'full') await enter(next.at, level.stored.node.bytes, next.digestAt)
    if (layout.size < CHUNK) continue
    yield await layout.build(reader)
    layout = createBlockLayout(false)
  }
  yield await layout.build(reader)
}

/** Lays records out, until there is a child to go on with, or the chunk is full, or the node is over. */
function goOn(
  level: Level,
  layout: BlockLayout,
): { readonly at: StoredChild; readonly digestAt: number } | 'full' | 'over' {
  const { node, records, children } = level.stored
  while (level.step <= 2 * node.count) {
    const i = level.step >> 1
    if (level.step++ % 2 === 0) {
      const at = children[i]
      if (at !== undefined) return { at, digestAt: childAt(node, i) }
      continue
    }
    const place = records[i]
    if (place !== undefined) layout.record(node.bytes, node.fields[i * FIELDS + VALUE] ?? 0, place)
    if (layout.size >= CHUNK) return 'full'
  }
  return 'over'
}

function digestOfCid(snapshot: SnapshotRow): Uint8Array {
  const cid = parseCid(snapshot.commitCid)
  if (cid === undefined) throw new RangeError('a snapshot lacks its commit CID')
  return cid.digest
}
