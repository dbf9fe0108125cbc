import { fold } from './fold.ts'

/** Longer queries are cut, characters. */
const MAX_QUERY = 512
/** More words than anybody types; each costs a look at every candidate. */
const MAX_TERMS = 16

const QUOTED = /["“”„]([^"“”„]*)(?:["“”„]|$)|[^\s"“”„]+/gu

/**
 * The folded words and phrases of a query, the longest first: it is likely the rarest, and is looked for
 * first. A term that another one holds is left out, since it says nothing more.
 */
export function parseTerms(query: string): string[] {
  const found = new Set<string>()
  for (const match of query.slice(0, MAX_QUERY).matchAll(QUOTED)) {
    const term = fold(match[1] ?? match[0]).trim()
    if (term !== '') found.add(term)
  }
  const longest = [...found].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
  const terms: string[] = []
  for (const term of longest) if (!terms.some((other) => other.includes(term))) terms.push(term)
  return terms.slice(0, MAX_TERMS)
}
