import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
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
 * Reads frames of a CAR that came without its header, and hashes every block; without `digests` whoever takes
 * the blocks next does that.
 *
 * @throws RepoError those of the CAR; `repo.bad-hash`; `repo.record-codec` for anything but DAG-CBOR
 */
export function readFragment(fragment: Uint8Array, digests: DigestCheck | undefined): FragmentBlock[] {
  const blocks: FragmentBlock[] = []
  const reader = createCarReader({
    header: () => {},
    block(codec, _buffer, _digestAt, from, to, position) {
      if (codec !== CODEC_DAG_CBOR) throw new RepoError('repo.record-codec', { codec, offset: position })
      // The whole fragment is one chunk after the header, so offsets are those in it.
      blocks.push({ digest: fragment.subarray(from - 32, from), bytes: fragment.subarray(from, to) })
    },
  })
  reader.push(carHeader([]))
  reader.push(fragment)
  reader.end()
  if (digests !== undefined) checkDigests(fragment, blocks, digests)
  return blocks
}

/**
 * Hashes blocks that are views into these frames.
 *
 * @throws RepoError `repo.bad-hash` with the first that is another than its digest says
 */
export function checkDigests(
  fragment: Uint8Array,
  blocks: readonly FragmentBlock[],
  digests: DigestCheck,
): void {
  const places = new Int32Array(blocks.length * 3)
  for (const [i, { digest, bytes }] of blocks.entries()) {
    const from = bytes.byteOffset - fragment.byteOffset
    places.set([from, from + bytes.length, digest.byteOffset - fragment.byteOffset], i * 3)
  }
  const wrong = digests(fragment, places, blocks.length)
  const bad = blocks[wrong]
  if (bad !== undefined)
    throw new RepoError('repo.bad-hash', {
      cid: cidString(CODEC_DAG_CBOR, bad.digest),
      offset: places[wrong * 3] ?? 0,
    })
}

/** Frames of a CAR, without its header. */
export function buildFragment(blocks: readonly FragmentBlock[]): Uint8Array<ArrayBuffer> {
  return concat(
    blocks.flatMap(({ digest, bytes }) => [carFrameHead(CODEC_DAG_CBOR, digest, bytes.length), bytes]),
  )
}
