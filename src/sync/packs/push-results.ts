import type { OperationResult, PushedCommit } from '../../pack/model.ts'
import { COMMIT_TABLE, type PushAsk } from './model.ts'

/**
 * Why a pushed commit is not taken. What is retriable may be taken when it comes again, as it is; the rest never
 * will be.
 */
export const PUSH_ERRORS = {
  'sync.invalid_request': { retriable: false, message: 'The commit is not one of a repo.' },
  'sync.stale_rev': { retriable: false, message: 'A newer head is kept.' },
  'sync.equivocation': { retriable: false, message: 'Another commit of this rev is kept.' },
  'sync.integrity_rejected': {
    retriable: false,
    message: 'The commit does not prove what was sent with it.',
  },
  'sync.rev_ahead': { retriable: true, message: 'The rev lies in the future.' },
  'sync.unproven': { retriable: true, message: 'Nothing that proves the author can be had now.' },
  'sync.forbidden': { retriable: false, message: 'This caller may not write to this repo.' },
  'sync.not_kept': { retriable: true, message: 'Nothing of this repo is kept here.' },
  'sync.base_missing': {
    retriable: true,
    message: 'The head that the commit follows is not the one kept here.',
  },
  'runtime.limit_exceeded': { retriable: true, message: 'There is no room for it.' },
  'runtime.busy': { retriable: true, message: 'Too much is at work already.' },
  'runtime.internal': { retriable: true, message: 'Something went wrong on this side.' },
} as const satisfies Record<string, { readonly retriable: boolean; readonly message: string }>
export type PushErrorCode = keyof typeof PUSH_ERRORS

export const isPushErrorCode = (code: string): code is PushErrorCode => Object.hasOwn(PUSH_ERRORS, code)

/** A rejection names the one operation that it is for: that of the signed commit, unless told. */
export function rejected(ask: PushAsk, code: PushErrorCode, at?: number): PushedCommit {
  const { message, retriable } = PUSH_ERRORS[code]
  const signed = ask.operations.findIndex((it) => it.table === COMMIT_TABLE)
  const opIndex = at ?? Math.max(0, signed)
  return {
    ok: false,
    clientCommitId: ask.clientCommitId,
    status: 'rejected',
    results: [{ opIndex, status: 'error', error: message, code, retriable }],
  }
}

/** `cached`: it was taken before. */
export function taken(ask: PushAsk, status: 'applied' | 'cached', commitSeq: number): PushedCommit {
  const results = ask.operations.map((_, opIndex): OperationResult => ({ opIndex, status: 'applied' }))
  return { ok: true, clientCommitId: ask.clientCommitId, status, commitSeq, results }
}
