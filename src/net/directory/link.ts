import { NetError } from '../errors.ts'
import { createMessageReader } from '../messages.ts'
import type { ByteStream } from '../net.ts'
import { ANSWER_BYTES, REQUEST_BYTES } from './limits.ts'
import { createOutbox } from './outbox.ts'
import type { Timers } from '../../core/timers.ts'
import { answerShape, type DirectoryAnswer, type DirectoryQuestion, refusedBy } from './wire.ts'

/** A relay that answers nothing for this long is taken for gone, ms: slower than any lookup through others. */
const ANSWER_WITHIN = 12_000
/** Requests on their way at a time: what a relay works on before it stops reading. */
const OUTSTANDING = 24
/** Unsent requests, bytes: all that may be outstanding. */
const UNSENT = (OUTSTANDING + 8) * REQUEST_BYTES

export interface WatchListener {
  add(record: Uint8Array): void
  gone(peer: string): void
}

/** One open stream to one relay's directory. */
export interface DirectoryLink {
  readonly relay: string
  /**
   * The records of the answer; none for what has none.
   *
   * @throws NetError what the relay refuses with; `net.timeout`, `net.reset`, `net.cancelled`
   */
  ask(question: DirectoryQuestion, signal?: AbortSignal): Promise<readonly Uint8Array[]>
  /** What is under the topic now; changes from then on go to the listener, until the link or `stop` ends it. */
  watch(
    topic: Uint8Array,
    local: boolean,
    listener: WatchListener,
  ): Promise<{ readonly records: readonly Uint8Array[]; readonly stop: () => void }>
  /** resolves when the stream is over, however it ended */
  readonly ended: Promise<void>
  close(): void
}

interface Pending {
  resolve(records: readonly Uint8Array[]): void
  reject(error: unknown): void
}

export function createLink(stream: ByteStream, timers: Timers): DirectoryLink {
  const relay = stream.peer
  const outbox = createOutbox(stream, UNSENT)
  const pending = new Map<number, Pending>()
  const watches = new Map<number, WatchListener>()
  const turns: (() => void)[] = []
  let active = 0
  let lastId = 0
  let over: NetError | undefined

  const finish = (error: NetError): void => {
    if (over !== undefined) return
    over = error
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
    watches.clear()
    // Who waits for a place gets one in turn, and finds the link over.
  }
  const give = (answer: DirectoryAnswer): void => {
    if (answer.type === 'add') return watches.get(answer.id)?.add(answer.record)
    if (answer.type === 'gone') return watches.get(answer.id)?.gone(answer.peer)
    const asked = pending.get(answer.id)
    pending.delete(answer.id)
    if (answer.type === 'ok') asked?.resolve(answer.records)
    else asked?.reject(refusedBy(relay, answer))
  }
  const readAll = async (): Promise<void> => {
    try {
      const reader = createMessageReader(stream, answerShape, ANSWER_BYTES)
      for (let answer = await reader.read(); answer !== undefined; answer = await reader.read()) give(answer)
      finish(new NetError('net.reset', { peer: relay }))
      await stream.closeWrite()
    } catch (error) {
      const failure = error instanceof NetError ? error : new NetError('net.reset', { peer: relay })
      finish(failure)
      stream.abort(failure)
    }
  }

  /** Takes one of the places for requests on their way; whoever has one hands it on. */
  const takePlace = async (signal: AbortSignal | undefined): Promise<void> => {
    if (active < OUTSTANDING) {
      active++
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => {
      const at = turns.indexOf(resolve)
      if (at < 0) return
      turns.splice(at, 1)
      reject(new NetError('net.cancelled'))
    }
    turns.push(resolve)
    signal?.addEventListener('abort', onAbort, { once: true })
    await promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }
  const givePlace = (): void => {
    const next = turns.shift()
    if (next === undefined) active--
    else next()
  }

  const exchange = async (
    question: DirectoryQuestion,
    id: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly Uint8Array[]> => {
    await takePlace(signal)
    const { promise, resolve, reject } = Promise.withResolvers<readonly Uint8Array[]>()
    pending.set(id, { resolve, reject })
    const onAbort = (): void => reject(new NetError('net.cancelled'))
    signal?.addEventListener('abort', onAbort, { once: true })
    // Silence is the link's end, not only this request's: the connection under it may be long gone.
    const stopTimer = timers.after(ANSWER_WITHIN, () => {
      const error = new NetError('net.timeout', { peer: relay, ms: ANSWER_WITHIN })
      finish(error)
      stream.abort(error)
    })
    try {
      if (over !== undefined) throw over
      if (signal?.aborted === true) throw new NetError('net.cancelled')
      outbox.send({ ...question, id })
      return await promise
    } finally {
      stopTimer()
      signal?.removeEventListener('abort', onAbort)
      pending.delete(id)
      givePlace()
    }
  }

  // Never rejects: every failure ends the link.
  const ended = readAll()
  return {
    relay,
    ended,
    ask: (question, signal) => exchange(question, ++lastId, signal),
    async watch(topic, local, listener) {
      const id = ++lastId
      watches.set(id, listener)
      try {
        const records = await exchange({ type: 'watch', topic, ...(local ? { local } : {}) }, id, undefined)
        const stop = (): void => {
          if (!watches.delete(id) || over !== undefined) return
          // A relay that cannot be told is gone, and its watch with it.
          exchange({ type: 'unwatch', watch: id }, ++lastId, undefined).catch(() => {})
        }
        return { records, stop }
      } catch (error) {
        watches.delete(id)
        throw error
      }
    },
    close() {
      const error = new NetError('net.closed')
      finish(error)
      stream.abort(error)
    },
  }
}
