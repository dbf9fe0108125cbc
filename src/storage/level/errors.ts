import { CairnError } from '../../core/errors.ts'
import { StorageError } from '../errors.ts'

/** Turns what LevelDB and the file system throw into the error of the port. */
export function toStorageError(error: unknown, needed: () => number = () => 0): unknown {
  if (error instanceof CairnError || !(error instanceof Error)) return error
  const { code, text } = innermost(error)
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN') {
    return new StorageError('storage.gone', { reason: 'closed' }, { cause: error })
  }
  if (code === 'LEVEL_LOCKED') return new StorageError('storage.blocked', {}, { cause: error })
  // LevelDB passes on the words of the system, not its error number.
  if (text.includes('No space left on device') || text.includes('Disk quota exceeded')) {
    return new StorageError('storage.quota', { needed: needed() }, { cause: error })
  }
  if (code.startsWith('LEVEL_')) {
    return new StorageError('storage.failed', { name: code, reason: text }, { cause: error })
  }
  return error
}

/** LevelDB wraps the telling error in one or two that only say that opening or writing failed. */
function innermost(error: Error): { code: string; text: string } {
  let code = codeOf(error)
  let text = error.message
  for (
    let cause = error.cause, depth = 0;
    cause instanceof Error && depth < 4;
    cause = cause.cause, depth++
  ) {
    code = codeOf(cause) || code
    text = cause.message
  }
  return { code, text }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
