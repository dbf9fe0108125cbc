import { concat } from '../core/bytes.ts'
import { PdsError, type PdsErrorCode } from './errors.ts'
import { httpError } from './http-error.ts'
import type { Network } from './network.ts'
import { get, getJson, NOT_JSON, parseJson, type Answer, type GetOptions } from './request.ts'
import { isObject } from './values.ts'

/** An XRPC query: `GET {service}/xrpc/{method}?{params}`. */
export interface Query {
  /** origin of the PDS (or relay) */
  readonly service: string
  /** NSID of the method */
  readonly method: string
  /** a list repeats its name, undefined is left out */
  readonly params: Readonly<Record<string, string | number | readonly string[] | undefined>>
}

/** An error body is `{ error, message }`; what is longer is no error body, bytes. */
const MAX_ERROR_BYTES = 64 * 1024
/** Texts from a server are cut to this before they go into an error's fields, characters. */
const MAX_ERROR_TEXT = 256

/** Error names of com.atproto.sync.* and of the account states, by what they say about the account. */
const ACCOUNT_ERRORS: ReadonlyMap<string, PdsErrorCode> = new Map<string, PdsErrorCode>(
  Object.entries({
    RepoNotFound: 'pds.account-not-found',
    AccountNotFound: 'pds.account-not-found',
    RepoDeactivated: 'pds.account-deactivated',
    AccountDeactivated: 'pds.account-deactivated',
    RepoTakendown: 'pds.account-takendown',
    AccountTakedown: 'pds.account-takendown',
    AccountTakendown: 'pds.account-takendown',
    RepoSuspended: 'pds.account-suspended',
    AccountSuspended: 'pds.account-suspended',
    RepoDeleted: 'pds.account-deleted',
    AccountDeleted: 'pds.account-deleted',
  } as const),
)

/** A query whose answer is a byte stream. Throws the typed error of any status that is not 200. */
export async function queryStream(network: Network, query: Query, options: GetOptions = {}): Promise<Answer> {
  const answer = await get(network, queryUrl(query), options)
  if (answer.status === 200) return answer
  throw await readError(network, query, answer)
}

/** A query whose answer is a JSON object. */
export async function queryJson(
  network: Network,
  query: Query,
  options: GetOptions = {},
): Promise<Record<string, unknown>> {
  const { status, headers, url, json } = await getJson(network, queryUrl(query), options)
  if (status !== 200) throw errorOf(network, query, { status, headers, host: url.host, json })
  if (json === NOT_JSON) throw new PdsError('pds.bad-response', { host: url.host, reason: 'not-json' })
  if (!isObject(json)) throw new PdsError('pds.bad-response', { host: url.host, reason: 'not-an-object' })
  return json
}

export function queryUrl({ service, method, params }: Query): string {
  if (!URL.canParse(service)) throw new PdsError('pds.address-refused', { host: undefined, reason: 'syntax' })
  const url = new URL(`/xrpc/${method}`, service)
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue
    for (const item of typeof value === 'object' ? value : [value])
      url.searchParams.append(name, String(item))
  }
  return url.href
}

/** The error of a streamed answer, from as much of its body as an error body may have. */
async function readError(network: Network, query: Query, answer: Answer): Promise<PdsError> {
  const { status, headers, url } = answer
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    while (length <= MAX_ERROR_BYTES) {
      const chunk = await answer.body.read()
      if (chunk === undefined) break
      chunks.push(chunk.slice())
      length += chunk.length
    }
    await answer.body.cancel()
  } catch (error) {
    // a cancelled read is the caller's will; any other break leaves the status to speak for itself
    if (error instanceof PdsError && error.code === 'pds.cancelled') return error
  }
  return errorOf(network, query, { status, headers, host: url.host, json: parseJson(concat(chunks)) })
}

interface FailedAnswer {
  readonly status: number
  readonly headers: Headers
  readonly host: string
  readonly json: unknown
}

function errorOf(network: Network, query: Query, answer: FailedAnswer): PdsError {
  const { status, headers, host } = answer
  const name = textIn(answer.json, 'error')
  const account = name === undefined ? undefined : ACCOUNT_ERRORS.get(name)
  if (account !== undefined) return new PdsError(account, { host, did: query.params['did'], error: name })
  const words = { error: name, message: textIn(answer.json, 'message') }
  return httpError(host, status, headers, network.clock, words)
}

function textIn(json: unknown, field: 'error' | 'message'): string | undefined {
  const text = isObject(json) ? json[field] : undefined
  return typeof text === 'string' ? text.slice(0, MAX_ERROR_TEXT) : undefined
}
