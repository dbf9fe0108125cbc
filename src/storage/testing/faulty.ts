import { StorageError } from '../errors.ts'
import type { Storage } from '../port.ts'

export interface FaultyStorage extends Storage {
  /** writes that were asked for so far */
  readonly writes: number
}

/**
 * A storage whose n-th write (from 1) is its last: it fails `before` it is applied or `after`, as when the
 * process dies there, and so does every write that follows. Without `at` it only counts.
 */
export function createFaulty(
  storage: Storage,
  at = Infinity,
  when: 'before' | 'after' = 'before',
): FaultyStorage {
  let writes = 0
  return {
    ...storage,
    async write(ops, options) {
      const nth = ++writes
      if (nth < at) return storage.write(ops, options)
      if (nth === at && when === 'after') await storage.write(ops, options)
      throw new StorageError('storage.gone', { reason: 'a fault of the test' })
    },
    get writes() {
      return writes
    },
  }
}
