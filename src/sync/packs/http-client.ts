import { concat } from '../../core/bytes.ts'
import { CairnError } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import { isPackMediaType, PACK_MEDIA_TYPE } from '../../pack/media-type.ts'
import type { Fetch } from '../../pds/network.ts'
import { createPackClient, type PackClient } from './client.ts'
import type { Exchange } from './exchange.ts'
import { MAX_RESPONSE_BYTES } from './model.ts'
import { readRefusal } from './refusal.ts'

/** Without a byte for so long a server counts as silent, ms. */
const IDLE = 30_000
/** Carries the scopes that a chunk is asked for under, as JSON. */
export const SCOPES_HEADER = 'X-Syncular-Snapshot-Scopes'

export interface HttpPacksOptions {
  readonly timers: Timers
  readonly clientId: string
  readonly idleMs?: number
  /** ends all requests */
  readonly signal?: AbortSignal
}

/**
 * Asks a relay's store for packs over HTTP, where no stream can be had: `POST {url}`, and `GET {url}/chunks/{id}`.
 * The same client as over a stream; `peer` is the origin of the URL. One failed request does not end it.
 *
 * @param url where packs are answered: a relay's address and `sync`
 */
export function httpPacks(url: string, fetch: Fetch, options: HttpPacksOptions): PackClient {
  const base = url.replace(/\/+$/, '')
  const peer = new URL(url).origin
  const exchange = httpExchange(peer, fetch, options)
  return createPackClient(
    {
      peer,
      send: (request) =>
        // The body's bytes are the caller's own, never shared memory.
        exchange.ask(base, isPackMediaType, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: PACK_MEDIA_TYPE },
          body: request as Uint8Array<ArrayBuffer>,
        }),
      chunk: (id, scopes) =>
        exchange.ask(`${base}/chunks/${encodeURIComponent(id)}`, () => true, {
          headers: { [SCOPES_HEADER]: asciiJson(scopes) },
        }),
      fail: () => {},
      close: async () => exchange.close(),
    } satisfies Exchange,
    options.clientId,
  )
}

function httpExchange(peer: string, fetch: Fetch, { timers, idleMs = IDLE, signal }: HttpPacksOptions) {
  const closing = new AbortController()
  const over = signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal])

  /** The whole answer, or the refusal in its place. */
  const ask = async (
    url: string,
    isAnswer: (contentType: string | null) => boolean,
    init: RequestInit,
  ): Promise<Uint8Array> => {
    const idle = new AbortController()
    let stop = (): void => {}
    const moved = (): void => {
      stop()
      stop = timers.after(idleMs, () => idle.abort())
    }
    moved()
    try {
      const response = await fetch(url, {
        ...init,
        credentials: 'omit',
        redirect: 'error',
        cache: 'no-store',
        signal: AbortSignal.any([over, idle.signal]),
      })
      const bytes = await readAll(response, peer, moved)
      if (response.ok && isAnswer(response.headers.get('content-type'))) return bytes
      if (!response.ok && readRefusal(bytes) !== undefined) return bytes
      // A proxy, or something that is no relay.
      const reason = response.ok ? 'content-type' : `http-${response.status}`
      throw new NetError('net.refused', { peer, reason, retriable: response.status >= 429 })
    } catch (error) {
      if (error instanceof CairnError) throw error
      if (closing.signal.aborted) throw new NetError('net.closed')
      if (over.aborted) throw new NetError('net.cancelled')
      if (idle.signal.aborted) throw new NetError('net.timeout', { peer, ms: idleMs })
      throw new NetError('net.reset', { peer }, { cause: error })
    } finally {
      stop()
    }
  }
  return { ask, close: () => closing.abort() }
}

async function readAll(response: Response, peer: string, moved: () => void): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  const parts: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true }
    if (done || value === undefined) return concat(parts)
    moved()
    bytes += value.length
    if (bytes > MAX_RESPONSE_BYTES) {
      // What it still has to say is not wanted; why it stops is said below.
      reader?.cancel().catch(() => {})
      throw new NetError('net.too-large', { peer, bytes, limit: MAX_RESPONSE_BYTES })
    }
    parts.push(value)
  }
}

/** JSON that a header can carry. */
const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
