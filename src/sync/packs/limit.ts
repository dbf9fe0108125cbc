/** Work done so many at a time, in order. */
export interface Limit {
  /** Runs now or when its turn comes; undefined, and nothing is run, when too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined
}

export function createLimit(atOnce: number, mostWaiting: number): Limit {
  const waiting: (() => void)[] = []
  let free = atOnce
  const turn = (): Promise<void> => {
    if (free > 0) {
      free--
      return Promise.resolve()
    }
    return new Promise((resolve) => void waiting.push(resolve))
  }
  const done = (): void => {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
  return {
    run(work) {
      if (free === 0 && waiting.length >= mostWaiting) return undefined
      return turn().then(work).finally(done)
    },
  }
}
