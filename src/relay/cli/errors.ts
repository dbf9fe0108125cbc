import { CairnError } from '../../core/errors.ts'

/**
 * The command line was used wrongly, or a file it names cannot be read. Codes: `cli.usage`, `cli.file`.
 * `message` is the sentence for the person.
 */
export class UsageError extends CairnError {
  readonly sentence: string

  constructor(code: 'cli.usage' | 'cli.file', sentence: string, options?: ErrorOptions) {
    super(code, {}, options)
    this.sentence = sentence
  }
}

/** Why the system refused a file, in words. */
export function fileError(path: string, error: unknown): UsageError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const why =
    code === 'ENOENT'
      ? 'There is no file'
      : code === 'EACCES' || code === 'EPERM'
        ? 'No permission for'
        : code === 'EISDIR'
          ? 'This is a folder:'
          : code === 'ENOSPC'
            ? 'No room left on the disk for'
            : 'Cannot use'
  return new UsageError('cli.file', `${why} ${path}`, { cause: error })
}
