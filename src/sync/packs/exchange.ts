import { CairnError } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader, writeFrame } from '../../net/frames.ts'
import type { Net, OpenOptions } from '../../net/net.ts'
import { patient } from '../pages/patient.ts'
import { createLimit } from './limit.ts'
import { MAX_RESPONSE_BYTES, PACKS_PROTOCOL } from './model.ts'
import { writeRequest } from './request.ts'

/** Without a byte for so long a peer counts as silent, ms. */
const IDLE = 30_000
/** Requests on the way at once: one that is answered, one that waits for it. */
const AT_ONCE = 2

/**
 * One way to ask for packs: bytes there, bytes back, whatever is in between. What comes back may be a refusal.
 *
 * Errors of all: NetError `net.timeout`, `net.malformed`, `net.too-large`, `net.reset`, `net.cancelled`,
 * `net.refused`, with `peer`.
 */
export interface Exchange {
  /** who is asked: a peer id, or an origin */
  readonly peer: string
  send(request: Uint8Array): Promise<Uint8Array>
  chunk(id: string, scopes: Readonly<Record<string, string>>): Promise<Uint8Array>
  /** What came was worth nothing: no more is asked. */
  fail(error: CairnError): void
  close(): Promise<void>
}

export interface OpenPacksOptions extends OpenOptions {
  readonly timers: Timers
  readonly idleMs?: number
}

/** Requests over one stream. Errors: those of `Net.open`. */
export async function openExchange(net: Net, peer: string, options: OpenPacksOptions): Promise<Exchange> {
  const { timers, idleMs = IDLE, ...open } = options
  const stream = patient(await net.open(peer, PACKS_PROTOCOL, open), timers, idleMs)
  const frames = createFrameReader(stream)
  const places = createLimit(AT_ONCE, Number.POSITIVE_INFINITY)
  let failure: CairnError | undefined
  /** Ends with the answer to the last request: answers come in the order of requests. */
  let answers: Promise<unknown> = Promise.resolve()
  let writes: Promise<unknown> = Promise.resolve()

  const fail = (error: CairnError): void => {
    failure ??= error
    stream.abort(failure)
  }
  const onAbort = (): void => fail(new NetError('net.cancelled'))
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted === true) onAbort()

  const exchange = async (request: Uint8Array): Promise<Uint8Array> => {
    if (failure !== undefined) throw failure
    const sent = writes.then(() => writeFrame(stream, request))
    writes = sent.catch(() => {})
    const before = answers
    const answer = (async () => {
      await before
      await sent
      stream.begin()
      return frames.expect(MAX_RESPONSE_BYTES)
    })()
    answers = answer.catch(() => {})
    try {
      return await answer
    } catch (error) {
      // Whatever is wrong with one message, nothing after it can be read.
      fail(error instanceof CairnError ? error : new NetError('net.reset', { peer }, { cause: error }))
      throw failure ?? error
    }
  }
  // So many may wait as are asked for: there is always a place in the queue.
  const send = (request: Uint8Array): Promise<Uint8Array> =>
    places.run(() => exchange(request)) ?? Promise.reject(new NetError('net.closed'))

  return {
    peer,
    send,
    chunk: (id, scopes) => send(writeRequest({ type: 'chunk', id, scopes })),
    fail,
    async close() {
      options.signal?.removeEventListener('abort', onAbort)
      if (failure !== undefined) return
      failure = new NetError('net.closed')
      stream.release()
      stream.abort(failure)
    },
  }
}
