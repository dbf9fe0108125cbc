import { createAnswers } from './answers.ts'
import { makeRecords } from './edits.ts'
import { itemOf } from './ids.ts'
import { createKindList, inOrder, isShown, type KindList, newestFirst } from './lists.ts'
import type { Counted } from './merge.ts'
import { type Content, type Entity, type Kind, KINDS, type WhoIs } from './model.ts'
import { createReplica } from './replica.ts'
import { historyOf, restoreOf } from './story.ts'
import { mentionsOf, unreadOf } from './unread.ts'

export interface ContentOptions {
  readonly who: WhoIs
  /** ms since 1970 by this device's clock; without it no clock is said to be ahead */
  readonly now?: () => number
}

const ORDERED: ReadonlySet<Kind> = new Set(['task', 'pin'])

/** The content of one space, with nothing in it yet (docs/space-content.md). */
export function createContent({ who, now }: ContentOptions): Content {
  const answers = createAnswers()
  const lists = new Map(
    KINDS.map((kind) => [kind, createKindList(ORDERED.has(kind) ? inOrder : newestFirst)] as const),
  )
  const replica = createReplica({
    who,
    now,
    onView(item, before, after) {
      lists.get(item.kind)?.changed(item.key, before, after)
      if (item.kind === 'post' || item.kind === 'reaction') answers.changed(before, after)
    },
  })

  // There is a list for each of `KINDS`.
  const of = (kind: Kind): KindList => lists.get(kind) as KindList

  function registersOf(kind: Kind, id: string): readonly Counted[] {
    const item = replica.item(itemOf(kind, id))
    return item === undefined ? [] : replica.counted(item)
  }

  return {
    put: replica.put,
    drop: replica.drop,
    membersChanged: replica.membersChanged,
    setUnsent: replica.setUnsent,
    takeChanged: replica.takeChanged,
    edit: (device, edits, at) => makeRecords(replica, who, device, edits, at),
    get<K extends Kind>(kind: K, id: string) {
      replica.settle()
      // An item of that kind.
      return replica.item(itemOf(kind, id))?.view?.entity as Entity<K> | undefined
    },
    list<K extends Kind>(kind: K, options: { readonly hidden?: boolean; readonly deleted?: boolean } = {}) {
      replica.settle()
      const { hidden = false, deleted = false } = options
      const found =
        hidden || deleted
          ? of(kind)
              .views()
              .filter(
                (it) => isShown(it) || ((hidden || !it.entity.hidden) && (deleted || !it.entity.deleted)),
              )
              .map(({ entity }) => entity)
          : of(kind).shown()
      // The list of that kind.
      return found as readonly Entity<K>[]
    },
    replies(item) {
      replica.settle()
      return answers.replies(item)
    },
    reactions(item) {
      replica.settle()
      return answers.reactions(item)
    },
    history: (kind, id) => historyOf(registersOf(kind, id)),
    restore: (kind, id, counter) => restoreOf(kind, id, registersOf(kind, id), counter),
    unread(person, own = new Map()) {
      replica.settle()
      return unreadOf({ of, answers, counter: replica.counter() }, person, own)
    },
    mentions(person) {
      replica.settle()
      return mentionsOf({ of, answers, counter: 0 }, person)
    },
    get counter() {
      return replica.counter()
    },
  }
}
