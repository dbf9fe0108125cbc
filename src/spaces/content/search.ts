import { fold, unfold } from './fold.ts'
import { itemOf } from './ids.ts'
import type { Content, Entity, Kind } from './model.ts'

/** More is typed by nobody; each word costs a look at every text. */
const MAX_QUERY = 200
const MAX_TERMS = 8
const DEFAULT_LIMIT = 50
/** Characters shown before and after a hit. */
const BEFORE = 40
const AFTER = 120
/** Parts the texts of one entity: in no text that was folded, and nobody can type it. */
const PART = '\u0000'

/** A place where something was found. */
export interface ContentHit {
  /** `{kind}/{id}` */
  readonly item: string
  /** the text around it, with the first thing found between */
  readonly before: string
  readonly hit: string
  readonly after: string
}

export interface ContentSearch {
  /**
   * Entities whose texts hold every word of the query (words are parted by blanks and found anywhere in a text): names
   * and titles before other texts, beginnings of words before what is within them, then the newest.
   */
  search(query: string, limit?: number): readonly ContentHit[]
}

/** What is searched of one entity. */
interface Texts {
  /** titles and names first */
  readonly texts: readonly string[]
  /** the same, folded, one after another */
  readonly folded: string
  /** where the title ends in it */
  readonly titleEnd: number
  /** a note's text when this was made */
  readonly note: string | undefined
}

const SEARCHED: readonly Kind[] = ['space', 'profile', 'post', 'note', 'task', 'file']

/**
 * Searches what is shown of a space. Folded texts are made when they are first needed, and kept as long as an entity
 * stays as it is. `noteText` gives a note's text, the same string as long as it is the same.
 */
export function createSearch(
  content: Content,
  noteText: (id: string) => string | undefined = () => undefined,
): ContentSearch {
  const known = new WeakMap<Entity, Texts>()

  function textsFor(entity: Entity): Texts {
    const note = entity.kind === 'note' ? noteText(entity.id) : undefined
    const before = known.get(entity)
    if (before !== undefined && before.note === note) return before
    const texts = textsOf(entity, note)
    known.set(entity, texts)
    return texts
  }

  return {
    search(query, limit = DEFAULT_LIMIT) {
      const terms = termsOf(query)
      if (terms.length === 0) return []
      const found: Found[] = []
      for (const kind of SEARCHED) {
        for (const entity of content.list(kind)) {
          const texts = textsFor(entity)
          const rank = rankOf(texts, terms)
          if (rank !== undefined) found.push({ entity, texts, rank })
        }
      }
      found.sort((a, b) => a.rank - b.rank || b.entity.counter - a.entity.counter || compareItems(a, b))
      return found.slice(0, limit).map(({ entity, texts }) => hitOf(entity, texts, terms))
    },
  }
}

interface Found {
  readonly entity: Entity
  readonly texts: Texts
  readonly rank: number
}

const compareItems = (a: Found, b: Found): number =>
  itemOf(a.entity.kind, a.entity.id) < itemOf(b.entity.kind, b.entity.id) ? -1 : 1

/** Folded words, the longest first: it is likely the rarest. */
function termsOf(query: string): readonly string[] {
  const words = fold(query.slice(0, MAX_QUERY))
    .split(' ')
    .filter((word) => word !== '' && !word.includes(PART))
  return [...new Set(words)].sort((a, b) => b.length - a.length).slice(0, MAX_TERMS)
}

function textsOf(entity: Entity, note: string | undefined): Texts {
  const { fields } = entity
  const texts: string[] = []
  if ('name' in fields) texts.push(fields.name ?? '')
  else if ('title' in fields) texts.push(fields.title ?? '')
  else texts.push('')
  if ('about' in fields) texts.push(fields.about ?? '')
  if ('text' in fields) texts.push(fields.text ?? '')
  if (note !== undefined) texts.push(note)
  const folded = texts.map(fold)
  return { texts, folded: folded.join(PART), titleEnd: folded[0]?.length ?? 0, note }
}

/** 0 is best; undefined when a word is missing. Told by the first (longest) word. */
function rankOf({ folded, titleEnd }: Texts, terms: readonly string[]): number | undefined {
  for (const term of terms) if (!folded.includes(term)) return undefined
  const at = folded.indexOf(terms[0] ?? '')
  const isTitle = at < titleEnd
  return (isTitle ? 0 : 2) + (isWordStart(folded, at) ? 0 : 1)
}

const isWordStart = (folded: string, at: number): boolean =>
  at === 0 || !/[\p{L}\p{N}]/u.test(folded.charAt(at - 1))

function hitOf(entity: Entity, { texts }: Texts, terms: readonly string[]): ContentHit {
  const item = itemOf(entity.kind, entity.id)
  const [term = ''] = terms
  for (const text of texts) {
    const at = fold(text).indexOf(term)
    if (at < 0) continue
    const [from, to] = unfold(text, at, at + term.length)
    return {
      item,
      before: (from > BEFORE ? '…' : '') + text.slice(whole(text, Math.max(0, from - BEFORE)), from),
      hit: text.slice(from, to),
      after: text.slice(to, whole(text, to + AFTER)) + (to + AFTER < text.length ? '…' : ''),
    }
  }
  return { item, before: '', hit: '', after: '' }
}

/** Not between the halves of a character. */
function whole(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit < 0xe000 ? at + 1 : at
}
