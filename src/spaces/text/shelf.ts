import { TextError } from './errors.ts'
import { FULL_BASES, MAX_UPDATE_BYTES, TAILS, TAILS_A_LEVEL } from './limits.ts'
import { mergeUpdates } from './merge.ts'
import { isEmpty, type TextUpdate } from './model.ts'
import { cutRuns, splitUpdate } from './pieces.ts'
import { tailKey, textPlace } from './record.ts'
import { writeUpdate } from './write-update.ts'

/** What a device's records of one note hold, by key. */
export type Shelf = ReadonlyMap<string, TextUpdate>

/** What records hold of a merged update. */
const partsOf = (update: TextUpdate): TextUpdate[] => splitUpdate(cutRuns(update))

/** Tails become part of the base when they are together at least this part of it. */
const WORTH = 1 / 4

/**
 * The records of a device after it typed `piece`: in the first free tail; where a level of eight is full, it becomes
 * one tail of the next, and the last level becomes part of the base. So what is typed is written anew about four
 * times, each time with runs joined, and however long someone types there are at most 32 small records. A base that
 * is full stays as it is, and a new one begins.
 *
 * @throws TextError `text.full`
 */
export function addPiece(note: string, shelf: Shelf, piece: TextUpdate): Shelf {
  const next = new Map(shelf)
  let carried = mergeUpdates([piece])
  if (writeUpdate(carried).length > MAX_UPDATE_BYTES || partsOf(carried).length > 1)
    return intoBase(note, next, carried)
  for (let level = 0; level < TAILS / TAILS_A_LEVEL; level++) {
    const keys = Array.from({ length: TAILS_A_LEVEL }, (_, at) => tailKey(note, level * TAILS_A_LEVEL + at))
    const free = keys.find((key) => !next.has(key))
    if (free !== undefined) {
      next.set(free, carried)
      return next
    }
    carried = mergeUpdates([...take(next, keys), carried])
    if (partsOf(carried).length > 1) break
  }
  return intoBase(note, next, carried)
}

/**
 * Few records instead of many, for a note that is left: all tails become one, or part of the base when they are much
 * beside it. The same shelf when there is nothing to do.
 */
export function settle(note: string, shelf: Shelf): Shelf {
  const keys = [...shelf.keys()].filter((key) => textPlace(note, key)?.kind === 'tail')
  if (keys.length === 0) return shelf
  const next = new Map(shelf)
  const tails = mergeUpdates(take(next, keys))
  const base = shelf.get(note)
  const isSmall = base !== undefined && writeUpdate(tails).length < writeUpdate(base).length * WORTH
  if (!isSmall || partsOf(tails).length > 1) return intoBase(note, next, tails)
  if (keys.length === 1) return shelf
  // On the last level, where it waits longest.
  next.set(tailKey(note, TAILS - TAILS_A_LEVEL), tails)
  return next
}

function take(shelf: Map<string, TextUpdate>, keys: readonly string[]): TextUpdate[] {
  return keys.flatMap((key) => {
    const update = shelf.get(key)
    shelf.delete(key)
    return update === undefined ? [] : [update]
  })
}

function intoBase(note: string, shelf: Map<string, TextUpdate>, update: TextUpdate): Shelf {
  const pieces = partsOf(mergeUpdates([...take(shelf, [note]), update]))
  const last = pieces.pop()
  for (const piece of pieces) {
    const key = Array.from({ length: FULL_BASES }, (_, at) => tailKey(note, TAILS + at)).find(
      (each) => !shelf.has(each),
    )
    if (key === undefined) throw new TextError('text.full')
    shelf.set(key, piece)
  }
  if (last !== undefined && !isEmpty(last)) shelf.set(note, last)
  return shelf
}

/** One record that has to be written, or to go. */
export interface TextChange {
  readonly rkey: string
  readonly value: Uint8Array | undefined
}

/** What has to be written to come from one shelf to the other. */
export function changedKeys(before: Shelf, after: Shelf): string[] {
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].filter((key) => before.get(key) !== after.get(key)).sort()
}
