import { foldMapped, type MappedFold } from './fold.ts'

/** Characters of an excerpt, and how many of them stand before the first match. */
const LENGTH = 240
const LEAD = 60
/** Marks in one excerpt. */
const MAX_MARKS = 50
/** How far an end moves to fall between two words. */
const WORD = 16
const CUT = '…'

export interface Excerpt {
  readonly excerpt: string
  /** [from, to) in UTF-16 units of `excerpt`, ascending, apart */
  readonly marks: readonly (readonly [number, number])[]
}

/**
 * The part of a record's texts around the first match, blanks as single spaces as far as lines go, with
 * every match in it marked. Matches are found in the folded text and shown on the original: a match of part
 * of a character (a letter of a ligature, a letter without its accent) marks the whole character.
 */
export function excerptOf(texts: readonly string[], terms: readonly string[]): Excerpt {
  let best: { readonly text: string; readonly ranges: [number, number][]; readonly terms: number } | undefined
  for (const text of texts) {
    const mapped = foldMapped(text)
    const found = terms.filter((term) => mapped.folded.includes(term))
    if (best === undefined || found.length > best.terms) {
      best = { text, ranges: rangesOf(mapped, found), terms: found.length }
    }
    if (found.length === terms.length) break
  }
  if (best === undefined) return { excerpt: '', marks: [] }
  return cut(best.text, best.ranges)
}

/** Where the terms are in the original, merged where they touch. */
function rangesOf(mapped: MappedFold, terms: readonly string[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const term of terms) {
    let at = mapped.folded.indexOf(term)
    while (at >= 0 && ranges.length < MAX_MARKS * terms.length) {
      ranges.push([mapped.from[at] ?? 0, mapped.to[at + term.length - 1] ?? 0])
      at = mapped.folded.indexOf(term, at + term.length)
    }
  }
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const merged: [number, number][] = []
  for (const [from, to] of ranges) {
    const last = merged.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}

function cut(text: string, ranges: readonly [number, number][]): Excerpt {
  const first = ranges[0]?.[0] ?? 0
  let from = first <= LEAD || text.length <= LENGTH ? 0 : first - LEAD
  if (from > 0) from = afterBlank(text, from, Math.min(first, from + WORD))
  let to = Math.min(text.length, Math.max(from + LENGTH, Math.min(ranges[0]?.[1] ?? 0, from + 2 * LENGTH)))
  if (to < text.length) to = beforeBlank(text, to, Math.max(ranges[0]?.[1] ?? 0, to - WORD))
  from = wholeFrom(text, from)
  to = wholeTo(text, to)
  const lead = from > 0 ? CUT : ''
  const excerpt =
    lead + text.slice(from, to).replace(/[\r\n\t\u2028\u2029]/g, ' ') + (to < text.length ? CUT : '')
  const marks = ranges
    .filter(([a]) => a >= from && a < to)
    .slice(0, MAX_MARKS)
    .map(([a, b]): [number, number] => [a - from + lead.length, Math.min(b, to) - from + lead.length])
  return { excerpt, marks }
}

/** After the first blank in a range, so that no word is cut; else where the range begins. */
function afterBlank(text: string, from: number, limit: number): number {
  for (let i = from; i < limit; i++) if (/\s/.test(text.charAt(i))) return i + 1
  return from
}

function beforeBlank(text: string, to: number, limit: number): number {
  for (let i = to; i > limit; i--) if (/\s/.test(text.charAt(i))) return i
  return to
}

const EXTENDS = /^(?:\p{M}|\p{Emoji_Modifier}|\u200d)/u

/** Moves a cut forward past what belongs to the character before it. */
function wholeFrom(text: string, at: number): number {
  if (at === 0) return 0
  let i = isLowSurrogate(text, at) ? at + 1 : at
  while (i < text.length && EXTENDS.test(charAt(text, i))) i += charAt(text, i).length
  return i < text.length ? i : at
}

/** The same backwards: a character is shown with all its marks or not at all. */
function wholeTo(text: string, at: number): number {
  if (at >= text.length) return text.length
  let i = isLowSurrogate(text, at) ? at - 1 : at
  while (i > 0 && (EXTENDS.test(charAt(text, i)) || text.charAt(i - 1) === '\u200d')) {
    i--
    if (isLowSurrogate(text, i)) i--
  }
  return i > 0 ? i : at
}

const charAt = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at) ?? 0)

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit < 0xe000
}
