import { readChunks } from '../core/chunk-reader.ts'
import { createCarReader } from '../repo/car/reader.ts'
import { RepoError } from '../repo/errors.ts'
import type { SignedCommit } from './import-session.ts'
import { signedCommit } from './signed-commit.ts'

/**
 * Finds a file's commit, to learn whose repo it is before anything is taken. Nothing is proven by it: the
 * import reads the block again and checks its hash. Most files have it near the front.
 */
export async function readCarCommit(file: Blob): Promise<SignedCommit> {
  let root: Uint8Array | undefined
  let found: SignedCommit | undefined
  const car = createCarReader({
    header({ roots }) {
      root = roots[0]?.digest.slice()
      if (root === undefined) throw new RepoError('repo.no-root')
    },
    block(_codec, buffer, digestAt, from, to) {
      if (found !== undefined || root === undefined) return
      for (let i = 0; i < 32; i++) if (root[i] !== buffer[digestAt + i]) return
      const bytes = buffer.slice(from, to)
      found = signedCommit(root, bytes)
    },
  })
  const chunks = readChunks(file.stream())
  try {
    while (found === undefined) {
      const chunk = await chunks.read()
      if (chunk === undefined) break
      car.push(chunk)
    }
  } finally {
    await chunks.cancel().catch(() => {})
  }
  if (found === undefined) {
    car.end()
    throw new RepoError('repo.no-root', { reason: 'the root block is not in the file' })
  }
  return found
}
