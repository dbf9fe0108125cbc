import { CairnError } from '../../core/errors.ts'
import { StorageError } from '../errors.ts'

/** The name of a DOMException or Error; empty for anything else. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/**
 * Turns what IndexedDB throws into the error of the port. Errors of our own, and what a guard threw,
 * go through unchanged.
 *
 * @param needed bytes that the failed write asked for, told to the person when room is short
 */
export function toStorageError(error: unknown, needed: () => number = () => 0): unknown {
  if (error instanceof CairnError) return error
  switch (nameOf(error)) {
    case 'QuotaExceededError':
      return new StorageError('storage.quota', { needed: needed() }, { cause: error })
    case 'VersionError':
      return new StorageError('storage.version-ahead', {}, { cause: error })
    // The connection is closing or closed. A transaction that was aborted without any reason of its own
    // died with its connection; the event that says so comes later.
    case 'InvalidStateError':
    case 'AbortError':
      return new StorageError('storage.gone', { reason: 'closed' }, { cause: error })
    case 'DataCloneError':
      return new StorageError('storage.failed', { reason: 'value' }, { cause: error })
    default:
      if (!(error instanceof DOMException)) return error
      return new StorageError('storage.failed', { name: error.name, reason: error.message }, { cause: error })
  }
}

/** What a Blob says when its bytes are not on the disk any more. */
export function isUnreadable(error: unknown): boolean {
  const name = nameOf(error)
  return name === 'NotFoundError' || name === 'NotReadableError'
}
