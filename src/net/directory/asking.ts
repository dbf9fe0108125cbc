import { NetError } from '../errors.ts'
import type { DirectoryLink } from './link.ts'
import type { Timers } from '../../core/timers.ts'
import type { RelayLink } from './relay-link.ts'
import type { DirectoryQuestion } from './wire.ts'

/** Relays asked at once: each answers for all, the others make up for one that is slow or keeps silent. */
const ASKED_AT_ONCE = 3
/** How long the others have after the first answer, ms. */
const STRAGGLERS = 1000
/** How long a request whose relays all broke off waits for one to come back, ms. */
const RESUME_WITHIN = 10_000
/** How often one request is begun again. */
const TRIES = 5

/** Requests put to whichever relays there are. */
export interface Asking {
  /**
   * The answers of some relays, at least one. Begun again elsewhere when its relay breaks off.
   *
   * @throws NetError `net.no-relay`, `net.cancelled`, or what every relay refused with
   */
  ask(question: DirectoryQuestion, signal?: AbortSignal): Promise<readonly (readonly Uint8Array[])[]>
  /** Resolves when one relay took it. @throws NetError `net.no-relay`, or what the relays refused with */
  tell(run: (link: DirectoryLink) => Promise<void>): Promise<void>
  /** The relays, or their links, are others now. */
  changed(): void
  close(): void
}

const REFUSALS: ReadonlySet<string> = new Set(['net.refused', 'net.limit', 'net.record-invalid'])

/** A relay that says no is told of; that one broke off is not the caller's concern while others are there. */
const refusalIn = (errors: readonly unknown[]): NetError | undefined =>
  errors.find((error): error is NetError => error instanceof NetError && REFUSALS.has(error.code))

export function createAsking(options: {
  readonly relays: () => readonly RelayLink[]
  readonly timers: Timers
}): Asking {
  const { relays, timers } = options
  let turn = 0
  let changes = Promise.withResolvers<void>()
  let closed = false

  const aborted = (signal: AbortSignal | undefined): Promise<never> | undefined =>
    signal &&
    new Promise((_, reject) => {
      const stop = (): void => reject(new NetError('net.cancelled'))
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    })

  /** Some open links, other ones each time; waits for those that are being opened when there is none. */
  const links = async (): Promise<readonly DirectoryLink[]> => {
    const all = relays()
    const open = all.map((relay) => relay.current()).filter((link) => link !== undefined)
    if (open.length === 0) {
      try {
        return [await Promise.any(all.map((relay) => relay.opened()))]
      } catch {
        return []
      }
    }
    const from = turn++ % open.length
    return [...open.slice(from), ...open.slice(0, from)].slice(0, ASKED_AT_ONCE)
  }

  const collect = async (
    asked: readonly Promise<readonly Uint8Array[]>[],
  ): Promise<readonly (readonly Uint8Array[])[]> => {
    const answers: (readonly Uint8Array[])[] = []
    const all = Promise.allSettled(asked.map(async (one) => answers.push(await one)))
    await Promise.any(asked)
    const enough = Promise.withResolvers<void>()
    const stopTimer = timers.after(STRAGGLERS, () => enough.resolve())
    await Promise.race([all, enough.promise])
    stopTimer()
    return answers.slice()
  }

  /** Resolves when relays changed, or it took too long. */
  const change = async (): Promise<void> => {
    const late = Promise.withResolvers<void>()
    const stopTimer = timers.after(RESUME_WITHIN, () => late.resolve())
    await Promise.race([changes.promise, late.promise])
    stopTimer()
  }

  const ask = async (
    question: DirectoryQuestion,
    signal: AbortSignal | undefined,
  ): Promise<readonly (readonly Uint8Array[])[]> => {
    let broken = false
    for (let tries = 0; tries < TRIES && !closed; tries++) {
      const found = await links()
      if (found.length === 0) {
        if (!broken) break
        await change()
        continue
      }
      const asked = found.map((link) => link.ask(question, signal))
      try {
        return await collect(asked)
      } catch (error) {
        if (signal?.aborted === true) throw new NetError('net.cancelled')
        const refusal = refusalIn(error instanceof AggregateError ? error.errors : [error])
        if (refusal !== undefined) throw refusal
        broken = true
      }
    }
    throw new NetError(closed ? 'net.closed' : 'net.no-relay')
  }

  return {
    async ask(question, signal) {
      const stopped = aborted(signal)
      const asked = ask(question, signal)
      return await (stopped === undefined ? asked : Promise.race([asked, stopped]))
    },
    async tell(run) {
      if (closed) throw new NetError('net.closed')
      try {
        await Promise.any(relays().map(async (relay) => run(await relay.opened())))
      } catch (error) {
        throw (
          refusalIn(error instanceof AggregateError ? error.errors : [error]) ?? new NetError('net.no-relay')
        )
      }
    },
    changed() {
      changes.resolve()
      changes = Promise.withResolvers()
    },
    close() {
      closed = true
      changes.resolve()
    },
  }
}
