/**
 * The form in which texts are compared when something is searched: case, accents and widths do not count, and every
 * blank is a space. A text's fold is that of its pieces (a character with the marks on it), one after another, so
 * that a hit can be shown in the text itself.
 */

const ASCII = /^[\x20-\x7e]*$/
/**
 * Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic, and characters that only steer layout. Marks that
 * make another letter stay: voicing in kana, vowel signs of Indic scripts.
 */
const DROPPED =
  /[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]|\p{Cf}/gu
const BLANK = /\s/gu
/** Letters that no decomposition takes apart, although people type them otherwise. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ı: 'i',
  ς: 'σ',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '„': '"',
}
const SPECIAL = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g')
/** A character with what is set on it. */
const PIECES = /[^\p{M}][\p{M}\p{Cf}]*|[\p{M}\p{Cf}]+/gu

/** The folded text. Folding it again changes nothing. */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  return (
    text
      .replace(BLANK, ' ')
      .normalize('NFKD')
      .replace(DROPPED, '')
      .toLowerCase()
      // Lower case of some letters has an accent of its own.
      .normalize('NFKD')
      .replace(DROPPED, '')
      .replace(SPECIAL, (letter) => LETTERS[letter] ?? letter)
  )
}

/** Where [from, to) of the folded text is in the text itself: whole characters. */
export function unfold(text: string, from: number, to: number): readonly [number, number] {
  if (ASCII.test(text)) return [from, to]
  let at = 0
  let start = text.length
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    const after = at + fold(piece).length
    if (after > from && index < start) start = index
    at = after
    if (at >= to) return [start, index + piece.length]
  }
  return [start, text.length]
}
