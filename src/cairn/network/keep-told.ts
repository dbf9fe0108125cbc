import type { Agreements } from '../../sync/agreements/agreements.ts'
import type { CairnHost } from '../host.ts'
import { quietly } from './parts.ts'
import type { Relays } from './relays.ts'

/** After a start, when the relays had a moment to be found, ms. */
const SOON = 1000
/** How often what waits is told again, ms: peers that share nothing yet are not linked, and nobody says that one is there. */
const AGAIN = 2 * 60_000
/** What the other side refused is told so many times less often. */
const REFUSED = 15

/**
 * Serves agreements, and tells others of what they have not answered yet, until the returned function is called.
 */
export function keepTold(
  agreements: Pick<Agreements, 'handle' | 'list' | 'deliver'>,
  relays: Pick<Relays, 'reached'>,
  host: Pick<CairnHost, 'timers' | 'random'>,
): () => void {
  const stopServing = agreements.handle()
  let stopWaiting = (): void => {}
  let isOver = false

  const tell = async (round: number): Promise<void> => {
    await relays.reached()
    const waiting = (await agreements.list()).filter((it) => it.waiting)
    const due = waiting.filter(({ refused }) => refused === undefined || round % REFUSED === 0)
    for (const peer of new Set(due.map((it) => it.peer))) {
      if (isOver) return
      // A disk that fails with one is no reason not to tell the others.
      await agreements.deliver(peer).catch(() => {})
    }
  }
  const later = (ms: number, round: number): void => {
    if (isOver) return
    const next = (): void => later(AGAIN * (0.75 + host.random() / 2 ** 33), round + 1)
    stopWaiting = host.timers.after(ms, () => quietly(tell(round).finally(next)))
  }
  later(SOON, 0)
  return () => {
    isOver = true
    stopWaiting()
    stopServing()
  }
}
