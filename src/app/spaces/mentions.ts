import type { SpacePerson } from '../../cairn/api.ts'
import { personName } from './here.ts'

/** What is being typed after an @, up to the caret. */
export interface MentionStart {
  /** where the @ stands */
  readonly at: number
  readonly text: string
}

/** Names have spaces, but nobody types more than this to find one. */
const LONGEST = 40

/** The mention that is being typed at the caret; undefined when none is. */
export function mentionAt(text: string, caret: number): MentionStart | undefined {
  const before = text.slice(Math.max(0, caret - LONGEST), caret)
  const found = /(^|[\s(])@([^\s@][^@\n]*|)$/.exec(before)
  if (found === null) return undefined
  const typed = found[2] ?? ''
  // two words are enough for a name; a third is the sentence going on
  return typed.split(' ').length > 3 ? undefined : { at: caret - typed.length - 1, text: typed }
}

const fold = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

/** Who may be meant, those whose name begins so first. */
export function matching(
  persons: readonly SpacePerson[],
  typed: string,
  most: number,
): readonly SpacePerson[] {
  const wanted = fold(typed)
  const rank = (person: SpacePerson) => {
    const name = fold(personName(person))
    if (name.startsWith(wanted)) return 0
    return name.split(/\s+/).some((word) => word.startsWith(wanted)) ? 1 : 2
  }
  return persons
    .filter((person) => !person.isSelf && rank(person) < 2)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, most)
}

/** Who is named by an @ in a text. Of two with one name both are told. */
export function mentioned(text: string, persons: readonly SpacePerson[]): readonly string[] {
  const folded = fold(text)
  return persons
    .filter((person) => !person.isSelf && standsIn(folded, `@${fold(personName(person))}`))
    .map(({ person }) => person)
}

/** @Ana is not @Anabel. */
function standsIn(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!/[\p{L}\p{N}]/u.test(text.charAt(at + name.length))) return true
  }
  return false
}

export interface Segment {
  readonly text: string
  readonly person?: string
  readonly link?: string
}

/** A text in its parts: names of those who are mentioned, web addresses, and the rest. */
export function textSegments(
  text: string,
  mentions: readonly string[],
  nameOf: (person: string) => string,
): readonly Segment[] {
  const names = mentions
    .map((person) => ({ person, name: `@${nameOf(person)}` }))
    .sort((a, b) => b.name.length - a.name.length)
  const pattern = [
    ...names.map(({ name }) => escape(name)),
    String.raw`https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]`,
  ]
  const out: Segment[] = []
  let at = 0
  for (const match of text.matchAll(new RegExp(pattern.join('|'), 'giu'))) {
    const [found] = match
    if (match.index > at) out.push({ text: text.slice(at, match.index) })
    const meant = names.find(({ name }) => name.toLowerCase() === found.toLowerCase())
    out.push(meant === undefined ? { text: found, link: found } : { text: found, person: meant.person })
    at = match.index + found.length
  }
  if (at < text.length) out.push({ text: text.slice(at) })
  return out
}

const escape = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
