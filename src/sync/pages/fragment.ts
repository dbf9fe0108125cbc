import { cidString, CODEC_DAG_CBOR, DIGEST_BYTES } from '../../core/cid.ts'
import type { DigestCheck } from '../../core/hash.ts'
import { createCarReader } from '../../repo/car/reader.ts'
import { carFrameHead, carHeader } from '../../repo/car/writer.ts'
import { concat } from '../../core/bytes.ts'
import { RepoError } from '../../repo/errors.ts'

/** A block of a fragment: views into it. */
export interface FragmentBlock {
  readonly digest: Uint8Array
  readonly bytes: Uint8Array
}

/**
 * Frames of a CAR without its header, and where their blocks lie. A page has thousands: views of each would cost
 * more than reading them does.
 */
export interface Frames {
  readonly bytes: Uint8Array
  /** where the data of each begins; its digest lies before it */
  readonly from: readonly number[]
  readonly to: readonly number[]
}

/**
 * Reads frames of a CAR that came without its header.
 *
 * @throws RepoError those of the CAR; `repo.record-codec` for anything but DAG-CBOR
 */
export function readFrames(fragment: Uint8Array): Frames {
  const starts: number[] = []
  const ends: number[] = []
  const reader = createCarReader({
    header: () => {},
    block(codec, _buffer, _digestAt, from, to, position) {
      if (codec !== CODEC_DAG_CBOR) throw new RepoError('repo.record-codec', { codec, offset: position })
      // The whole fragment is one chunk after the header, so offsets are those in it.
      starts.push(from)
      ends.push(to)
    },
  })
  reader.push(carHeader([]))
  reader.push(fragment)
  reader.end()
  return { bytes: fragment, from: starts, to: ends }
}

/**
 * The same as views, every block hashed; without `digests` whoever takes the blocks next does that.
 *
 * @throws RepoError also `repo.bad-hash`
 */
export function readFragment(fragment: Uint8Array, digests: DigestCheck | undefined): FragmentBlock[] {
  const frames = readFrames(fragment)
  if (digests !== undefined) checkDigests(frames, frames.from.length, digests)
  return blocksIn(frames)
}

export const blocksIn = ({ bytes, from, to }: Frames): FragmentBlock[] =>
  from.map((start, i) => ({
    digest: bytes.subarray(start - DIGEST_BYTES, start),
    bytes: bytes.subarray(start, to[i]),
  }))

/**
 * Hashes the first `count` blocks.
 *
 * @throws RepoError `repo.bad-hash` with the first that is another than its digest says
 */
export function checkDigests({ bytes, from, to }: Frames, count: number, digests: DigestCheck): void {
  const places = new Int32Array(count * 3)
  for (let i = 0, at = 0; i < count; i++, at += 3) {
    const start = from[i] ?? 0
    places[at] = start
    places[at + 1] = to[i] ?? start
    places[at + 2] = start - DIGEST_BYTES
  }
  const wrong = digests(bytes, places, count)
  if (wrong < 0) return
  const start = places[wrong * 3] ?? 0
  throw new RepoError('repo.bad-hash', {
    cid: cidString(CODEC_DAG_CBOR, bytes.subarray(start - DIGEST_BYTES, start)),
    offset: start,
  })
}

/** Frames of a CAR, without its header. */
export function buildFragment(blocks: readonly FragmentBlock[]): Uint8Array<ArrayBuffer> {
  return concat(
    blocks.flatMap(({ digest, bytes }) => [carFrameHead(CODEC_DAG_CBOR, digest, bytes.length), bytes]),
  )
}
