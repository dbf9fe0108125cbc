import type { Sha256 } from '../core/hash.ts'
import { decodeStored, type Place, type StoredChild, type StoredNode } from '../repo/mst/stored.ts'
import { valueOf } from '../repo/mst/read.ts'
import { checkRecord } from '../repo/cbor/check.ts'
import type { Intake } from '../repo/verify/intake.ts'
import { frames } from './frames.ts'
import type { Storage } from './port.ts'
import { repoRange, segmentBytesKey, type SegmentRow, type SnapshotRow } from './rows.ts'
import { createSegmentReader } from './segment-reader.ts'
import type { TreeSink } from './tree-sink.ts'

interface Recall {
  readonly storage: Storage
  readonly did: string
  readonly sha256: Sha256
  readonly intake: Intake
  readonly sink: TreeSink
}

/**
 * Reads the segments of an import that was cut off. Every record is hashed and checked again: a crash may
 * have left less than was written, and only what proves itself counts as kept.
 */
export async function recallImport(input: Recall & { readonly importId: string }): Promise<void> {
  const { storage, did, sha256, intake, sink } = input
  for (const { key, value } of await storage.list('segments', repoRange(did))) {
    // Our own row, written by this code.
    const row = value as SegmentRow
    if (row.import !== input.importId) continue
    const segment = Number.parseInt(key.slice(did.length + 1), 16)
    const bytes = await storage.readBytes(segmentBytesKey(did, segment, row.generation))
    for (const frame of frames(bytes)) {
      const data = bytes.subarray(frame.from, frame.to)
      const place: Place = { segment, offset: frame.from, length: data.length }
      if (frame.kind === 'record') {
        const digest = bytes.subarray(frame.digestAt, frame.digestAt + 32)
        if (!same(sha256(data), digest) || checkRecord(data, 0, data.length) !== 0) continue
        intake.known(digest, place)
      } else {
        sink.known(sha256(decodeStored(data).node.bytes), place)
      }
    }
  }
}

/** Tells the intake of every record and node of a kept snapshot, so a full transfer stores only what is new. */
export async function recallBase(input: Recall & { readonly base: SnapshotRow }): Promise<void> {
  const { storage, did, base, sha256, intake, sink } = input
  const source = createSegmentReader(storage, did)
  const go = async (at: StoredChild): Promise<void> => {
    const stored: StoredNode = await source.load(at)
    sink.known(sha256(stored.node.bytes), at)
    stored.records.forEach((place, i) => intake.known(valueOf(stored.node, i), place))
    for (const child of stored.children) if (child !== undefined) await go(child)
  }
  await go(base.root)
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (a[i] !== b[i]) return false
  return true
}
