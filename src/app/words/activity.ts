import type { ActivityItem, ActivityKind } from '../../cairn/api.ts'
import { formatNumber, plural } from '../lib/format.ts'
import { wordsFor } from '../words.ts'
import { number, text, type Fields } from './shape.ts'

type Sentence = (fields: Fields, name: string) => string

const changes = (fields: Fields): string => {
  const parts = [
    [number(fields, 'added'), 'added'],
    [number(fields, 'updated') ?? number(fields, 'changedRecords'), 'changed'],
    [number(fields, 'deleted'), 'deleted upstream'],
  ] as const
  const said = parts
    .filter(([count]) => count !== undefined && count > 0)
    .map(([count, verb]) => `${formatNumber(count ?? 0)} ${verb}`)
  return said.length === 0 ? '' : `: ${said.join(', ')}`
}

const records = (fields: Fields): string => {
  const count = number(fields, 'records')
  return count === undefined ? '' : `, ${plural(count, 'record')}`
}

/** The compiler holds this to every kind that is ever noted. */
export const SENTENCES: Readonly<Record<ActivityKind, Sentence>> = {
  'backup.done': (fields, name) =>
    fields['changed'] === false
      ? `${name} was checked; nothing had changed.`
      : `${name} was backed up${changes(fields) || records(fields)}.`,
  'backup.failed': (_, name) => `The backup of ${name} failed.`,
  'file.done': (fields, name) => `A file of ${name} was opened and proven${records(fields)}.`,
  'file.failed': (fields, name) => `${text(fields, 'label', text(fields, 'name', name))} was refused.`,
  'blobs.done': (fields, name) => {
    const fetched = number(fields, 'fetched') ?? 0
    const rest = [
      [number(fields, 'missing') ?? 0, 'missing at its server'],
      [number(fields, 'failed') ?? 0, 'refused'],
    ] as const
    const said = rest.filter(([count]) => count > 0).map(([count, how]) => `, ${formatNumber(count)} ${how}`)
    return `${plural(fetched, 'blob')} of ${name} ${fetched === 1 ? 'was' : 'were'} fetched${said.join('')}.`
  },
  'blobs.failed': (_, name) => `Some blobs of ${name} could not be fetched.`,
  'verify.done': (fields, name) => `${name} was read again and proven${records(fields)}.`,
  'verify.failed': (_, name) => `${name} did not prove when read again.`,
  'repo.deleted': (_, name) => `${name} was removed from this device.`,
  'repo.equivocation': (_, name) =>
    `Two different versions of ${name} are signed with the same revision. Both were kept apart.`,
  'peer.pulled': (fields, name) =>
    fields['changed'] === false
      ? `A copy of ${name} was looked at; nothing in it is new.`
      : `${name} came from another copy, proven${changes(fields) || records(fields)}.`,
  'peer.failed': (_, name) => `${name} could not be taken from another copy.`,
  'agreement.offered': (_, name) => `An agreement to keep copies of ${name} was offered.`,
  'agreement.accepted': (_, name) => `An agreement to keep copies of ${name} holds from now on.`,
  'agreement.ended': (_, name) => `An agreement to keep copies of ${name} ended.`,
  'head.dropped': (fields, name) =>
    `The newest backup of ${name} did not survive on this disk. ${
      number(fields, 'left') === 0
        ? 'There was none before it: back up again.'
        : 'The one before it stands; back up again to catch up.'
    }`,
}

/** One entry of the history as a sentence; an unknown kind is still named by its subject and level. */
export function activitySentence(item: ActivityItem, name: string | undefined): string {
  const handle = text(item.fields, 'handle', '')
  const subject =
    name ??
    (handle === ''
      ? text(item.fields, 'label', text(item.fields, 'name', text(item.fields, 'did', 'A repository')))
      : `@${handle}`)
  if (hasSentence(item.kind)) return SENTENCES[item.kind](item.fields, subject)
  return item.level === 'bad' || item.level === 'warning' ? `${subject} needs a look.` : `${subject} changed.`
}

function hasSentence(kind: string): kind is ActivityKind {
  return Object.hasOwn(SENTENCES, kind)
}

/** Why it failed, when the entry carries an error's code. */
export function activityReason(item: ActivityItem): string | undefined {
  const code = item.fields['code']
  if (typeof code !== 'string') return undefined
  const words = wordsFor(code, item.fields)
  return `${words.title} ${words.safe} ${words.next}`
}
