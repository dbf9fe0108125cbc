import type { ActivityItem, ActivityKind } from '../../cairn/api.ts'
import { formatNumber, plural } from '../lib/format.ts'
import { wordsFor } from '../words.ts'
import { agreementSentences } from './agreement-notes.ts'
import { changes, records } from './counts.ts'
import { movingSentences } from './moving-notes.ts'
import { number, text, type Fields } from './shape.ts'
import { spaceSentences } from './space-activity.ts'
import { writingSentences } from './writing-notes.ts'
import { cameFrom, nameOfPeer, pulledSentence, triedBefore } from './ways.ts'

type Sentence = (fields: Fields, name: string) => string

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
    const verb = fetched === 1 ? 'was' : 'were'
    return `${plural(fetched, 'blob')} of ${name} ${verb} fetched${cameFrom(fields)}${said.join('')}.`
  },
  'blobs.failed': (_, name) => `Some blobs of ${name} could not be fetched.`,
  'verify.done': (fields, name) => `${name} was read again and proven${records(fields)}.`,
  'verify.failed': (_, name) =>
    `${name} did not prove when read again. The next backup takes all of it anew.`,
  'repo.deleted': (_, name) => `${name} was removed from this device.`,
  'repo.equivocation': (_, name) =>
    `Two different versions of ${name} are signed with the same revision. Both were kept apart.`,
  'peer.pulled': pulledSentence,
  'peer.failed': (fields, name) => `${name} could not be taken from ${nameOfPeer(fields) ?? 'another copy'}.`,
  ...agreementSentences,
  ...spaceSentences,
  ...writingSentences,
  ...movingSentences,
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

/** Why it failed, or why what came did not come in a better way. */
export function activityReason(item: ActivityItem): string | undefined {
  const code = item.fields['code']
  if (typeof code !== 'string') return triedBefore(item.fields)
  const words = wordsFor(code, item.fields)
  return `${words.title} ${words.safe} ${words.next}`
}
