import {
  FetchResponseError,
  OAuthCallbackError,
  OAuthResponseError,
  TokenInvalidError,
  TokenRefreshError,
  TokenRevokedError,
} from '@atproto/oauth-client'
import { CairnError } from '../../core/errors.ts'
import { PdsError } from '../errors.ts'
import { AccountError } from './errors.ts'

/** Texts from a server are cut to this before they go into an error's fields, characters. */
const MAX_TEXT = 256
/** Causes that are looked at; honest errors have three or four. */
const MAX_DEPTH = 16

/** The typed error in what the OAuth client throws. `host`: the server that it dealt with. */
export function oauthError(thrown: unknown, host: string | undefined, app: string): CairnError {
  let ended: unknown
  for (const error of causes(thrown)) {
    if (error instanceof CairnError) return error
    if (error instanceof OAuthResponseError) {
      return answered({ host, app, error: error.error, message: error.errorDescription }, error)
    }
    if (error instanceof OAuthCallbackError && error.params.get('error') !== null) {
      const { params } = error
      return answered(
        {
          host,
          app,
          error: params.get('error') ?? undefined,
          message: params.get('error_description') ?? undefined,
        },
        error,
      )
    }
    if (error instanceof Error && error.message === 'Issuer mismatch') {
      return new AccountError('account.not-its-server', { host }, { cause: thrown })
    }
    if (error instanceof FetchResponseError) {
      const status = error.statusCode
      return new PdsError('pds.http', { host, status, retriable: status >= 500 }, { cause: thrown })
    }
    if (isEnded(error)) ended = error
  }
  if (isEnded(ended)) return new AccountError('account.expired', { did: ended.sub }, { cause: thrown })
  return new AccountError(
    'account.refused',
    { host, error: undefined, message: undefined },
    { cause: thrown },
  )
}

interface Answer {
  readonly host: string | undefined
  readonly app: string
  readonly error: string | undefined
  readonly message: string | undefined
}

function answered({ host, app, ...words }: Answer, cause: Error): AccountError {
  const error = words.error?.slice(0, MAX_TEXT)
  const message = words.message?.slice(0, MAX_TEXT)
  switch (error) {
    case 'access_denied':
      return new AccountError('account.denied', { host }, { cause })
    case 'invalid_client':
    case 'invalid_client_metadata':
    case 'invalid_client_id':
    case 'invalid_redirect_uri':
    case 'unauthorized_client':
      return new AccountError('account.no-client', { app, host, error, message }, { cause })
    case 'invalid_dpop_proof':
      return new AccountError('account.clock', { host, message }, { cause })
    default:
      return new AccountError('account.refused', { host, error, message }, { cause })
  }
}

type Ended = TokenRefreshError | TokenRevokedError | TokenInvalidError

const isEnded = (error: unknown): error is Ended =>
  error instanceof TokenRefreshError ||
  error instanceof TokenRevokedError ||
  error instanceof TokenInvalidError

/** An error, what caused it, what caused that; of several at once each. */
function* causes(thrown: unknown): Generator {
  const open: unknown[] = [thrown]
  for (let seen = 0; seen < MAX_DEPTH && open.length > 0; seen++) {
    const error = open.shift()
    yield error
    if (error instanceof AggregateError) open.push(...error.errors)
    if (error instanceof Error && error.cause !== undefined) open.push(error.cause)
  }
}
