import { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { Net } from '../net.ts'
import { createLink } from './link.ts'
import { type EventMap, EVENTS_PROTOCOL } from './model.ts'
import { createSpokeCore, type SpokeEventTarget, type SpokeOptions } from './spoke.ts'

/** The pause after a first failure, and the longest, ms. */
const FIRST_PAUSE = 1000
const LONGEST_PAUSE = 60_000

export type SpokeState =
  | { readonly is: 'connecting' }
  /** registered: the hub hears, and is heard */
  | { readonly is: 'connected' }
  | { readonly is: 'waiting'; readonly error: CairnError | undefined; readonly nextTryAt: number }
  | { readonly is: 'closed' }

export interface KeepSpokeOptions<M extends EventMap> extends SpokeOptions<M> {
  readonly net: Net
  /** peer id of the hub */
  readonly hub: string
  readonly onState?: (state: SpokeState) => void
}

/** A spoke that comes back. Its listeners stay; they hear nothing while it is away, and of the gap after. */
export interface KeptSpoke<M extends EventMap = EventMap> extends SpokeEventTarget<M> {
  readonly hub: string
  state(): SpokeState
}

/**
 * Keeps a spoke connected to a hub: tries at once, then after pauses that double up to a minute, drawn from
 * their upper half; at once again when a connection to the hub comes up by other means. On each connection it
 * registers, then subscribes to what is listened to.
 */
export function keepSpoke<M extends EventMap = EventMap>(options: KeepSpokeOptions<M>): KeptSpoke<M> {
  const { net, hub, host } = options
  const core = createSpokeCore<M>(options, hub)
  const closing = new AbortController()
  let state: SpokeState = { is: 'connecting' }
  let close = async (): Promise<void> => {}

  const become = (next: SpokeState): void => {
    state = next
    options.onState?.(next)
  }

  /** One connection, from first to last; whether it got as far as being registered, and what ended it. */
  const connect = async (): Promise<{ worked: boolean; error: CairnError | undefined }> => {
    let worked = false
    try {
      const stream = await net.open(hub, EVENTS_PROTOCOL, { signal: closing.signal })
      let registered: Promise<void> | undefined
      const link = createLink(stream, options, (link) => {
        const receiver = core.join(link)
        registered = receiver.registered
        return receiver
      })
      close = () => link.close()
      if (closing.signal.aborted) await link.close()
      try {
        await registered
        worked = true
        become({ is: 'connected' })
      } catch (error) {
        link.abort(asError(error))
      }
      return { worked, error: await link.ended }
    } catch (error) {
      return { worked, error: asError(error) }
    }
  }

  const isThere = (): boolean => net.connections().some(({ peer }) => peer === hub)

  const pause = (ms: number): Promise<void> => {
    const over = Promise.withResolvers<void>()
    let there = isThere()
    const cancel = host.timers.after(ms, over.resolve)
    const stop = net.onChange(() => {
      if (isThere() && !there) over.resolve()
      there = isThere()
    })
    const leave = (): void => over.resolve()
    closing.signal.addEventListener('abort', leave)
    return over.promise.finally(() => {
      closing.signal.removeEventListener('abort', leave)
      cancel()
      stop()
    })
  }

  const run = async (): Promise<void> => {
    let failures = 0
    while (!closing.signal.aborted) {
      become({ is: 'connecting' })
      const { worked, error } = await connect()
      if (closing.signal.aborted) break
      failures = worked ? 1 : failures + 1
      const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1))
      const ms = Math.round(longest * (0.5 + (host.random() >>> 0) / 2 ** 33))
      become({ is: 'waiting', error, nextTryAt: host.clock.now() + ms })
      await pause(ms)
    }
    become({ is: 'closed' })
  }
  // It fails never: what goes wrong with a connection is a reason to make another.
  const running = run()

  return {
    ...core.target,
    hub,
    call: core.call,
    state: () => state,
    async close() {
      closing.abort(new NetError('net.closed'))
      await close()
      await running
    },
  }
}

const asError = (error: unknown): CairnError =>
  error instanceof CairnError ? error : new NetError('net.closed', {}, { cause: error })
