import type { FieldVersion } from '../../cairn/api.ts'
import { formatBytes, formatDay } from '../lib/format.ts'

/** What people call the fields of an item. */
export const FIELD_WORDS: Readonly<Record<string, string>> = {
  title: 'Title',
  about: 'About',
  name: 'Name',
  text: 'Text',
  done: 'Done',
  assignee: 'For',
  due: 'Due',
  order: 'Place in the list',
  deleted: 'Deleted',
  type: 'Kind of file',
  size: 'Size',
  sealed: 'Content',
  preview: 'Preview',
  files: 'Files',
  mentions: 'Mentions',
  target: 'Of',
  on: 'On',
  backup: 'Group backup',
}

/** A value as a person reads it. */
export function fieldValueWords(
  { field, value }: Pick<FieldVersion, 'field' | 'value'>,
  nameOf: (person: string) => string,
): string {
  if (value === undefined || value === null || value === '') return 'nothing'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return field === 'size' ? formatBytes(value) : String(value)
  if (typeof value === 'string') {
    if (field === 'assignee') return nameOf(value)
    if (field === 'due') return dueDay(value)
    return field === 'order' ? 'moved' : value
  }
  if (value instanceof Uint8Array) return field === 'sealed' ? 'another version' : 'a small picture'
  if (Array.isArray(value))
    return field === 'mentions' ? value.map((each) => nameOf(String(each))).join(', ') : `${value.length}`
  return 'changed'
}

/** `2026-11-21` as a day; as it is when it is none. */
export function dueDay(due: string): string {
  const at = Date.parse(`${due}T12:00:00`)
  return Number.isNaN(at) ? due : formatDay(at)
}
