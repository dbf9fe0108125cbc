const characters = (text: string) => new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)

/** Characters as people count them: a flag or a family is one. */
export function countGraphemes(text: string): number {
  return [...characters(text)].length
}

/** What stands for a name where there is no picture: its first character. */
export function initialOf(name: string): string {
  const [first] = characters(name.trim())
  return first?.segment.toUpperCase() ?? '?'
}
