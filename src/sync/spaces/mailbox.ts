import { toHex } from '../../core/bytes.ts'
import type { Timers } from '../../core/timers.ts'
import { SpaceSyncError } from './errors.ts'

/** The longest body that is read, bytes: that of a recovery list. */
const MAX_BODY = 64 * 1024
/** Of what a refusal says. */
const MAX_TEXT = 1024
/** A relay that says nothing for so long is none, ms. */
const PATIENCE = 15_000
const PLACE_BYTES = 32

export interface MailboxPut {
  readonly body: Uint8Array
  /** 32 random bytes: whoever has them may replace and take away */
  readonly owner: Uint8Array
  readonly kind?: 'capability' | 'recovery'
  /** ms since 1970 */
  readonly expires?: number | undefined
  /** how often it may be used */
  readonly uses?: number | undefined
}

/**
 * A relay's mailbox: sealed bytes under a place of 32 bytes, for whoever knows the place. Wire: docs/space-sync.md.
 * No place, owner or body is in any error.
 *
 * @throws SpaceSyncError from its methods: `space-sync.mailbox` ({ status, reason }), with the relay's word for it, or
 * `unreachable`, `timeout`, `too-large`, `cancelled`
 */
export interface Mailbox {
  /** Puts, or replaces what the same owner put. Bodies: capabilities 16,512 bytes, recovery lists 64 KiB. */
  put(place: Uint8Array, put: MailboxPut, signal?: AbortSignal): Promise<void>
  /** The body; undefined for a place of which the relay knows nothing. */
  get(place: Uint8Array, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Takes it away: whoever asks for it is told that it was revoked. */
  revoke(place: Uint8Array, owner: Uint8Array, signal?: AbortSignal): Promise<void>
  /** How often it was fetched, as the relay says, and when last; undefined for an unknown place. */
  receipt(
    place: Uint8Array,
    owner: Uint8Array,
    signal?: AbortSignal,
  ): Promise<{ readonly fetched: number; readonly lastAt: number | undefined } | undefined>
}

export interface MailboxOptions {
  /** the relay's web address; `join/{place}` is under it */
  readonly relay: string
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly timers: Timers
}

export function createMailbox({ relay, fetch, timers }: MailboxOptions): Mailbox {
  const urlOf = (place: Uint8Array, query = ''): string => {
    if (place.length !== PLACE_BYTES) throw new RangeError('no place')
    return `${new URL(`join/${toHex(place)}`, relay.endsWith('/') ? relay : `${relay}/`).href}${query}`
  }
  const call = async <T>(
    url: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
    read: (response: Response) => Promise<T>,
  ): Promise<T> => {
    const over = new AbortController()
    let reason = 'unreachable'
    const end = (why: string): void => {
      reason = why
      over.abort()
    }
    const onAbort = (): void => end('cancelled')
    if (signal?.aborted === true) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    const stop = timers.after(PATIENCE, () => end('timeout'))
    try {
      // The place is in the path: no page that this one leads to, and no cache, is to learn it.
      const response = await fetch(url, {
        ...init,
        ...{ signal: over.signal, cache: 'no-store', credentials: 'omit' },
        ...{ referrerPolicy: 'no-referrer', redirect: 'error' },
      })
      return await read(response)
    } catch (error) {
      if (error instanceof SpaceSyncError) throw error
      // What a browser says of it may name the address, and so the place: it is not passed on.
      throw new SpaceSyncError('space-sync.mailbox', { status: 0, reason })
    } finally {
      stop()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  return {
    put: (place, { body, owner, kind, expires, uses }, signal) =>
      call(
        urlOf(place),
        {
          method: 'PUT',
          body: new Uint8Array(body),
          headers: {
            'content-type': 'application/octet-stream',
            'x-cairn-owner': toHex(owner),
            ...(kind === undefined ? {} : { 'x-cairn-kind': kind }),
            ...(expires === undefined ? {} : { 'x-cairn-expires': String(expires) }),
            ...(uses === undefined ? {} : { 'x-cairn-uses': String(uses) }),
          },
        },
        signal,
        expectOk,
      ),
    get: (place, signal) =>
      call(urlOf(place), { method: 'GET' }, signal, async (response) => {
        if (response.status === 404) return unknown(response)
        if (!response.ok) throw await refusalOf(response)
        return readBody(response, MAX_BODY)
      }),
    revoke: (place, owner, signal) =>
      call(urlOf(place), { method: 'DELETE', headers: { 'x-cairn-owner': toHex(owner) } }, signal, expectOk),
    receipt: (place, owner, signal) =>
      call(
        urlOf(place, '?fetched=1'),
        { method: 'GET', headers: { 'x-cairn-owner': toHex(owner) } },
        signal,
        async (response) => {
          if (response.status === 404) return unknown(response)
          if (!response.ok) throw await refusalOf(response)
          const read = await readJson(response)
          const { fetched, lastAt } = read
          if (typeof fetched !== 'number' || !Number.isSafeInteger(fetched) || fetched < 0)
            throw new SpaceSyncError('space-sync.mailbox', { status: response.status, reason: 'malformed' })
          return { fetched, lastAt: typeof lastAt === 'number' ? lastAt : undefined }
        },
      ),
  }
}

async function expectOk(response: Response): Promise<void> {
  if (!response.ok) throw await refusalOf(response)
  await response.body?.cancel()
}

/** Nothing is there: said so by a relay, and not by a server that has no mailbox. */
async function unknown(response: Response): Promise<undefined> {
  const error = await refusalOf(response)
  if (error.fields['reason'] !== 'unknown') throw error
  return undefined
}

async function refusalOf(response: Response): Promise<SpaceSyncError> {
  const { status } = response
  const { reason } = await readJson(response)
  const isWord = typeof reason === 'string' && /^[a-z-]{1,40}$/.test(reason)
  return new SpaceSyncError('space-sync.mailbox', { status, reason: isWord ? reason : 'refused' })
}

async function readJson(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(await readBody(response, MAX_TEXT)))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** At most so many bytes of an answer. */
async function readBody(response: Response, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader()
  let body = new Uint8Array()
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true as const, value: undefined }
    if (done) return body
    if (body.length + value.length > most) {
      await reader?.cancel()
      throw new SpaceSyncError('space-sync.mailbox', { status: response.status, reason: 'too-large' })
    }
    const longer = new Uint8Array(body.length + value.length)
    longer.set(body)
    longer.set(value, body.length)
    body = longer
  }
}
