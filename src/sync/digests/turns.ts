import type { Timers } from '../../core/timers.ts'

/** Asks each peer one thing at a time. */
export interface Turns<C extends { readonly peer: string }> {
  /**
   * Asks a peer about these; what comes while it is asked waits, and is asked for together afterwards. Resolves, or
   * fails, with the asking that began after the call.
   */
  take(candidate: C, dids: readonly string[]): Promise<void>
  /** Whether a peer is being asked now. */
  isAsking(peer: string): boolean
  /** Resolves when nobody is asked any more; pauses are not waited for. */
  idle(): Promise<void>
  /** Whoever did not answer is not asked again. */
  close(): void
}

export interface TurnsOptions<C> {
  readonly timers: Timers
  /** in [0, 1), for jitter */
  readonly random: () => number
  readonly ask: (candidate: C, dids: readonly string[]) => Promise<void>
  /** whether what was not answered for this reason is asked again after a while */
  readonly isWorthAgain: (candidate: C, error: unknown) => boolean
}

interface Turn<C> {
  candidate: C
  readonly dids: Set<string>
  readonly done: PromiseWithResolvers<void>
}

/** The pause after a first failure, doubled with each, ms. */
const FIRST_PAUSE = 1000
/** So often in a row a peer is asked again without a new word of it: for a minute in all. */
const TRIES = 6

/**
 * Many notices of many repos become few questions: one is under way, and all that is heard meanwhile is the next.
 * So the last question about a repo begins after the last word of it. A peer that was too busy to answer is asked
 * again: its word may have been the last one.
 */
export function createTurns<C extends { readonly peer: string }>(options: TurnsOptions<C>): Turns<C> {
  const { timers, random, ask, isWorthAgain } = options
  const waiting = new Map<string, Turn<C>>()
  const running = new Map<string, Promise<void>>()
  /** what was not answered, until the pause is over or there is another reason to ask */
  const later = new Map<string, { readonly dids: readonly string[]; readonly stop: () => void }>()
  const failures = new Map<string, number>()
  let closed = false

  const askLater = (candidate: C, dids: readonly string[], error: unknown): void => {
    const { peer } = candidate
    const failed = (failures.get(peer) ?? 0) + 1
    if (closed || failed > TRIES || !isWorthAgain(candidate, error)) {
      failures.delete(peer)
      return
    }
    failures.set(peer, failed)
    const ms = Math.round(FIRST_PAUSE * 2 ** (failed - 1) * (0.5 + random() / 2))
    // Whoever was waiting has heard of the failure; this one nobody waits for.
    const stop = timers.after(ms, () => void take(candidate, []).catch(() => {}))
    later.set(peer, { dids, stop })
  }

  const run = async (peer: string): Promise<void> => {
    for (let turn = waiting.get(peer); turn !== undefined; turn = waiting.get(peer)) {
      waiting.delete(peer)
      const { candidate, done } = turn
      const missed = later.get(peer)
      missed?.stop()
      later.delete(peer)
      const dids = [...new Set([...(missed?.dids ?? []), ...turn.dids])]
      try {
        await ask(candidate, dids)
        failures.delete(peer)
        done.resolve()
      } catch (error) {
        askLater(candidate, dids, error)
        done.reject(error)
      }
    }
    running.delete(peer)
  }

  const take = (candidate: C, dids: readonly string[]): Promise<void> => {
    const { peer } = candidate
    const turn: Turn<C> = waiting.get(peer) ?? {
      ...{ candidate, dids: new Set() },
      done: Promise.withResolvers(),
    }
    // Who is said to be elsewhere now is asked there.
    turn.candidate = candidate
    for (const did of dids) turn.dids.add(did)
    waiting.set(peer, turn)
    if (!running.has(peer)) running.set(peer, run(peer))
    return turn.done.promise
  }

  return {
    take,
    isAsking: (peer) => running.has(peer),
    async idle() {
      while (running.size > 0) await Promise.all(running.values())
    },
    close() {
      closed = true
      for (const { stop } of later.values()) stop()
      later.clear()
    },
  }
}
