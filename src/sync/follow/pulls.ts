import type { Timers } from '../../core/timers.ts'

/** People write in bursts: a repo is asked for once it was quiet for so long, ms. */
const QUIET = 2000
/** Pulls at once, over all servers. */
const AT_ONCE = 4
/** First and longest pause before a pull that failed is tried again, ms. */
const FIRST_DELAY = 30_000
const MAX_DELAY = 60 * 60_000

/** Why a repo is to be pulled, and what waits for it. */
interface Due {
  /** events before this number are safe to forget once the pull is done */
  seq: number
  readonly source: string
  state: 'quiet' | 'queued' | 'running' | 'failed'
  /** the first event that came while it ran */
  again: number | undefined
  failures: number
  cancel: () => void
}

export interface PullOptions {
  readonly timers: Timers
  /** uniform in [0, 1) */
  readonly random: () => number
  readonly pull: (did: string) => Promise<void>
  /** the same pull may succeed later */
  readonly retriable: (error: unknown) => boolean
  readonly onFailure: (did: string, error: unknown) => void
  /** a pull has ended: what waited for it may have changed */
  readonly onDone: (source: string) => void
}

/** Pulls of repos that changed: together what came close together, few at a time, again when they fail. */
export interface Pulls {
  /** Something of this repo changed, as its server said at `seq`. */
  due(did: string, source: string, seq: number, options?: { readonly now?: boolean }): void
  /** the oldest event of a server that a pull still waits for */
  oldest(source: string): number | undefined
  /** Forgets a repo that is followed no longer. A pull under way ends by itself. */
  forget(did: string): void
  /** Starts nothing more, and resolves when nothing is under way. */
  close(): Promise<void>
}

export function createPulls(options: PullOptions): Pulls {
  const { timers } = options
  const all = new Map<string, Due>()
  const queue = new Set<string>()
  const running = new Set<Promise<void>>()
  let closed = false

  const enqueue = (did: string, due: Due): void => {
    due.cancel()
    due.cancel = () => {}
    due.state = 'queued'
    queue.add(did)
    next()
  }

  const next = (): void => {
    for (const did of queue) {
      if (closed || running.size >= AT_ONCE) return
      queue.delete(did)
      const due = all.get(did)
      if (due === undefined) continue
      const mine = run(did, due).finally(() => {
        running.delete(mine)
        next()
      })
      running.add(mine)
    }
  }

  /** Never rejects. */
  const run = async (did: string, due: Due): Promise<void> => {
    due.state = 'running'
    due.again = undefined
    try {
      await options.pull(did)
      due.failures = 0
    } catch (error) {
      options.onFailure(did, error)
      // When it stops, what did not come to its end is owed: the cursor that is saved counts it.
      if (all.get(did) === due && options.retriable(error)) return closed ? undefined : postpone(did, due)
    }
    if (all.get(did) !== due) return
    if (due.again !== undefined) {
      // What had come before it ran is done with: a repo that never rests holds no cursor back.
      due.seq = due.again
      return closed ? undefined : wait(did, due)
    }
    all.delete(did)
    options.onDone(due.source)
  }

  const postpone = (did: string, due: Due): void => {
    const ceiling = Math.min(MAX_DELAY, FIRST_DELAY * 2 ** Math.min(due.failures++, 16))
    due.state = 'failed'
    due.cancel = timers.after(Math.round(ceiling * (0.5 + options.random() / 2)), () => enqueue(did, due))
  }

  const wait = (did: string, due: Due): void => {
    due.state = 'quiet'
    due.cancel = timers.after(QUIET, () => enqueue(did, due))
  }

  return {
    due(did, source, seq, { now = false } = {}) {
      if (closed) return
      const known = all.get(did)
      if (known !== undefined && known.source === source) {
        // The event that came first stays the one that the cursor waits for.
        known.seq = Math.min(known.seq, seq)
        if (known.state === 'running') known.again = Math.min(known.again ?? seq, seq)
        return
      }
      known?.cancel()
      queue.delete(did)
      const due: Due = { seq, source, state: 'quiet', again: undefined, failures: 0, cancel: () => {} }
      all.set(did, due)
      if (now) enqueue(did, due)
      else wait(did, due)
    },
    oldest(source) {
      let oldest: number | undefined
      for (const due of all.values())
        if (due.source === source) oldest = Math.min(oldest ?? Number.POSITIVE_INFINITY, due.seq)
      return oldest
    },
    forget(did) {
      all.get(did)?.cancel()
      all.delete(did)
      queue.delete(did)
    },
    async close() {
      closed = true
      for (const due of all.values()) due.cancel()
      queue.clear()
      while (running.size > 0) await Promise.all(running)
    },
  }
}
