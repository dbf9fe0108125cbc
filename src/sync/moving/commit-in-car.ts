import type { ChunkReader } from '../../core/chunk-reader.ts'
import { equalAt } from '../../core/bytes.ts'
import { type Cid, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { CairnError } from '../../core/errors.ts'
import { createCarReader } from '../../repo/car/reader.ts'
import { type Commit, MAX_COMMIT_BYTES, parseCommit } from '../../repo/commit.ts'

/**
 * The commit that a CAR names as its root, as soon as it has come; the rest is not read. Nothing of it is proven.
 * Undefined when there is none. Throws RepoError for what is no CAR, and what reading throws.
 */
export async function commitInCar(file: ChunkReader): Promise<Commit | undefined> {
  let roots: readonly Cid[] = []
  let found: Commit | undefined
  const car = createCarReader({
    header: (header) => {
      roots = header.roots
    },
    block(codec, buffer, digestAt, from, to) {
      if (found !== undefined || codec !== CODEC_DAG_CBOR || to - from > MAX_COMMIT_BYTES) return
      if (!roots.some(({ digest }) => equalAt(digest, 0, buffer, digestAt, digest.length))) return
      found = commitIn(buffer.slice(from, to))
    },
  })
  try {
    while (found === undefined) {
      const chunk = await file.read()
      if (chunk === undefined) break
      car.push(chunk)
    }
  } finally {
    await file.cancel()
  }
  return found
}

/** A root that is no commit is passed over: a CAR may name several. */
function commitIn(bytes: Uint8Array): Commit | undefined {
  try {
    return parseCommit(bytes)
  } catch (error) {
    if (error instanceof CairnError) return undefined
    throw error
  }
}
