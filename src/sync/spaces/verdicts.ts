import type { CairnError } from '../../core/errors.ts'

/** Nobody's fault: it is tried again when there is a reason to. */
const PASSING: ReadonlySet<string> = new Set([
  'space.busy',
  'space.chunk-gone',
  'space.restarts',
  'space.rollback',
  'sync.peer-failed',
  'sync.bad-pack',
])

/** The peer that gave this lied, or passed on what it had not checked. */
const LIES: ReadonlySet<string> = new Set([
  'space.bad-answer',
  'space.bad-signature',
  'space.changes',
  'space.commit-malformed',
  'space.commit-version',
  'space.hash-mismatch',
  'space.key-unsupported',
  'space.record',
  'space.rev-malformed',
  'space.wrong-author',
  'space.wrong-space',
])

/**
 * What a repo that could not be taken from a peer says: `passing`; `lie`, of the peer; `fork`, of its author, who signed
 * two heads of one rev; `not-taken`: by what is known of the members it does not count, or not yet.
 */
export function verdictOn(error: CairnError): 'passing' | 'lie' | 'fork' | 'not-taken' {
  if (PASSING.has(error.code)) return 'passing'
  if (LIES.has(error.code)) return 'lie'
  return error.code === 'space.equivocation' ? 'fork' : 'not-taken'
}
