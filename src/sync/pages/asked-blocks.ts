import { equalAt } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR, DIGEST_BYTES } from '../../core/cid.ts'
import type { DigestCheck } from '../../core/hash.ts'
import { RepoError } from '../../repo/errors.ts'
import { readBare } from './bare.ts'
import { checkDigests, readFrames } from './fragment.ts'

type Lacking = 'repo.no-root' | 'repo.node-missing' | 'repo.record-missing'

/** Blocks of an answer, taken one after another by the digests that they have to have. */
export interface AskedBlocks {
  /**
   * Goes to the next block, which has to have the digest that lies in `bytes` at `at`; false when there is none
   * left. Nothing is proven of it before `check`.
   *
   * @throws RepoError with this code when it came with the CID of another
   */
  step(bytes: Uint8Array, at: number, lacking: Lacking): boolean
  /** Goes to the next block and gives its data, a view; undefined when there is none left. Throws as `step`. */
  next(digest: Uint8Array, lacking: Lacking): Uint8Array | undefined
  /** A view of the data of the block that the last step went to. */
  data(): Uint8Array
  /**
   * Hashes what was taken, unless that was done when it was read.
   *
   * @throws RepoError `repo.bad-hash`
   */
  check(digests: DigestCheck): void
  /** blocks that were not taken */
  readonly left: number
  /** frames of a CAR, without its header; whole when nothing is left */
  readonly fragment: Uint8Array
}

/**
 * Reads the bytes of an answer. Blocks that came bare are set as frames of a CAR, each named by what was asked
 * for; so whoever hashes them finds out a block that nobody asked for. Those that came with CIDs are hashed at
 * once, if `digests` says with what. Frames of bare blocks are written into `room` where it is large enough.
 *
 * @throws RepoError as `readFragment` and `readBare`
 */
export function askedBlocks(
  bytes: Uint8Array,
  bare: boolean,
  digests: DigestCheck | undefined,
  room?: Uint8Array<ArrayBuffer>,
): AskedBlocks {
  const frames = bare ? readBare(bytes, room) : readFrames(bytes)
  const { bytes: fragment, from, to } = frames
  if (!bare && digests !== undefined) checkDigests(frames, from.length, digests)
  let taken = 0
  const data = (): Uint8Array => fragment.subarray(from[taken - 1], to[taken - 1])
  const step: AskedBlocks['step'] = (source, at, lacking) => {
    const start = from[taken]
    if (start === undefined) return false
    const named = start - DIGEST_BYTES
    if (bare) for (let i = 0; i < DIGEST_BYTES; i++) fragment[named + i] = source[at + i] ?? 0
    else if (!equalAt(fragment, named, source, at, DIGEST_BYTES))
      throw new RepoError(lacking, {
        cid: cidString(CODEC_DAG_CBOR, source.subarray(at, at + DIGEST_BYTES)),
      })
    taken++
    return true
  }
  return {
    fragment,
    step,
    next: (digest, lacking) => (step(digest, 0, lacking) ? data() : undefined),
    data,
    check(digests) {
      if (bare) checkDigests(frames, taken, digests)
    },
    get left() {
      return from.length - taken
    },
  }
}
