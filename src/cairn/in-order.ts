/** Lets pieces of work that run side by side pass one point each in the order in which they began. */
export interface InOrder {
  /**
   * Runs `work`, which may call `pass` once: what that is given begins when all that began before have
   * passed or ended, or at once when the signal aborts.
   */
  run<T>(signal: AbortSignal, work: (pass: Pass) => Promise<T>): Promise<T>
}

export type Pass = <U>(then: () => Promise<U>) => Promise<U>

export function createInOrder(): InOrder {
  let last: Promise<void> = Promise.resolve()
  return {
    async run(signal, work) {
      const before = last
      const passed = Promise.withResolvers<void>()
      last = passed.promise
      try {
        return await work(async (then) => {
          const aborted = Promise.withResolvers<void>()
          signal.addEventListener('abort', () => aborted.resolve(), { once: true })
          if (!signal.aborted) await Promise.race([before, aborted.promise])
          const begun = then()
          void before.then(passed.resolve)
          return begun
        })
      } finally {
        // one that ends without having passed must not let those after it overtake those before it
        void before.then(passed.resolve)
      }
    },
  }
}
