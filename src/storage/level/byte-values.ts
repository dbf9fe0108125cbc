import { StorageError } from '../errors.ts'
import type { ByteRange } from '../port.ts'
import {
  bytesPrefix,
  CHUNK_SIZE,
  chunkKey,
  chunkKeys,
  chunkRange,
  markKey,
  markPrefix,
  newVersion,
  readHead,
  type Head,
  type Level,
} from './layout.ts'

/** Chunks of a Blob that are in memory at a time while it is brought in: 1 MB. */
const CHUNKS_IN_FLIGHT = 16

/** Parts cut anew into chunks of {@link CHUNK_SIZE}, the last one shorter. */
export function splitParts(parts: readonly Uint8Array[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let rest = parts.reduce((sum, part) => sum + part.byteLength, 0)
  let chunk = new Uint8Array(Math.min(rest, CHUNK_SIZE))
  let filled = 0
  for (const part of parts) {
    for (let at = 0; at < part.byteLength;) {
      const taken = part.subarray(at, at + chunk.byteLength - filled)
      chunk.set(taken, filled)
      filled += taken.byteLength
      at += taken.byteLength
      if (filled < chunk.byteLength) continue
      chunks.push(chunk)
      rest -= filled
      chunk = new Uint8Array(Math.min(rest, CHUNK_SIZE))
      filled = 0
    }
  }
  return chunks
}

/**
 * Reads ranges from one moment of the database, in the order asked, touching only the chunks that they
 * lie in, each once. Throws `storage.segment-gone` for a value that is not there.
 */
export async function readRanges(
  db: Level,
  ranges: readonly ByteRange[],
): Promise<Uint8Array<ArrayBuffer>[]> {
  // A value replaced between the two reads would otherwise lose its chunks under the first.
  const snapshot = db.snapshot()
  try {
    const names = [...new Set(ranges.map((range) => range.key))]
    const headKeys = names.map((key) => bytesPrefix() + key)
    const found = await db.getMany<string, Uint8Array>(headKeys, { snapshot })
    const heads = new Map<string, Head>()
    for (const [at, key] of names.entries()) {
      const head = found[at]
      if (head === undefined) throw new StorageError('storage.segment-gone', { key })
      heads.set(key, readHead(head))
    }

    const chunks = new Map<string, Uint8Array | undefined>()
    for (const range of ranges) {
      for (const { key } of spans(range, heads)) chunks.set(key, undefined)
    }
    const keys = [...chunks.keys()]
    const values = await db.getMany<string, Uint8Array>(keys, { snapshot })
    for (const [at, key] of keys.entries()) chunks.set(key, values[at])

    return ranges.map((range) => {
      const cut = spans(range, heads)
      const bytes = new Uint8Array(cut.reduce((sum, span) => sum + span.to - span.from, 0))
      let filled = 0
      for (const span of cut) {
        const chunk = chunks.get(span.key)
        if (chunk === undefined) throw new StorageError('storage.segment-gone', { key: range.key })
        bytes.set(chunk.subarray(span.from, span.to), filled)
        filled += span.to - span.from
      }
      return bytes
    })
  } finally {
    await snapshot.close()
  }
}

/** The pieces of chunks that a range covers, in order. */
function spans(
  range: ByteRange,
  heads: ReadonlyMap<string, Head>,
): { key: string; from: number; to: number }[] {
  const head = heads.get(range.key)
  if (head === undefined) throw new StorageError('storage.segment-gone', { key: range.key })
  const to = Math.min(range.to, head.length)
  const cut = []
  for (let from = range.from; from < to;) {
    const at = Math.floor(from / CHUNK_SIZE)
    const end = Math.min(to, (at + 1) * CHUNK_SIZE)
    cut.push({ key: chunkKey(head.version, at), from: from - at * CHUNK_SIZE, to: end - at * CHUNK_SIZE })
    from = end
  }
  return cut
}

/**
 * Brings in the chunks of a Blob, a little at a time, under a new version that no head names yet; the
 * write that follows only adds the head. Drop it with {@link dropStaged} when that write fails.
 */
export async function stageBlob(db: Level, blob: Blob): Promise<Head> {
  const head: Head = { version: newVersion(), length: blob.size }
  await db.put(markKey(head.version), new Uint8Array(0), { sync: true })
  try {
    const step = CHUNK_SIZE * CHUNKS_IN_FLIGHT
    for (let from = 0; from < blob.size; from += step) {
      const bytes = new Uint8Array(await blob.slice(from, from + step).arrayBuffer())
      const first = from / CHUNK_SIZE
      // Synced each: LevelDB does not sync a log that it leaves for the next, as the last write would.
      await db.batch(
        splitParts([bytes]).map((value, at) => ({
          type: 'put',
          key: chunkKey(head.version, first + at),
          value,
        })),
        { sync: true },
      )
    }
  } catch (error) {
    await dropStaged(db, head)
    throw error
  }
  return head
}

/** Takes back what {@link stageBlob} brought in. */
export async function dropStaged(db: Level, head: Head): Promise<void> {
  const keys = [...chunkKeys(head), markKey(head.version)]
  await db.batch(keys.map((key) => ({ type: 'del', key })))
}

/** Removes what a crash left between {@link stageBlob} and its write. Before any other use. */
export async function sweepStaged(db: Level): Promise<void> {
  for (const mark of await db.keys({ gte: markPrefix(), lt: 's0' }).all()) {
    await db.clear(chunkRange(mark.slice(markPrefix().length)))
    await db.del(mark)
  }
}
