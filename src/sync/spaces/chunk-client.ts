import type * as v from 'valibot'
import { concat, fromHex, toHex } from '../../core/bytes.ts'
import { CairnError } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader, writeFrame } from '../../net/frames.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import type { Net, OpenOptions } from '../../net/net.ts'
import { createLimit } from '../packs/limit.ts'
import { patient } from '../pages/patient.ts'
import {
  type ChunkRequest,
  CHUNKS_PROTOCOL,
  hasShape,
  ID_BYTES,
  MAX_ANSWER_BYTES,
  MAX_CHUNK_BYTES,
  MAX_IDS,
  sizeShape,
  storedShape,
} from './chunk-protocol.ts'
import { SpaceSyncError } from './errors.ts'
import { refusalShape } from './protocol.ts'

/** Without a byte for so long a peer counts as silent, ms. */
const IDLE = 30_000
/** Requests on their way at once: each may have a chunk in memory. */
const AT_ONCE = 3

/**
 * Chunks of one space at one peer, over one stream, several at a time. Errors of all: SpaceSyncError
 * `space-sync.refused` (it goes on); `space-sync.bad-chunk`, NetError (it is over).
 */
export interface ChunkClient {
  readonly peer: string
  has(ids: readonly string[]): Promise<readonly boolean[]>
  /** Checked against its id; undefined when the peer lacks it. */
  get(id: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  put(id: string, bytes: Uint8Array): Promise<void>
  isOpen(): boolean
  close(): void
}

/** Opens a stream for chunks. Errors: those of `Net.open`. */
export async function openChunks(
  net: Net,
  peer: string,
  space: string,
  options: OpenOptions & { readonly timers: Timers; readonly sha256: Sha256; readonly idleMs?: number },
): Promise<ChunkClient> {
  const { timers, sha256, idleMs = IDLE, ...open } = options
  const stream = patient(await net.open(peer, CHUNKS_PROTOCOL, open), timers, idleMs)
  const frames = createFrameReader(stream)
  const places = createLimit(AT_ONCE, Number.POSITIVE_INFINITY)
  let failure: CairnError | undefined
  const fail = (error: CairnError): void => {
    if (failure !== undefined) return
    failure = error
    stream.release()
    stream.abort(error)
  }
  const onAbort = (): void => fail(new NetError('net.cancelled'))
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted === true) onAbort()
  /** Ends with the answer to the last request: answers come in the order of requests. */
  let answers: Promise<unknown> = Promise.resolve()
  let writes: Promise<unknown> = Promise.resolve()

  const readAnswer = async <S extends v.GenericSchema>(shape: S): Promise<v.InferOutput<S>> => {
    stream.begin()
    const frame = await frames.expect(MAX_ANSWER_BYTES)
    const refused = refusalOf(frame, peer)
    if (refused !== undefined) throw new SpaceSyncError('space-sync.refused', { peer, reason: refused })
    return decodeMessage(frame, shape, peer)
  }
  /** Whatever is wrong with one message but a refusal, nothing after it can be read. */
  const guarded = async <T>(step: Promise<T>): Promise<T> => {
    try {
      return await step
    } catch (error) {
      if (error instanceof SpaceSyncError && error.code === 'space-sync.refused') throw error
      fail(error instanceof CairnError ? error : new NetError('net.reset', { peer }, { cause: error }))
      throw failure ?? error
    }
  }
  const exchange = async <T>(write: () => Promise<void>, read: () => Promise<T>): Promise<T> => {
    if (failure !== undefined) throw failure
    const sent = writes.then(() => guarded(write()))
    writes = sent.catch(() => {})
    const before = answers
    const answer = (async () => {
      await before
      await sent
      return guarded(read())
    })()
    answers = answer.catch(() => {})
    return answer
  }
  // So many may wait as ask: there is always a place in the queue.
  const ask = <T>(write: () => Promise<void>, read: () => Promise<T>): Promise<T> =>
    places.run(() => exchange(write, read)) ?? Promise.reject(new NetError('net.closed'))
  const send = (request: ChunkRequest): Promise<void> => writeMessage(stream, request)

  return {
    peer,
    async has(ids) {
      const found: boolean[] = []
      for (let i = 0; i < ids.length; i += MAX_IDS) {
        const some = ids.slice(i, i + MAX_IDS)
        const packed = concat(some.map(bytesOf))
        const { has } = await ask(
          () => send({ type: 'has', space, ids: packed }),
          async () => {
            const answer = await readAnswer(hasShape)
            if (answer.has.length !== some.length)
              throw new NetError('net.malformed', { peer, reason: 'shape' })
            return answer
          },
        )
        for (const it of has) found.push(it === 1)
      }
      return found
    },
    async get(id) {
      try {
        return await ask(
          () => send({ type: 'get', space, id: bytesOf(id) }),
          async () => {
            const { size } = await readAnswer(sizeShape)
            stream.begin()
            const bytes = await frames.expect(MAX_CHUNK_BYTES)
            if (bytes.length !== size || toHex(sha256(bytes)) !== id)
              throw new SpaceSyncError('space-sync.bad-chunk', { peer, id })
            return new Uint8Array(bytes)
          },
        )
      } catch (error) {
        if (error instanceof SpaceSyncError && error.fields['reason'] === 'lacking') return undefined
        throw error
      }
    },
    async put(id, bytes) {
      await ask(
        async () => {
          await send({ type: 'put', space, id: bytesOf(id), size: bytes.length })
          await writeFrame(stream, bytes)
        },
        () => readAnswer(storedShape),
      )
    },
    isOpen: () => failure === undefined,
    close() {
      options.signal?.removeEventListener('abort', onAbort)
      fail(new NetError('net.closed'))
    },
  }
}

/** Throws RangeError for what is no id. */
function bytesOf(id: string): Uint8Array<ArrayBuffer> {
  const bytes = fromHex(id)
  if (bytes?.length !== ID_BYTES) throw new RangeError('no id of a chunk')
  return bytes
}

function refusalOf(frame: Uint8Array, peer: string): string | undefined {
  try {
    return decodeMessage(frame, refusalShape, peer).refused
  } catch {
    // Not a refusal; what it is the shape of an answer says.
    return undefined
  }
}
