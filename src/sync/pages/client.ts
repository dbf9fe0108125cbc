import type * as v from 'valibot'
import { fromUtf8Strict } from '../../core/bytes.ts'
import { decompress } from '../../core/compress.ts'
import { CairnError } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader } from '../../net/frames.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import type { Net, OpenOptions } from '../../net/net.ts'
import { PdsError } from '../../pds/errors.ts'
import { type Identity, identityFromKept } from '../../pds/identity.ts'
import type { Timers } from '../../core/timers.ts'
import { patient } from './patient.ts'
import {
  blobShape,
  blocksShape,
  headsShape,
  identityShape,
  MAX_DIDS,
  MAX_FRAME_BYTES,
  MAX_HEAD_BYTES,
  PAGES_PROTOCOL,
  pageShape,
  refusalShape,
  type RemoteHead,
  type Request,
  type RequestOf,
} from './protocol.ts'

/** Without a byte for so long a peer counts as silent, ms. */
const IDLE = 30_000
/** Requests on the way at once: one that is answered, one that waits for it. */
const AT_ONCE = 2

type Asked<T extends Request['type']> = Omit<RequestOf<T>, 'type'>

/** A head at once, the bytes as they come: what is asked next needs the head only. */
export interface PageAnswer {
  readonly root: string
  readonly last: string | undefined
  readonly end: boolean
  readonly records: number
  /** they come without CIDs */
  readonly bare: boolean
  readonly bytes: Promise<Uint8Array>
}

export interface BlocksAnswer {
  readonly root: string
  readonly answered: number
  readonly missing: readonly number[]
  /** they came without CIDs */
  readonly bare: boolean
  readonly bytes: Uint8Array
}

/**
 * Requests to one peer over one stream. What a peer says is only well-formed; whether it is true is for the
 * caller to prove. At most two requests are on their way, others wait.
 *
 * Errors of all: NetError `net.refused` ({ peer, reason } with the peer's word for it; the client goes on);
 * `net.timeout`, `net.malformed`, `net.too-large`, `net.reset`, `net.cancelled` (the client is over).
 */
export interface PageClient {
  readonly peer: string
  /** Heads that the peer holds of these repos; others are left out. */
  heads(dids: readonly string[]): Promise<RemoteHead[]>
  /** The identity whose log the peer keeps, verified here; undefined when it has none that proves anything. */
  identity(did: string): Promise<Identity | undefined>
  page(request: Asked<'page'>): Promise<PageAnswer>
  blocks(request: Asked<'blocks'>): Promise<BlocksAnswer>
  /** Bytes of a blob from `offset` on, at most 1 MiB, and its whole size as the peer says. */
  blob(request: Asked<'blob'>): Promise<{ readonly size: number; readonly bytes: Uint8Array }>
  close(): Promise<void>
}

export interface OpenPagesOptions extends OpenOptions {
  readonly timers: Timers
  readonly idleMs?: number
}

/** Opens a stream for requests. Errors: those of `Net.open`. */
export async function openPages(net: Net, peer: string, options: OpenPagesOptions): Promise<PageClient> {
  const { timers, idleMs = IDLE, ...open } = options
  const stream = patient(await net.open(peer, PAGES_PROTOCOL, open), timers, idleMs)
  const frames = createFrameReader(stream)
  let failure: CairnError | undefined
  const fail = (error: CairnError): void => {
    failure ??= error
    stream.abort(failure)
  }
  const onAbort = (): void => fail(new NetError('net.cancelled'))
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted === true) onAbort()

  /** Ends with the answer to the last request: answers come in the order of requests. */
  let answers: Promise<unknown> = Promise.resolve()
  let writes: Promise<unknown> = Promise.resolve()
  const places = createPlaces()

  const readHead = async <S extends v.GenericSchema>(shape: S): Promise<v.InferOutput<S>> => {
    stream.begin()
    const frame = await frames.expect(MAX_HEAD_BYTES)
    const refusal = refusalOf(frame, peer)
    if (refusal !== undefined) throw new NetError('net.refused', { peer, reason: refusal })
    return decodeMessage(frame, shape, peer)
  }
  const readBytes = (): Promise<Uint8Array> => {
    stream.begin()
    return frames.expect(MAX_FRAME_BYTES)
  }
  /** Whatever is wrong with one message but a refusal, nothing after it can be read. */
  const guarded = async <T>(step: Promise<T>): Promise<T> => {
    try {
      return await step
    } catch (error) {
      if (error instanceof NetError && error.code === 'net.refused') throw error
      const typed =
        error instanceof CairnError ? error : new NetError('net.reset', { peer }, { cause: error })
      fail(typed)
      throw failure ?? typed
    }
  }

  /** One request; `bytes` is undefined for the answers that have none. */
  const ask = async <S extends v.GenericSchema>(
    request: Record<string, unknown>,
    shape: S,
    withBytes = true,
  ): Promise<{ head: v.InferOutput<S>; bytes: Promise<Uint8Array> }> => {
    const free = await places.take()
    if (failure !== undefined) {
      free()
      throw failure
    }
    const sent = writes.then(() => guarded(writeMessage(stream, defined(request))))
    writes = sent.catch(() => {})
    const before = answers
    const head = (async () => {
      await before
      await sent
      return guarded(readHead(shape))
    })()
    const bytes = head.then(() => (withBytes ? guarded(readBytes()) : new Uint8Array()))
    // Whoever asked learns of a failure by the head or the bytes; the next answer begins in any case.
    answers = bytes.then(free, free)
    return { head: await head, bytes }
  }

  const inflated = (bytes: Promise<Uint8Array>): Promise<Uint8Array> =>
    guarded(
      (async () => {
        const whole = await decompress(await bytes, 'deflate-raw', MAX_FRAME_BYTES)
        if (whole === undefined) throw new NetError('net.malformed', { peer, reason: 'deflate' })
        return whole
      })(),
    )

  return {
    peer,
    async heads(dids) {
      const out: RemoteHead[] = []
      for (let i = 0; i < dids.length; i += MAX_DIDS) {
        const asked = dids.slice(i, i + MAX_DIDS)
        const { head } = await ask({ type: 'heads', dids: asked }, headsShape, false)
        const wanted = new Set(asked)
        // One answer a repo, and only of what was asked.
        out.push(...head.heads.filter((it) => wanted.delete(it.did)))
      }
      return out
    },
    async identity(did) {
      try {
        const { bytes } = await ask({ type: 'identity', did }, identityShape)
        return await provenIdentity(did, await bytes, peer)
      } catch (error) {
        if (error instanceof NetError && error.code === 'net.refused') return undefined
        throw error
      }
    },
    async page(request) {
      const { head, bytes } = await ask({ type: 'page', ...request }, pageShape)
      const { root, last, end, records } = head
      // Only who was asked for it sends it so.
      const whole = request.deflate === true && head.deflate === true ? inflated(bytes) : bytes
      // Awaited by whoever asked, if it comes to that.
      whole.catch(() => {})
      return { root, last, end, records, bare: isBare(request, head), bytes: whole }
    },
    async blocks(request) {
      const { head, bytes } = await ask({ type: 'blocks', ...request }, blocksShape)
      return { ...head, bare: isBare(request, head), bytes: await bytes }
    },
    async blob(request) {
      const { head, bytes } = await ask({ type: 'blob', ...request }, blobShape)
      return { size: head.size, bytes: await bytes }
    },
    async close() {
      options.signal?.removeEventListener('abort', onAbort)
      if (failure !== undefined) return
      failure = new NetError('net.closed')
      stream.release()
      stream.abort(failure)
    },
  }

  function createPlaces(): { take(): Promise<() => void> } {
    let free = AT_ONCE
    const waiting: (() => void)[] = []
    return {
      async take() {
        if (free > 0) free--
        else await new Promise<void>((resolve) => void waiting.push(resolve))
        return () => {
          const next = waiting.shift()
          if (next === undefined) free++
          else next()
        }
      },
    }
  }
}

/** Only who was asked for bare blocks sends them. */
const isBare = (
  request: { readonly bare?: boolean | undefined },
  head: { readonly bare?: boolean | undefined },
): boolean => request.bare === true && head.bare === true

/** An absent field is left out; the encoder has no word for it. */
const defined = (request: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))

function refusalOf(frame: Uint8Array, peer: string): string | undefined {
  try {
    return decodeMessage(frame, refusalShape, peer).refused
  } catch {
    // Not a refusal; what it is the caller's shape says.
    return undefined
  }
}

/**
 * Only a log that leads back to the DID proves an author to someone who did not fetch it: what a did:web says
 * of itself is nothing in another's hands.
 *
 * @throws NetError `net.malformed`, with what is wrong with the log as its cause
 */
async function provenIdentity(did: string, bytes: Uint8Array, peer: string): Promise<Identity | undefined> {
  const malformed = (cause?: unknown): NetError =>
    new NetError('net.malformed', { peer, reason: 'identity' }, cause === undefined ? undefined : { cause })
  let read: unknown
  try {
    read = JSON.parse(fromUtf8Strict(bytes) ?? '')
    // Nested so deeply that it could not be stored.
    JSON.stringify(read)
  } catch (cause) {
    throw malformed(cause)
  }
  if (typeof read !== 'object' || read === null || !('document' in read) || !('plcLog' in read))
    throw malformed()
  try {
    const identity = await identityFromKept({ did, document: read.document, plcLog: read.plcLog })
    return identity.keysFrom === 'plc-log' ? identity : undefined
  } catch (error) {
    throw error instanceof PdsError ? malformed(error) : error
  }
}
