import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing'
import { ContentError } from './errors.ts'
import type { Edit, Entity } from './model.ts'

/** Longest text that is taken as a place in an order. */
const MAX_ORDER = 256
/** Longer ones are made short again when something is put beside them. */
const LONG = 64

/** Entities that a person puts in order. */
type Ordered = Entity<'task'> | Entity<'pin'>

/** True for texts that stand for a place in an order: those of the package `fractional-indexing`, at most 256 long. */
export function isOrder(text: string): boolean {
  if (text.length > MAX_ORDER || !/^[A-Za-z][0-9A-Za-z]*$/.test(text)) return false
  try {
    // It checks what it is given.
    generateKeyBetween(text, null)
    return true
  } catch {
    return false
  }
}

/**
 * A place between two others; undefined stands for either end. Two who ask for the same place get the same text.
 *
 * @throws ContentError `content.order` when nothing fits between: they are one place, in the wrong order, or none, or
 *   the text would be too long; `placeEdits` helps
 */
export function orderBetween(before: string | undefined, after: string | undefined): string {
  const between = keysBetween(before, after, 1, MAX_ORDER)?.[0]
  if (between === undefined) throw new ContentError('content.order', { before, after })
  return between
}

/** So many places between two; undefined when there are none of at most this length. */
function keysBetween(
  before: string | undefined,
  after: string | undefined,
  count: number,
  longest: number,
): readonly string[] | undefined {
  if (before !== undefined && !isOrder(before)) return undefined
  if (after !== undefined && !isOrder(after)) return undefined
  if (before !== undefined && after !== undefined && before >= after) return undefined
  try {
    const keys = generateNKeysBetween(before ?? null, after ?? null, count)
    return keys.every((key) => key.length <= longest) ? keys : undefined
  } catch {
    // The one place before all others is taken.
    return undefined
  }
}

/**
 * The edits that put an entity at an index of a list, which is as `Content.list` gives it and may hold the entity
 * already (the index is that among the others). Mostly one edit. Where there is no short text between its neighbours,
 * because two devices chose the same or much was put at one spot, some neighbours get new places with it.
 */
export function placeEdits(
  list: readonly Ordered[],
  entity: { readonly kind: 'task' | 'pin'; readonly id: string },
  index: number,
): readonly Edit[] {
  const others = list.filter(({ kind, id }) => kind !== entity.kind || id !== entity.id)
  const at = Math.min(Math.max(0, Math.trunc(index)), others.length)
  // What is in [from, to) moves along. It is doubled until it fits; with all of the list it does.
  let [from, to] = [at, at]
  for (let step = 1; ; step *= 2) {
    // What has no place yet is after all that have one: nothing can be put behind it before it has.
    while (from > 0 && others[from - 1]?.fields.order === undefined) from--
    const keys = keysFor(others, from, to)
    if (keys !== undefined) {
      const run = [...others.slice(from, at), entity, ...others.slice(at, to)]
      return run.map(({ kind, id }, n) => ({ kind, id, set: { order: keys[n] ?? '' } }))
    }
    if (to < others.length) to = Math.min(others.length, to + step)
    else from = Math.max(0, from - step)
  }
}

/** New places for [from, to) of a list and one more. */
function keysFor(others: readonly Ordered[], from: number, to: number): readonly string[] | undefined {
  return keysBetween(others[from - 1]?.fields.order, others[to]?.fields.order, to - from + 1, LONG)
}

/** Edits that give a whole list short texts again; none when no text in it is longer than 64. */
export function rebalance(list: readonly Ordered[]): readonly Edit[] {
  if (list.every(({ fields: { order = '' } }) => order.length <= LONG)) return []
  const keys = generateNKeysBetween(null, null, list.length)
  return list.map(({ kind, id }, n) => ({ kind, id, set: { order: keys[n] ?? '' } }))
}
