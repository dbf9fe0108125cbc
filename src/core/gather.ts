import { createSHA256 } from 'hash-wasm'
import { concat } from './bytes.ts'

/** What is held in memory before it becomes a Blob, which the host keeps wherever it likes, bytes. */
export const GATHER_PIECE = 1024 * 1024

/** Bytes that came piece by piece. */
export interface Gathered {
  /** SHA-256 of all of them */
  readonly digest: Uint8Array
  /** in memory up to {@link GATHER_PIECE}, a Blob beyond */
  readonly whole: Uint8Array<ArrayBuffer> | Blob
}

/** Takes bytes as they come, hashes them, and holds few of them. */
export interface Gatherer {
  readonly size: number
  /** bytes in memory now */
  readonly held: number
  /** The piece must not change afterwards. */
  add(piece: Uint8Array): void
  /** Once. */
  end(): Gathered
}

/** One for each thing that is gathered: several hash side by side. */
export async function createGatherer(): Promise<Gatherer> {
  const hasher = await createSHA256()
  hasher.init()
  const blobs: Blob[] = []
  let pieces: Uint8Array[] = []
  let held = 0
  let size = 0
  const putAway = (): void => {
    blobs.push(new Blob([concat(pieces)]))
    pieces = []
    held = 0
  }
  return {
    get size() {
      return size
    },
    get held() {
      return held
    },
    add(piece) {
      hasher.update(piece)
      pieces.push(piece)
      held += piece.length
      size += piece.length
      if (held > GATHER_PIECE) putAway()
    },
    end() {
      const digest = hasher.digest('binary')
      if (blobs.length === 0) return { digest, whole: concat(pieces) }
      if (held > 0) putAway()
      return { digest, whole: new Blob(blobs) }
    },
  }
}
