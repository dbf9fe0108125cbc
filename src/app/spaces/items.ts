import type { Entity, Kind } from '../../cairn/api.ts'
import { spaceHref, type SpaceTab } from '../lib/routes.ts'

const TABS: Readonly<Partial<Record<Kind, SpaceTab>>> = {
  post: 'posts',
  note: 'notes',
  task: 'tasks',
  file: 'files',
}

export const itemOf = ({ kind, id }: Pick<Entity, 'kind' | 'id'>): string => `${kind}/${id}`

/** `{kind}/{id}` in its two parts; an id may hold slashes of its own. */
export function partsOf(item: string): { readonly kind: string; readonly id: string } {
  const at = item.indexOf('/')
  return { kind: item.slice(0, at), id: item.slice(at + 1) }
}

/** The page of an item; undefined for what has none. */
export function itemHref(space: string, item: string): string | undefined {
  const { kind, id } = partsOf(item)
  const tab = Object.hasOwn(TABS, kind) ? TABS[kind as Kind] : undefined
  return tab === undefined ? undefined : spaceHref(space, tab, id)
}

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  space: 'Space',
  profile: 'Profile',
  post: 'Post',
  reaction: 'Reaction',
  note: 'Note',
  task: 'Task',
  file: 'File',
  pin: 'Pin',
  read: 'Read mark',
}

/** "Post" for `post/abc`. */
export function kindWord(item: string): string {
  const { kind } = partsOf(item)
  return Object.hasOwn(KIND_WORDS, kind) ? KIND_WORDS[kind as Kind] : 'Item'
}

const LONGEST = 80

/** What an item is called in a line: its title or name, or how its text begins. */
export function itemTitle(entity: Entity): string {
  const { title, name, text } = entity.fields as {
    readonly title?: unknown
    readonly name?: unknown
    readonly text?: unknown
  }
  const said = [title, name, text].find((each) => typeof each === 'string' && each.trim() !== '')
  if (typeof said !== 'string')
    return entity.kind === 'note' ? 'A note without a title' : KIND_WORDS[entity.kind]
  const [line = ''] = said.trim().split('\n')
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line
}
