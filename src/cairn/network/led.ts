import { hasCode } from '../../core/errors.ts'
import type { Calls } from './calls.ts'
import { NetworkError } from './calls.ts'

/** Something that only the leading context runs, and that every context calls. */
export interface Led<T> {
  /** while this context leads and it runs */
  readonly current: T | undefined
  /** Resolves when it runs here. */
  readonly here: Promise<T>
  up(it: T): void
  down(): void
  /**
   * Has it do one thing, here or in the context that leads.
   *
   * @throws NetworkError `network.no-leader`; what the call throws, by code
   */
  ask(name: string, args: readonly unknown[]): Promise<unknown>
  /** What another context asks of it; undefined when it does not run here, or has no such method. */
  answer(name: string, args: readonly unknown[]): Promise<unknown> | undefined
}

/** `prefix` keeps apart the calls of several parts on one channel. */
export function createLed<T extends object>(
  calls: Calls,
  prefix: string,
  methods: readonly (keyof T & string)[],
): Led<T> {
  let current: T | undefined
  let told = Promise.withResolvers<T>()

  const run = (it: T, name: string, args: readonly unknown[]): Promise<unknown> => {
    const known = methods.find((method) => method === name)
    if (known === undefined) throw new NetworkError('network.no-leader', { name })
    const method: unknown = it[known]
    if (typeof method !== 'function') throw new NetworkError('network.no-leader', { name })
    return Reflect.apply(method, it, args) as Promise<unknown>
  }

  return {
    get current() {
      return current
    },
    get here() {
      return told.promise
    },
    up(it) {
      current = it
      told.resolve(it)
    },
    down() {
      current = undefined
      told = Promise.withResolvers()
    },
    async ask(name, args) {
      if (current !== undefined) return run(current, name, args)
      // Whoever leads answers; it may be this context itself, as soon as it has started.
      let isOver = false
      const elsewhere = calls.ask(`${prefix}${name}`, args).finally(() => (isOver = true))
      // What another has done is not done again by a context that takes the lead later.
      const here = told.promise.then((mine) => (isOver ? elsewhere : run(mine, name, args)))
      const asked = elsewhere.catch((error: unknown) => {
        // Nobody else leads, since this one does: then what it is doing counts.
        if (current !== undefined && hasCode(error, 'network.no-leader')) return here
        throw error
      })
      return Promise.race([asked, here])
    },
    answer(name, args) {
      if (current === undefined || !name.startsWith(prefix)) return undefined
      const method = name.slice(prefix.length)
      return methods.some((it) => it === method) ? run(current, method, args) : undefined
    },
  }
}
