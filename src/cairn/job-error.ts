import { CairnError } from '../core/errors.ts'
import { isRetriable } from '../pds/errors.ts'
import type { JobError } from './api.ts'

/** An error as it is shown and stored: its code and facts. What is not ours is a fault of the program. */
export function errorOf(error: unknown): JobError {
  if (error instanceof CairnError)
    return { code: error.code, fields: error.fields, retriable: isRetriable(error) }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'cairn.unexpected', fields: { message }, retriable: true }
}
