import type { Answers } from './answers.ts'
import { EVERYWHERE, isOwned, personTag, placeOfRead } from './ids.ts'
import { isShown, type KindList } from './lists.ts'
import type { View } from './merge.ts'
import type { Entity, Kind, Unread } from './model.ts'

/** What the marks are about, beside entities with replies. */
const PLACES: readonly (readonly [string, Kind])[] = [
  ['posts', 'post'],
  ['notes', 'note'],
  ['tasks', 'task'],
  ['files', 'file'],
]

interface Lists {
  readonly of: (kind: Kind) => KindList
  readonly answers: Answers
  /** the counter that all go on from */
  readonly counter: number
}

/** How far a person has read, by place. */
function marksOf(lists: Lists, person: string): ReadonlyMap<string, number> {
  const tag = `${personTag(person)}.`
  const marks = new Map<string, number>()
  for (const { entity } of lists.of('read').views()) {
    if (!entity.id.startsWith(tag) || entity.deleted) continue
    const { fields } = entity
    if ('upTo' in fields && fields.upTo !== undefined) marks.set(placeOfRead(entity.id), fields.upTo)
  }
  return marks
}

/** As `Content.unread`. */
export function unreadOf(lists: Lists, person: string, own: ReadonlyMap<string, number>): Unread {
  const marks = marksOf(lists, person)
  const markOf = (place: string): number => Math.max(marks.get(place) ?? 0, own.get(place) ?? 0)
  const before = markOf(EVERYWHERE)
  const places: Record<string, number> = {}
  const mentions: View[] = []
  let total = 0

  function look(place: string, views: Iterable<View>): void {
    const upTo = Math.max(before, markOf(place))
    let count = 0
    for (const view of views) {
      if (!isShown(view) || !isNews(view, upTo)) continue
      count++
      if (isMention(view.entity, person)) mentions.push(view)
    }
    if (count > 0) places[place] = count
    total += count
  }

  function isNews({ made, entity }: View, upTo: number): boolean {
    // What is owned is news once, what all change with each change. A counter beyond all others is no later than they.
    const [counter, by] = isOwned(entity.kind) ? [made, entity.by] : [entity.counter, entity.changedBy]
    return by !== person && Math.min(counter, lists.counter) > upTo
  }

  for (const [place, kind] of PLACES) {
    const views = lists.of(kind).views()
    look(place, kind === 'post' ? views.filter(({ entity }) => !isReply(entity)) : views)
  }
  for (const place of lists.answers.places()) look(place, lists.answers.repliesWithin(place))
  mentions.sort((a, b) => b.made - a.made || (a.entity.id < b.entity.id ? -1 : 1))
  return { places, total, mentions: mentions.map(({ entity }) => `post/${entity.id}`) }
}

/** As `Content.mentions`. */
export function mentionsOf(lists: Lists, person: string): readonly Entity<'post'>[] {
  const posts = lists.of('post').shown() as readonly Entity<'post'>[] // the list of that kind
  return posts.filter((post) => post.by !== person && isMention(post, person))
}

const isReply = ({ fields }: Entity): boolean => 'parent' in fields && fields.parent !== undefined

const isMention = ({ fields }: Entity, person: string): boolean =>
  'mentions' in fields && (fields.mentions ?? []).includes(person)
