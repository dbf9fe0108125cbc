import { readChunks } from '../../core/chunk-reader.ts'
import { CairnError } from '../../core/errors.ts'
import type { Commit } from '../../repo/commit.ts'
import { commitInCar } from './commit-in-car.ts'
import { MovingError } from './errors.ts'

/**
 * Whose repo a CAR file holds, as its commit says: read before anything of the file is taken in. It proves nothing
 * yet, it only keeps a wrong file from getting any further.
 *
 * @throws MovingError `moving.not-a-repo { name }`
 */
export async function whoseFile(file: Blob, name: string): Promise<Pick<Commit, 'did' | 'rev'>> {
  try {
    const found = await commitInCar(readChunks(file.stream()))
    if (found !== undefined) return found
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    throw new MovingError('moving.not-a-repo', { name }, { cause: error })
  }
  throw new MovingError('moving.not-a-repo', { name })
}
