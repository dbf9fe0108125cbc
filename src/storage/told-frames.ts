import { CID_BYTES, CODEC_DAG_CBOR, DIGEST_BYTES, writeCid } from '../core/cid.ts'
import type { DigestFill } from '../core/hash.ts'
import { writeVarint } from '../core/varint.ts'
import { carFrameLength } from '../repo/car/writer.ts'
import { checkRecord } from '../repo/cbor/check.ts'
import { looksLikeNode } from '../repo/mst/node.ts'
import { type Intake, NODE_LIKE } from '../repo/verify/intake.ts'
import type { ToldChange } from './import-session.ts'
import { nextTask } from './next-task.ts'

/** Bytes of records that are taken before something else gets its turn. */
const CHUNK = 256 * 1024
const BLANK = new Uint8Array(DIGEST_BYTES)
/** Numbers of each record in `places`: where it begins, where it ends, where its digest begins. */
const PLACES = 3

/** Frames as a segment holds them, one after another: so they are copied in one go. */
interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly places: Int32Array
  readonly count: number
  /** 1 for what is a record, 0 for what has yet to be looked at */
  readonly sound: Uint8Array
}

/** Records that someone told of, with their digests, made here of these very bytes. */
export interface ToldFrames {
  /** of each change, in the order of the list; undefined where there is nothing any more */
  readonly digests: readonly (Uint8Array | undefined)[]
  readonly pieces: readonly Piece[]
}

/** Frames the records of a list, with a turn for others now and then. It proves nothing of them. */
export async function frameTold(
  list: readonly Pick<ToldChange, 'record'>[],
  fill: DigestFill,
): Promise<ToldFrames> {
  const digests: (Uint8Array | undefined)[] = []
  const pieces: Piece[] = []
  for (let next = 0; next < list.length;) {
    if (next > 0) await nextTask()
    const first = next
    let size = 0
    for (; next < list.length && size < CHUNK; next++) {
      const record = list[next]?.record
      if (record !== undefined) size += carFrameLength(record.length)
    }
    const bytes = new Uint8Array(size)
    const places = new Int32Array((next - first) * PLACES)
    let count = 0
    let at = 0
    for (let i = first; i < next; i++) {
      const record = list[i]?.record
      if (record === undefined) {
        digests.push(undefined)
        continue
      }
      const from = writeCid(bytes, writeVarint(bytes, at, CID_BYTES + record.length), CODEC_DAG_CBOR, BLANK)
      bytes.set(record, from)
      at = from + record.length
      const place = count++ * PLACES
      places[place] = from
      places[place + 1] = at
      places[place + 2] = from - DIGEST_BYTES
      digests.push(bytes.subarray(from - DIGEST_BYTES, from))
    }
    const sound = new Uint8Array(count)
    fill(bytes, places, count, sound)
    pieces.push({ bytes, places, count, sound })
  }
  return { digests, pieces }
}

/**
 * Hands the records to an import.
 *
 * @param turn called as records were taken, so many bytes with their frames
 */
export async function takeFrames(
  { pieces }: ToldFrames,
  intake: Intake,
  turn: (bytes: number) => Promise<void>,
): Promise<void> {
  for (const { bytes, places, count, sound } of pieces) {
    for (let i = 0; i < count; i++) {
      const from = places[i * PLACES] ?? 0
      const to = places[i * PLACES + 1] ?? from
      const isSound = sound[i] === 1
      const form = looksLikeNode(bytes, from, to) ? NODE_LIKE : isSound ? 0 : checkRecord(bytes, from, to)
      intake.take(CODEC_DAG_CBOR, bytes, places[i * PLACES + 2] ?? 0, from, to, from, form)
    }
    await turn(bytes.length)
  }
}
