import type { Entity } from './model.ts'
import { isShown, oldestFirst } from './lists.ts'
import type { View } from './merge.ts'

/** Which posts answer an entity, and which reactions it has. */
export interface Answers {
  changed(before: View | undefined, after: View | undefined): void
  replies(item: string): readonly Entity<'post'>[]
  repliesWithin(item: string): Iterable<View>
  /** entities that have replies, whether those are shown or not */
  places(): Iterable<string>
  reactions(item: string): readonly { readonly emoji: string; readonly persons: readonly string[] }[]
}

export function createAnswers(): Answers {
  const replies = new Map<string, Set<View>>()
  const reactions = new Map<string, Set<View>>()

  function move(view: View, isThere: boolean): void {
    const { fields } = view.entity
    if ('parent' in fields && fields.parent !== undefined) put(replies, fields.parent, view, isThere)
    if (view.entity.kind === 'reaction' && 'target' in fields && fields.target !== undefined)
      put(reactions, fields.target, view, isThere)
  }

  const oldest = (views: Iterable<View> = []): View[] => [...views].filter(isShown).sort(oldestFirst)

  return {
    changed(before, after) {
      if (before !== undefined) move(before, false)
      if (after !== undefined) move(after, true)
    },
    // Only posts have a parent.
    replies: (item) => oldest(replies.get(item)).map(({ entity }) => entity as Entity<'post'>),
    repliesWithin: (item) => replies.get(item) ?? [],
    places: () => replies.keys(),
    reactions(item) {
      const given = new Map<string, Set<string>>()
      for (const { entity } of oldest(reactions.get(item))) {
        // Only reactions have a target and are here.
        const { emoji, on } = (entity as Entity<'reaction'>).fields
        if (emoji === undefined || on !== true) continue
        const persons = given.get(emoji)
        if (persons === undefined) given.set(emoji, new Set([entity.by]))
        else persons.add(entity.by)
      }
      return [...given].map(([emoji, persons]) => ({ emoji, persons: [...persons] }))
    },
  }
}

function put(index: Map<string, Set<View>>, item: string, view: View, isThere: boolean): void {
  const views = index.get(item)
  if (isThere) {
    if (views === undefined) index.set(item, new Set([view]))
    else views.add(view)
  } else if (views?.delete(view) === true && views.size === 0) index.delete(item)
}
