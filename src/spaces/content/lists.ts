import type { Entity } from './model.ts'
import type { View } from './merge.ts'

/** All entities of one kind in their order, which is mended and not made anew when some change. */
export interface KindList {
  /** An entity's view is another now, or gone. */
  changed(key: string, before: View | undefined, after: View | undefined): void
  /** In order, whatever is deleted or hidden. */
  views(): readonly View[]
  /** Those that are neither. The same array as long as nothing changed. */
  shown(): readonly Entity[]
}

type Compare = (a: View, b: View) => number

const byId: Compare = (a, b) => (a.entity.id < b.entity.id ? -1 : 1)

/** By counter of making, then by id. */
export const oldestFirst: Compare = (a, b) => a.made - b.made || byId(a, b)

export const newestFirst: Compare = (a, b) => b.made - a.made || byId(a, b)

/** By place in the order; what has none is after what has, the oldest first. */
export const inOrder: Compare = (a, b) => {
  const [one, two] = [orderOf(a), orderOf(b)]
  if (one === undefined || two === undefined)
    return one === two ? oldestFirst(a, b) : one === undefined ? 1 : -1
  return one === two ? byId(a, b) : one < two ? -1 : 1
}

const orderOf = ({ entity: { fields } }: View): string | undefined =>
  'order' in fields ? fields.order : undefined

export const isShown = ({ entity }: View): boolean => !entity.deleted && !entity.hidden

export function createKindList(compare: Compare): KindList {
  let sorted: readonly View[] = []
  let shown: readonly Entity[] | undefined = []
  /** what stands in `sorted` for changed entities */
  const old = new Set<View>()
  /** what they are now */
  const fresh = new Map<string, View>()

  function mend(): void {
    if (old.size === 0 && fresh.size === 0) return
    const kept = old.size === 0 ? sorted : sorted.filter((view) => !old.has(view))
    const added = [...fresh.values()].sort(compare)
    sorted = kept.length === 0 ? added : merged(kept, added, compare)
    old.clear()
    fresh.clear()
  }

  return {
    changed(key, before, after) {
      shown = undefined
      // What was never sorted in need not be taken out.
      if (before !== undefined && fresh.get(key) !== before) old.add(before)
      if (after === undefined) fresh.delete(key)
      else fresh.set(key, after)
    },
    views() {
      mend()
      return sorted
    },
    shown() {
      mend()
      shown ??= sorted.filter(isShown).map(({ entity }) => entity)
      return shown
    },
  }
}

/** Two sorted lists in one. */
function merged(a: readonly View[], b: readonly View[], compare: Compare): readonly View[] {
  if (b.length === 0) return a
  const out: View[] = []
  let at = 0
  for (const view of b) {
    for (let next = a[at]; next !== undefined && compare(next, view) < 0; next = a[++at]) out.push(next)
    out.push(view)
  }
  for (; at < a.length; at++) out.push(a[at] as View) // `at` is below the length
  return out
}
