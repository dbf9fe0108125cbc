import { createCarReader } from '../repo/car/reader.ts'
import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import type { Sha256 } from '../core/hash.ts'
import { RepoError } from '../repo/errors.ts'
import { parseCommit } from '../repo/commit.ts'
import { createIntake } from '../repo/verify/intake.ts'
import { looksLikeNode } from '../repo/mst/node.ts'
import { createTreeWalk } from '../repo/verify/walk.ts'
import { type Place, type StoredNode, totals } from '../repo/mst/stored.ts'
import { StorageError } from './errors.ts'
import { exportCar, type ExportReader } from './export-car.ts'
import type { Storage } from './port.ts'
import type { SnapshotRow } from './rows.ts'
import { createSegmentReader, type SegmentReader, WHOLE_TREE } from './segment-reader.ts'

/** Unproven nodes never pile up: an export is in preorder. */
const NODE_BUDGET = 8 << 20

/**
 * Reads everything stored for a snapshot again and proves it again, exactly as a receiver of our export
 * would: every block's hash, every record's form, the whole tree up to the commit. What no signature covers,
 * the numbers of records and bytes that are kept beside the tree, is counted again.
 *
 * @throws RepoError naming what is wrong; StorageError `storage.segment-gone` when bytes are missing,
 * `storage.counts-wrong { of }` when all of it is proven and only a count is not what it should be.
 */
export async function recheck(input: {
  readonly storage: Storage
  readonly snapshot: SnapshotRow
  readonly sha256: Sha256
  readonly random: () => number
  readonly onProgress: (records: number, bytes: number) => void
  readonly signal: AbortSignal | undefined
}): Promise<{ records: number }> {
  const { storage, snapshot, sha256 } = input
  const intake = createIntake({
    sha256,
    seed: input.random(),
    nodeBudget: NODE_BUDGET,
    sink: { segment: 0, keep: () => 0 },
  })
  const walk = createTreeWalk({
    root: parseCommit(snapshot.commit).data,
    blocks: intake,
    sha256,
    sink: {
      node(_stored, digest) {
        const nowhere = { segment: 0, offset: 0, length: 0 }
        intake.nodeDone(digest, nowhere)
        return nowhere
      },
    },
  })
  const car = createCarReader({
    header: () => {},
    block(codec, buffer, digestAt, from, to, position) {
      if (intake.block(codec, buffer, digestAt, from, to, position)) return
      // Our export sends a block once a use: what comes again in a node's shape is a record with its bytes.
      if (!looksLikeNode(buffer, from, to)) return
      intake.keepAsRecord(buffer.subarray(digestAt, digestAt + 32), buffer.slice(from, to))
    },
  })
  const proceed = () => {
    let state = walk.advance()
    while (state === 'more') state = walk.advance()
    return state
  }
  let bytes = 0
  const counting = countingReader(createSegmentReader(storage, snapshot.did, WHOLE_TREE))
  for await (const chunk of exportCar(storage, snapshot, counting.reader)) {
    input.signal?.throwIfAborted()
    car.push(chunk)
    bytes += chunk.length
    proceed()
    input.onProgress(walk.records, bytes)
  }
  car.end()
  if (proceed() !== 'done') {
    const wanted = walk.wanted()
    throw new RepoError(wanted?.as === 'record' ? 'repo.record-missing' : 'repo.node-missing', {
      cid: wanted === undefined ? '' : cidString(CODEC_DAG_CBOR, wanted.digest),
    })
  }
  if (counting.wrong()) throw new StorageError('storage.counts-wrong', { of: 'tree' })
  if (!sameCollections(snapshot.collections, walk.collections))
    throw new StorageError('storage.counts-wrong', { of: 'collections' })
  return { records: walk.records }
}

/**
 * Compares what each node is said to hold by the reference to it with what it and its references say.
 * From the leaves up that proves every count: they point to nothing but records, whose lengths are proven.
 */
function countingReader(reader: SegmentReader): { reader: ExportReader; wrong(): boolean } {
  let wrong = false
  const count = (at: Place, stored: StoredNode): void => {
    const { records, bytes } = totals(stored)
    if (!('records' in at) || at.records !== records || !('bytes' in at) || at.bytes !== bytes) wrong = true
  }
  return {
    wrong: () => wrong,
    reader: {
      held(at) {
        const stored = reader.held(at)
        if (stored !== undefined) count(at, stored)
        return stored
      },
      async load(at) {
        const stored = await reader.load(at)
        count(at, stored)
        return stored
      },
      copyRecords: reader.copyRecords,
    },
  }
}

function sameCollections(kept: SnapshotRow['collections'], counted: SnapshotRow['collections']): boolean {
  return (
    kept.length === counted.length &&
    kept.every((it, i) => {
      const other = counted[i]
      return it.nsid === other?.nsid && it.records === other.records && it.bytes === other.bytes
    })
  )
}
