/**
 * Small steps over sequences of events. Each takes a sequence and gives one, pulls only what it was asked for,
 * and ends its source when whoever reads it stops. To end one that waits, end its source (the `signal` of
 * `subscribe`): the step itself can only stop between two events.
 */
export type Operator<A, B> = (source: AsyncIterable<A>) => AsyncIterable<B>

export const filter = <A>(keeps: (value: A) => boolean): Operator<A, A> =>
  async function* (source) {
    for await (const value of source) if (keeps(value)) yield value
  }

export const map = <A, B>(change: (value: A) => B | Promise<B>): Operator<A, B> =>
  async function* (source) {
    for await (const value of source) yield await change(value)
  }

/** The first `count`; the source is ended with the last of them. */
export const take = <A>(count: number): Operator<A, A> =>
  async function* (source) {
    let left = count
    if (left <= 0) return
    for await (const value of source) {
      yield value
      if (--left <= 0) return
    }
  }

/** Arrays of `size`; the last may be shorter. */
export const batch = <A>(size: number): Operator<A, A[]> =>
  async function* (source) {
    let held: A[] = []
    for await (const value of source) {
      held.push(value)
      if (held.length < size) continue
      yield held
      held = []
    }
    if (held.length > 0) yield held
  }

/** With each value the `size` last ones, itself included; fewer at the beginning. */
export const window = <A>(size: number): Operator<A, A[]> =>
  async function* (source) {
    let held: A[] = []
    for await (const value of source) {
      held = [...held, value].slice(-size)
      yield held
    }
  }

/** Leaves out values whose key was among the last `remember` different ones. */
export const dedupe = <A>(keyOf: (value: A) => unknown = (value) => value, remember = 1024): Operator<A, A> =>
  async function* (source) {
    const seen = new Set<unknown>()
    for await (const value of source) {
      const key = keyOf(value)
      if (seen.has(key)) continue
      seen.add(key)
      if (seen.size > remember) for (const oldest of seen) if (seen.delete(oldest)) break
      yield value
    }
  }

/** The parts of each value, one by one. */
export const flat = <A>(): Operator<Iterable<A> | AsyncIterable<A>, A> =>
  async function* (source) {
    for await (const parts of source) yield* parts
  }

/** One sequence after another. */
export async function* chain<A>(...sources: readonly AsyncIterable<A>[]): AsyncIterable<A> {
  for (const source of sources) yield* source
}

/** Several sequences at once, each value as it comes, until all are over. */
export async function* join<A>(...sources: readonly AsyncIterable<A>[]): AsyncIterable<A> {
  type Step = { readonly from: AsyncIterator<A>; readonly result: IteratorResult<A> }
  const pull = async (from: AsyncIterator<A>): Promise<Step> => ({ from, result: await from.next() })
  const pulls = new Map<AsyncIterator<A>, Promise<Step>>()
  for (const source of sources) {
    const from = source[Symbol.asyncIterator]()
    pulls.set(from, pull(from))
  }
  try {
    while (pulls.size > 0) {
      const { from, result } = await Promise.race(pulls.values())
      if (result.done === true) pulls.delete(from)
      else {
        // Behind the others, so that a busy source starves none.
        pulls.delete(from)
        pulls.set(from, pull(from))
        yield result.value
      }
    }
  } finally {
    for (const [from, waiting] of pulls) {
      // Nobody is left to hear how they end, and one that waits may not end soon.
      waiting.catch(() => {})
      from.return?.().catch(() => {})
    }
  }
}

export const reduce =
  <A, B>(add: (sum: B, value: A) => B, start: B) =>
  async (source: AsyncIterable<A>): Promise<B> => {
    let sum = start
    for await (const value of source) sum = add(sum, value)
    return sum
  }

export const toArray = <A>(source: AsyncIterable<A>): Promise<A[]> =>
  reduce<A, A[]>((list, value) => {
    list.push(value)
    return list
  }, [])(source)

/** All values by key, when the source has ended. */
export const groupBy =
  <A, K>(keyOf: (value: A) => K) =>
  (source: AsyncIterable<A>): Promise<Map<K, A[]>> =>
    reduce<A, Map<K, A[]>>((groups, value) => {
      const key = keyOf(value)
      const there = groups.get(key)
      if (there === undefined) groups.set(key, [value])
      else there.push(value)
      return groups
    }, new Map())(source)

/** `pipe(source, a, b)` is `b(a(source))`. */
export function pipe<A, B>(source: A, first: (source: A) => B): B
export function pipe<A, B, C>(source: A, first: (source: A) => B, second: (source: B) => C): C
export function pipe<A, B, C, D>(
  source: A,
  first: (source: A) => B,
  second: (source: B) => C,
  third: (source: C) => D,
): D
export function pipe<A, B, C, D, E>(
  source: A,
  first: (source: A) => B,
  second: (source: B) => C,
  third: (source: C) => D,
  fourth: (source: D) => E,
): E
export function pipe(source: unknown, ...steps: readonly ((source: never) => unknown)[]): unknown {
  // The overloads have checked that each step takes what the one before gives.
  return steps.reduce<unknown>((value, step) => step(value as never), source)
}
