import { CairnError } from '../../core/errors.ts'
import type { Refusal } from './protocol.ts'

/** What is not answered, and the word for it that the other side gets. */
export class Refused extends CairnError {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super('sync.refused', { refusal })
    this.refusal = refusal
  }
}

/** Something of a copy, or why not. */
export const orRefused = <T extends object>(found: T | Refusal): T => {
  if (typeof found === 'string') throw new Refused(found)
  return found
}
