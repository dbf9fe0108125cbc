/** Lets so many pieces of work run at once; the others wait in the order they came. */
export interface Turns {
  /** Resolves when it is one's turn, true, or at once when the signal aborts, false. */
  take(signal: AbortSignal): Promise<boolean>
  /** Hands the turn on. Only after `take` gave true. */
  done(): void
}

export function createTurns(atOnce: number): Turns {
  let running = 0
  const waiting = new Set<() => void>()
  return {
    async take(signal) {
      if (signal.aborted) return false
      if (running < atOnce) {
        running++
        return true
      }
      return new Promise((resolve) => {
        const leave = (): void => {
          waiting.delete(go)
          resolve(false)
        }
        const go = (): void => {
          signal.removeEventListener('abort', leave)
          resolve(true)
        }
        waiting.add(go)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
    done() {
      const [next] = waiting
      if (next === undefined) {
        running--
        return
      }
      // The turn goes over as it is: nobody who comes just now can take it first.
      waiting.delete(next)
      next()
    },
  }
}
