import { NOT_JSON, parseJson } from '../request.ts'
import { isObject } from '../values.ts'
import type { CallError } from './call-error.ts'

/** Sends a request to an account's server: `path` begins with `/xrpc/`. */
export type Send = (path: string, init: RequestInit) => Promise<Response>

/** What a call gives to the server. */
export interface CallInput {
  /** sent as JSON */
  readonly json?: unknown
  /** sent as it is */
  readonly file?: { readonly bytes: Blob; readonly type: string }
  readonly headers?: Readonly<Record<string, string>>
}

/** No answer, and one that is no sound one: see {@link CallError}. */
const NO_ANSWER = 1
const UNSOUND = 2

class FailedCall extends Error implements CallError {
  readonly status: number
  readonly error: string
  readonly headers: Record<string, string>

  constructor(
    status: number,
    { error, message = error, ...more }: { error: string; message?: string; headers?: Headers },
    cause?: unknown,
  ) {
    super(message, { cause })
    this.status = status
    this.error = error
    this.headers = Object.fromEntries(more.headers ?? [])
  }
}

/**
 * Calls a procedure (XRPC), and gives the object that it answered with; an empty one for an answer that is no JSON.
 * What it throws becomes a typed error with `callError`, as that of the client library does, which is not loaded for
 * the few calls that are made on every day.
 */
export async function callProcedure(
  send: Send,
  method: string,
  input: CallInput = {},
): Promise<Record<string, unknown>> {
  const { json, file } = input
  const headers = new Headers(input.headers)
  if (json !== undefined) headers.set('content-type', 'application/json')
  if (file !== undefined) headers.set('content-type', file.type)
  const body = json === undefined ? file?.bytes : new TextEncoder().encode(JSON.stringify(json))
  const [response, bytes] = await answerOf(
    send(`/xrpc/${method}`, { method: 'POST', headers, ...(body === undefined ? {} : { body }) }),
  )
  const isJson = response.headers.get('content-type')?.includes('application/json') === true
  const answer = isJson ? parseJson(bytes) : {}
  if (response.ok) {
    if (isObject(answer)) return answer
    throw unsound(answer === NOT_JSON ? 'not-json' : 'not-an-object')
  }
  const said = isObject(answer) ? answer : {}
  const error = textOf(said['error']) ?? `HTTP ${response.status}`
  throw new FailedCall(response.status, {
    error,
    message: textOf(said['message']) ?? error,
    headers: response.headers,
  })
}

/** The text under this name in an answer, which has to be there. */
export function textIn(answer: Readonly<Record<string, unknown>>, name: string): string {
  const text = answer[name]
  if (typeof text !== 'string') throw unsound(`no-${name}`)
  return text
}

const unsound = (message: string): FailedCall =>
  new FailedCall(UNSOUND, { error: 'Invalid Response', message })

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

async function answerOf(sent: Promise<Response>): Promise<readonly [Response, Uint8Array]> {
  try {
    const response = await sent
    return [response, new Uint8Array(await response.arrayBuffer())]
  } catch (cause) {
    throw new FailedCall(NO_ANSWER, { error: 'Unknown', message: String(cause) }, cause)
  }
}
