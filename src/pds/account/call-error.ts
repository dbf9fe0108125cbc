import { CairnError } from '../../core/errors.ts'
import { PdsError } from '../errors.ts'
import { AccountError } from './errors.ts'

/** What a failed call throws: `XRPCError` of `@atproto/xrpc`, known by its shape so that nothing is loaded for it. */
export interface CallError extends Error {
  /** of HTTP; 1 and 2 stand for no answer and one that is no sound one */
  readonly status: number
  /** name of the error, such as `InvalidSwap` */
  readonly error: string
  readonly headers?: Record<string, string>
}

/** Texts from a server are cut to this before they go into an error's fields, characters. */
const MAX_TEXT = 256
const MAX_DEPTH = 8

export function isCallError(error: unknown): error is CallError {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && 'error' in error
}

/**
 * The typed error of a call that a session's agent made. Whatever has a meaning for the caller alone (`InvalidSwap`
 * and the like) comes as `pds.http` with the name in its field `error`, so look at that, or at {@link isCallError}
 * first. Errors: `account.expired`, `account.scope { missing }`, `pds.rate-limited`, `pds.http`, and whatever the
 * session threw on the way to the server.
 */
export function callError(
  error: unknown,
  about: { readonly did: string; readonly host: string },
): CairnError {
  const { did, host } = about
  const known = causes(error).find((it) => it instanceof CairnError)
  if (known !== undefined) return known
  if (!isCallError(error)) {
    return new PdsError('pds.network', { host, retriable: true, bytes: 0 }, { cause: error })
  }
  const name = error.error.slice(0, MAX_TEXT)
  const message = error.message.slice(0, MAX_TEXT)
  if (
    name === 'ExpiredToken' ||
    name === 'InvalidToken' ||
    name === 'AuthMissing' ||
    name === 'invalid_token'
  ) {
    return new AccountError('account.expired', { did }, { cause: error })
  }
  const missing = /\bscope\b.*?"([^"]+)"/i.exec(message)?.[1]
  if (name === 'ScopeMissingError' || (error.status === 403 && missing !== undefined)) {
    return new AccountError('account.scope', { did, missing: missing ?? '' }, { cause: error })
  }
  if (error.status === 429) {
    return new PdsError('pds.rate-limited', { host, retryAfter: resetOf(error) }, { cause: error })
  }
  if (error.status < 100) return new PdsError('pds.bad-response', { host, reason: name }, { cause: error })
  const retriable = error.status >= 500 && error.status !== 501
  return new PdsError(
    'pds.http',
    { host, status: error.status, error: name, message, retriable },
    { cause: error },
  )
}

/** Seconds from now as a rate limit says them, in ms. */
function resetOf({ headers }: CallError): number | undefined {
  const seconds = Number(headers?.['retry-after'])
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}

function causes(error: unknown): unknown[] {
  const all: unknown[] = []
  for (let at = error; at instanceof Error && all.length < MAX_DEPTH; at = at.cause) all.push(at)
  return all
}
