import { CairnError } from '../../core/errors.ts'

/** Anything thrown, as an error that has words. */
export function toCairnError(error: unknown): CairnError {
  return error instanceof CairnError ? error : new CairnError('app.unexpected', { message: String(error) })
}
