import type { Prng } from '../../../repo/testing/prng.ts'
import type { SignedOperation } from '../operation.ts'

/** Every order of a few. */
export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((it, at) => permutations(items.toSpliced(at, 1)).map((rest) => [it, ...rest]))
}

/** Each choice of `size` from a list, in the list's order. */
export function choices<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]]
  return items.flatMap((it, at) => choices(items.slice(at + 1), size - 1).map((rest) => [it, ...rest]))
}

/** Some order in which parents come before their children. */
export function causalOrder(operations: readonly SignedOperation[], prng: Prng): SignedOperation[] {
  const left = prng.shuffle([...operations])
  const placed = new Set<string>()
  const order: SignedOperation[] = []
  while (left.length > 0) {
    const at = left.findIndex((it) => it.operation.parents.every((parent) => placed.has(parent)))
    const [next] = left.splice(at, 1)
    if (at < 0 || next === undefined) throw new Error('a parent is missing')
    placed.add(next.cid)
    order.push(next)
  }
  return order
}
