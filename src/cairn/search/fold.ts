/**
 * The form in which texts are compared: case, accents, ligatures, widths, typographic quotes and runs of
 * white space do not count. NFKD, marks off, lower case; never longer than a few times its source.
 *
 * Marks are taken off where they are accents (Latin, Greek, Cyrillic, Hebrew points, Arabic vowels). Where
 * they make another letter they stay: the voicing marks of kana, and the vowel signs of Indic scripts.
 */

/** Accents, and characters that only steer layout: joiners, soft hyphens, direction marks, variation selectors. */
const DROPPED =
  /(?![\u3099\u309a])(?=[\p{sc=Zinh}\p{sc=Hebr}\p{sc=Arab}\p{sc=Cyrl}\p{sc=Syrc}])\p{M}|\p{Cf}/gu
/** White space and control characters; the latter also part texts in a chunk, so no text may hold one. */
const BLANKS = /[\s\p{Cc}]+/gu
const ASCII = /^[\x20-\x7e]*$/
const DOUBLE_SPACE = / {2,}/g

/** Letters that NFKD leaves whole although people type them otherwise. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['ø', 'o'],
  ['ł', 'l'],
  ['đ', 'd'],
  ['ħ', 'h'],
  ['ı', 'i'],
  ['ς', 'σ'],
  ['‘', "'"],
  ['’', "'"],
  ['“', '"'],
  ['”', '"'],
  ['„', '"'],
  ['–', '-'],
  ['—', '-'],
])
const SPECIAL = new RegExp(`[${[...LETTERS.keys()].join('')}]`, 'g')

/** The folded form of a text. Folding twice changes nothing. */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.replace(DOUBLE_SPACE, ' ').toLowerCase()
  return foldPiece(text.replace(BLANKS, ' '))
}

function foldPiece(text: string): string {
  return text
    .normalize('NFKD')
    .replace(DROPPED, '')
    .toLowerCase()
    .normalize('NFKD')
    .replace(DROPPED, '')
    .replace(SPECIAL, (letter) => LETTERS.get(letter) ?? letter)
    .replace(DOUBLE_SPACE, ' ')
}

/** A folded text that knows where each of its units came from. */
export interface MappedFold {
  readonly folded: string
  /** original offset of the piece that folded unit i belongs to */
  readonly from: Uint32Array
  /** original offset after that piece */
  readonly to: Uint32Array
}

/** A character with the marks on it, or a run of blanks: what is folded as one and marked as one. */
const PIECES = /[\s\p{Cc}]+|[^\p{M}][\p{M}\p{Cf}]*|[\p{M}\p{Cf}]+/gu

/** As {@link fold}, piece by piece, so that a match can be shown in the original. */
export function foldMapped(text: string): MappedFold {
  let folded = ''
  const from: number[] = []
  const to: number[] = []
  for (const match of text.matchAll(PIECES)) {
    const [piece] = match
    let part = fold(piece)
    // As folding the whole does: blanks of two pieces are one.
    if (part.startsWith(' ') && folded.endsWith(' ')) part = part.slice(1)
    folded += part
    for (let i = 0; i < part.length; i++) {
      from.push(match.index)
      to.push(match.index + piece.length)
    }
  }
  return { folded, from: Uint32Array.from(from), to: Uint32Array.from(to) }
}
