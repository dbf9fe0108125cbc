import { hasCode } from '../core/errors.ts'
import type { Sha256 } from '../core/hash.ts'
import { decodeStored, type Place, type StoredChild, type StoredNode } from '../repo/mst/stored.ts'
import { childDigest, valueOf } from '../repo/mst/read.ts'
import { RepoError } from '../repo/errors.ts'
import { checkRecord } from '../repo/cbor/check.ts'
import type { Intake } from '../repo/verify/intake.ts'
import { frames, framesHold } from './frames.ts'
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
 * have left less than was written, and only what proves itself counts as kept. A segment that is not whole goes: what
 * was in it comes again, and the next start, which reads back what this import wrote, must not stumble over it.
 */
export async function recallImport(input: Recall & { readonly importId: string }): Promise<void> {
  const { storage, did, sha256, intake } = input
  const trees: { segment: number; key: string }[] = []
  for (const { key, value } of await storage.list('segments', repoRange(did))) {
    // Our own row, written by this code.
    const row = value as SegmentRow
    if (row.import !== input.importId) continue
    const segment = Number.parseInt(key.slice(did.length + 1), 16)
    const bytesKey = segmentBytesKey(did, segment, row.generation)
    const bytes = await wholeBytes(storage, key, row.size, bytesKey, sha256)
    if (bytes === undefined) continue
    if (row.kind !== 'records') trees.push({ segment, key: bytesKey })
    if (row.kind === 'tree') continue
    for (const frame of frames(bytes)) {
      if (frame.kind !== 'record') continue
      const data = bytes.subarray(frame.from, frame.to)
      const digest = bytes.subarray(frame.digestAt, frame.digestAt + 32)
      if (checkRecord(data, 0, data.length) !== 0) continue
      intake.known(digest, { segment, offset: frame.from, length: data.length })
    }
  }
  const recallNode = createNodeRecall(input)
  for (const { segment, key } of trees) {
    const bytes = await storage.readBytes(key)
    for (const frame of frames(bytes)) {
      if (frame.kind !== 'node') continue
      await recallNode(
        { segment, offset: frame.from, length: frame.to - frame.from },
        bytes.subarray(frame.from, frame.to),
      )
    }
  }
}

/** A segment's bytes; undefined when they are not what was written, and then the segment is no more. */
async function wholeBytes(
  storage: Storage,
  key: string,
  size: number,
  bytesKey: string,
  sha256: Sha256,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const bytes = await storage.readBytes(bytesKey)
    if (bytes.length === size && framesHold(bytes, sha256)) return bytes
  } catch (error) {
    if (!hasCode(error, 'storage.segment-gone')) throw error
  }
  await storage.write([
    { type: 'delete', table: 'segments', key },
    { type: 'delete-bytes', key: bytesKey },
  ])
  return undefined
}

/**
 * Takes a stored node back when all that it points to is there: its segment may have reached the disk
 * while one with records or nodes under it did not. One that is not whole is proven and written anew.
 */
function createNodeRecall(input: Recall): (place: Place, bytes?: Uint8Array) => Promise<void> {
  const { intake, sink, sha256 } = input
  const source = createSegmentReader(input.storage, input.did)
  const seen = new Set<string>()

  const read = async (place: Place, bytes: Uint8Array | undefined): Promise<StoredNode | undefined> => {
    try {
      return bytes === undefined ? await source.load(place) : decodeStored(bytes)
    } catch (error) {
      // Bytes that are no stored node, or that are not there; anything else is the disk's own trouble.
      if (error instanceof RepoError || error instanceof RangeError || hasCode(error, 'storage.segment-gone'))
        return undefined
      throw error
    }
  }

  const isWhole = async (stored: StoredNode): Promise<boolean> => {
    const { node, records, children } = stored
    for (const [i, place] of records.entries())
      if (!samePlace(intake.placeOf(valueOf(node, i)), place)) return false
    for (const [i, child] of children.entries()) {
      const digest = childDigest(node, i)
      if (child === undefined || digest === undefined) continue
      if (sink.placeOf(digest) === undefined) await recallNode(child)
      if (!samePlace(sink.placeOf(digest), child)) return false
    }
    return true
  }

  const recallNode = async (place: Place, bytes?: Uint8Array): Promise<void> => {
    const name = `${place.segment}.${place.offset}`
    if (seen.has(name)) return
    seen.add(name)
    const stored = await read(place, bytes)
    if (stored === undefined || !(await isWhole(stored))) return
    sink.known(sha256(stored.node.bytes), place)
  }

  return recallNode
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

function samePlace(a: Place | undefined, b: Place): boolean {
  return a?.segment === b.segment && a.offset === b.offset && a.length === b.length
}
