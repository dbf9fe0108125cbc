import { CID_BYTES, CODEC_DAG_CBOR, DIGEST_BYTES, writeCid } from '../core/cid.ts'
import { varintLength, writeVarint } from '../core/varint.ts'
import type { Place } from '../repo/mst/stored.ts'

/** What copies records to where an answer has them. */
export interface RecordSource {
  /** Copies the bytes of each record into `out`, at its place of `at`. */
  copyRecords(places: readonly Place[], out: Uint8Array, at: readonly number[]): Promise<void>
}

/**
 * Blocks as they go one after another in an answer: frames of a CAR, or bare, each behind its length. Where every
 * byte goes is known before any record is read, so each is copied once, from what was read to where it is sent.
 */
export interface BlockLayout {
  /** A block that is here; its digest lies in `source` at `at`. */
  block(source: Uint8Array, at: number, bytes: Uint8Array): void
  /** A record that is to be read. */
  record(source: Uint8Array, at: number, place: Place): void
  /** @throws StorageError what reading the records throws */
  build(records: RecordSource): Promise<Uint8Array<ArrayBuffer>>
  /** bytes of all of it so far */
  readonly size: number
}

export function createBlockLayout(bare: boolean): BlockLayout {
  const sources: Uint8Array[] = []
  const digestAt: number[] = []
  const lengths: number[] = []
  /** of blocks that are here */
  const data: (Uint8Array | undefined)[] = []
  const places: Place[] = []
  /** of records, where their bytes begin */
  const starts: number[] = []
  let size = 0
  const named = bare ? 0 : CID_BYTES

  const add = (source: Uint8Array, at: number, bytes: Uint8Array | undefined, length: number): void => {
    sources.push(source)
    digestAt.push(at)
    data.push(bytes)
    lengths.push(length)
    size += varintLength(named + length) + named + length
  }

  return {
    get size() {
      return size
    },
    block: (source, at, bytes) => add(source, at, bytes, bytes.length),
    record(source, at, place) {
      add(source, at, undefined, place.length)
      places.push(place)
      starts.push(size - place.length)
    },
    async build(records) {
      const out = new Uint8Array(size)
      let to = 0
      for (let i = 0; i < lengths.length; i++) {
        const length = lengths[i] ?? 0
        to = writeVarint(out, to, named + length)
        if (!bare) {
          const at = digestAt[i] ?? 0
          to = writeCid(out, to, CODEC_DAG_CBOR, sources[i]?.subarray(at, at + DIGEST_BYTES) ?? out)
        }
        const bytes = data[i]
        if (bytes !== undefined) out.set(bytes, to)
        to += length
      }
      await records.copyRecords(places, out, starts)
      return out
    },
  }
}
