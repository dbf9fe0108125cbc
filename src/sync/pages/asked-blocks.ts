import { equalBytes } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import type { DigestCheck } from '../../core/hash.ts'
import { RepoError } from '../../repo/errors.ts'
import { readBare } from './bare.ts'
import { checkDigests, readFragment } from './fragment.ts'

type Lacking = 'repo.no-root' | 'repo.node-missing' | 'repo.record-missing'

/** Blocks of an answer, taken one after another by the digests that they have to have. */
export interface AskedBlocks {
  /**
   * The next block, which has to be this one; undefined when there is none left. Nothing is proven of it before
   * `check`.
   *
   * @throws RepoError with this code when it came with the CID of another
   */
  next(digest: Uint8Array, lacking: Lacking): Uint8Array | undefined
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
 * once, if `digests` says with what.
 *
 * @throws RepoError as `readFragment` and `readBare`
 */
export function askedBlocks(bytes: Uint8Array, bare: boolean, digests: DigestCheck | undefined): AskedBlocks {
  const { fragment, blocks } = bare
    ? readBare(bytes)
    : { fragment: bytes, blocks: readFragment(bytes, digests) }
  let taken = 0
  return {
    fragment,
    next(digest, lacking) {
      const block = blocks[taken]
      if (block === undefined) return undefined
      if (bare) block.digest.set(digest)
      else if (!equalBytes(block.digest, digest))
        throw new RepoError(lacking, { cid: cidString(CODEC_DAG_CBOR, digest) })
      taken++
      return block.bytes
    },
    check(digests) {
      if (bare) checkDigests(fragment, blocks.slice(0, taken), digests)
    },
    get left() {
      return blocks.length - taken
    },
  }
}
