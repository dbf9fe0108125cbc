import { CairnError } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'
import { fromWire, toWire, type WireError } from '../remote-wire.ts'
import type { Channel } from './channel.ts'

/** Nobody took a call within this time: there is no leader now, or it hangs, ms. */
const DEADLINE = 10_000
/** What was taken may need a server or a peer; a leader that dies meanwhile answers nothing, ms. */
const LONGEST = 10 * 60_000

/** Calls that are remembered as taken: what was asked twice is done once. */
const REMEMBERED = 1000

type Message =
  | { readonly type: 'ask'; readonly id: string; readonly name: string; readonly args: readonly unknown[] }
  | { readonly type: 'taken'; readonly id: string }
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly id: string; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: string; readonly error: WireError }

/** No context of this device leads, or the one that does hangs: `network.no-leader`. */
export class NetworkError extends CairnError {
  constructor(code: 'network.no-leader' | 'network.off', fields: Record<string, unknown> = {}) {
    super(code, fields)
  }
}

type Serve = (name: string, args: readonly unknown[]) => Promise<unknown> | undefined

export interface Calls {
  /**
   * Has the leader do it.
   *
   * @throws NetworkError `network.no-leader`; what the leader throws, by code
   */
  ask(name: string, args: readonly unknown[]): Promise<unknown>
  /** Answers what others ask, until the returned function is called; undefined leaves it to someone else. */
  answer(run: Serve): () => void
  /** From now on this context answers: what was asked before, and nobody took, is asked again. */
  ready(): void
  close(): void
}

/** Calls from the other contexts of a device to the one that leads. */
export function createCalls(channel: Channel, timers: Timers, newId: () => string): Calls {
  const waiting = new Map<string, { done: (message: Message) => void; again: () => void }>()
  const taken = new Set<string>()
  let serve: Serve | undefined
  const post = (message: Message): void => channel.post({ call: message })

  const answer = async ({ id, name, args }: Message & { type: 'ask' }): Promise<void> => {
    try {
      if (taken.has(id)) return
      const work = serve?.(name, args)
      if (work === undefined) return
      taken.add(id)
      const [oldest] = taken
      if (taken.size > REMEMBERED && oldest !== undefined) taken.delete(oldest)
      post({ type: 'taken', id })
      post({ type: 'answer', id, value: await work })
    } catch (error) {
      post({ type: 'refusal', id, error: toWire(error) })
    }
  }
  const stop = channel.listen((data) => {
    // only this code in another context posts it
    const message = (data as { call?: Message }).call
    if (message === undefined) return
    if (message.type === 'ask') void answer(message)
    else if (message.type === 'ready') for (const { again } of waiting.values()) again()
    else waiting.get(message.id)?.done(message)
  })

  return {
    ask: (name, args) =>
      new Promise((resolve, reject) => {
        const id = newId()
        const late = (): void => {
          waiting.delete(id)
          reject(new NetworkError('network.no-leader'))
        }
        let isTaken = false
        let stopClock = timers.after(DEADLINE, late)
        waiting.set(id, {
          again() {
            if (!isTaken) post({ type: 'ask', id, name, args })
          },
          done(message) {
            stopClock()
            if (message.type === 'taken') {
              isTaken = true
              stopClock = timers.after(LONGEST, late)
              return
            }
            waiting.delete(id)
            if (message.type === 'answer') resolve(message.value)
            else if (message.type === 'refusal') reject(fromWire(message.error))
          },
        })
        post({ type: 'ask', id, name, args })
      }),
    answer(run) {
      serve = run
      return () => {
        if (serve === run) serve = undefined
      }
    },
    ready: () => post({ type: 'ready' }),
    close() {
      stop()
      for (const { done } of waiting.values())
        done({ type: 'refusal', id: '', error: { code: 'network.no-leader', fields: {} } })
    },
  }
}
