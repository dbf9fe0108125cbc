import type { Finding, Move, MoveStep, PrivateName, StepName } from '../../cairn/api.ts'
import { formatDayTime, formatFull, formatNumber, plural } from '../lib/format.ts'
import { wordsFor } from '../words.ts'
import { number, text } from './shape.ts'

/** What each step is called, before and after. */
export const STEP_WORDS: Readonly<Record<StepName, { readonly title: string; readonly why: string }>> = {
  copy: { title: 'Prove the copy', why: 'Everything on this device is read and proven once more.' },
  claim: {
    title: 'Take the account back',
    why: 'Your recovery key takes it out of the old server’s hands. From here on the old server can sign nothing.',
  },
  account: { title: 'Make the account at the new server', why: 'It sleeps there: nobody sees it yet.' },
  repo: { title: 'Send all records', why: 'As they were signed.' },
  blobs: { title: 'Send images and files', why: 'From this device; what lacks, from the old server.' },
  settings: { title: 'Carry the settings over', why: 'Preferences, as far as the server lets them be read.' },
  check: { title: 'Compare', why: 'The new server’s own count against what was sent.' },
  identity: {
    title: 'Say where the account is now',
    why: 'From here on everyone finds it at the new server. Your recovery keys stay the first.',
  },
  activate: { title: 'Wake it up', why: 'It can be seen and written to.' },
  leave: { title: 'Put the old account to sleep', why: 'You can delete it there later.' },
  mutes: {
    title: 'Mutes, bookmarks and drafts',
    why: 'They mostly stay as they are; what lacks is made again.',
  },
  confirm: { title: 'Read it back', why: 'Everything is fetched from the new server, proven and compared.' },
}

export const PRIVATE_WORDS: Readonly<Record<PrivateName, string>> = {
  preferences: 'Preferences',
  mutes: 'Muted accounts',
  mutedLists: 'Muted lists',
  drafts: 'Drafts',
  bookmarks: 'Bookmarks',
}

/** What no export can hold: said before and after. */
export const NEVER_MOVED =
  'Direct messages are in no export: they stay with the service that carries them, under your identity. Nor are the images of drafts, which are on the device where they were begun, and what is not yours to read, such as reports and who mutes you.'

const BESIDE = 'They are kept by the service that shows your timeline, and mostly stay.'

/** The kinds that a step names as those that failed. */
function failedNames(facts: MoveStep['facts']): string {
  const names = text(facts, 'failed', '').split(' ')
  const known = names.flatMap((name) =>
    Object.hasOwn(PRIVATE_WORDS, name) ? [PRIVATE_WORDS[name as PrivateName]] : [],
  )
  return known.length === 0 ? 'They' : known.join(', ')
}

/** What a step that is done has done; undefined when its title says it all. */
export function stepResult({ name, state, facts }: MoveStep): string | undefined {
  if (state !== 'done') return undefined
  const count = (field: string): number => number(facts, field) ?? 0
  const problem = text(facts, 'problem', '')
  switch (name) {
    case 'copy':
      return `${plural(count('records'), 'record')} and ${plural(count('blobs') - count('lacking'), 'blob')} are proven.`
    case 'claim':
      return count('overruled') > 0
        ? `${plural(count('overruled'), 'change')} of the identity was undone.`
        : 'The old server can sign nothing for the account any more.'
    case 'account':
      return `It is called @${text(facts, 'handle', '')} there.`
    case 'repo':
      return `${plural(count('records'), 'record')} sent.`
    case 'blobs':
      return `${plural(count('sent'), 'blob')} sent${count('lacking') > 0 ? `, ${formatNumber(count('lacking'))} left behind` : ''}.`
    case 'settings':
      return problem === ''
        ? `${plural(count('carried'), 'preference')} carried over.`
        : problem === 'none-kept'
          ? 'There was no export of them.'
          : `They could not be carried over. ${wordsFor(problem, facts).title}`
    case 'check':
      return `${plural(count('records'), 'record')} and ${plural(count('blobs'), 'blob')} are there.`
    case 'leave':
      return problem === ''
        ? `${facts['late'] === true ? 'Something was written there in the last seconds, and is not at the new server. ' : ''}It sleeps.`
        : 'That did not work. It does no harm: everyone is led to the new server. Put it to sleep there when you can.'
    case 'mutes':
      return [
        ...(problem === '' || count('made') + count('stayed') > 0
          ? [`${formatNumber(count('made'))} made again, ${formatNumber(count('stayed'))} had stayed.`]
          : []),
        ...(problem === '' ? [] : [`${failedNames(facts)} could not be asked for or made again. ${BESIDE}`]),
      ].join(' ')
    case 'confirm':
      return facts['same'] === true
        ? `Every record is the same${count('blobsLacking') > 0 ? `; ${plural(count('blobsLacking'), 'blob')} lack` : ', and no blob lacks'}.`
        : 'What the new server gives is not what was sent, or something was written since. Compare the snapshots.'
    case 'identity':
    case 'activate':
      return undefined
  }
}

/** One finding of a look ahead as a sentence. */
export const findingSentence = (finding: Finding): string => capital(sentenceOf(finding))

/** A host's own name stays as it is written. */
const capital = (sentence: string): string =>
  sentence.startsWith('the ') ? `T${sentence.slice(1)}` : sentence

function sentenceOf({ code, fields }: Finding): string {
  const host = text(fields, 'host', 'the new server')
  const count = (field: string): number => number(fields, field) ?? 0
  const why = (): string => wordsFor(text(fields, 'problem', ''), fields).title
  switch (code) {
    case 'copy':
      return `${plural(count('records'), 'record')} are kept here and proven, as of ${formatDayTime(count('takenAt'))}.`
    case 'copy-none':
      return 'Nothing of this account is kept here yet.'
    case 'copy-wrong':
      return why()
    case 'blobs':
      return `All ${plural(count('blobs'), 'image or file', 'images and files')} are kept here.`
    case 'blobs-lacking':
      return `${formatNumber(count('lacking'))} of ${plural(count('blobs'), 'image or file', 'images and files')} are not kept here.`
    case 'server':
      return `${host} is a server for accounts, and answers.`
    case 'server-failed':
      return `The new server could not be asked. ${why()}`
    case 'server-same':
      return `The account is at ${host} already.`
    case 'server-phone':
      return `${host} asks for a phone number, which Cairn cannot give it.`
    case 'account-there':
      return `${host} knows this account already. With its password there, the move goes on with that.`
    case 'invite':
      return (fields['given'] ?? false) === true
        ? `${host} takes accounts with an invite code, and you have one.`
        : `${host} takes accounts with an invite code only.`
    case 'handle':
      return `The handle @${text(fields, 'handle', '')} is free, or yours.`
    case 'handle-taken':
      return `The handle @${text(fields, 'handle', '')} belongs to somebody else.`
    case 'handle-foreign':
      return `${host} gives out handles that end in ${text(fields, 'domains', 'its own name')}, and @${text(fields, 'handle', '')} does not point to the account.`
    case 'email':
      return 'The new server needs a mail address.'
    case 'session':
      return `You are signed in at ${host}, and may move the account.`
    case 'session-lacking':
      return `The old server has to help, and for that you sign in there. ${why()}`
    case 'settings-lacking':
      return 'Preferences, mutes, drafts and bookmarks will not be carried over: Cairn may not read them. Allow it under “What is not in the backup”.'
    case 'key':
      return count('rank') === 0
        ? 'Your recovery key is the most powerful one of the account.'
        : 'Your recovery key can sign for the account.'
    case 'key-not-given':
      return 'Your recovery key is needed.'
    case 'key-wrong':
      return why()
    case 'key-overrules':
      return `It undoes ${plural(count('count'), 'change')} of the identity. That can be done until ${formatFull(count('until'))}.`
    case 'key-below':
      return `${plural(count('above'), 'key')} above yours can undo what it signs, for 72 hours.`
    case 'keys-full':
      return 'The account lists as many keys as it can.'
    case 'document':
      return 'The identity is a document on a domain of your own: you publish a new one when it is asked for.'
    case 'old-answers':
      return `${host} still answers. If it still helps, moving is the gentler way.`
    case 'private':
      return `Preferences, mutes, drafts and bookmarks were exported on ${formatDayTime(count('at'))}.`
    case 'private-none':
      return 'Preferences, mutes, drafts and bookmarks were never exported to this device. Preferences will be lost; the rest may stay with the service that shows your timeline.'
  }
}

/** The whole of a move, in plain text, to be kept. */
export function moveReport(move: Move): string {
  const { did, handle, from, to, newHandle, kind, startedAt, endedAt, steps } = move
  const lines = [
    kind === 'move' ? 'An account has moved' : 'An account was rescued',
    '',
    `Account: ${did}`,
    `From: ${from ?? 'unknown'}${handle === undefined ? '' : ` (@${handle})`}`,
    `To: ${to} (@${newHandle})`,
    `Begun: ${formatFull(startedAt)}`,
    `Ended: ${endedAt === undefined ? 'not yet' : formatFull(endedAt)}`,
    '',
  ]
  for (const step of steps) {
    const { title } = STEP_WORDS[step.name]
    const mark = step.state === 'done' ? 'done' : step.error === undefined ? 'not yet' : 'failed'
    lines.push(`${title}: ${mark}${step.at === undefined ? '' : `, ${formatFull(step.at)}`}`)
    const result =
      step.error === undefined
        ? stepResult(step)
        : `${wordsFor(step.error.code, step.error.fields).title} (${step.error.code})`
    if (result !== undefined) lines.push(`  ${result}`)
    for (const [name, value] of Object.entries(step.facts)) {
      if (typeof value === 'string' && value.length > 20) lines.push(`  ${name}: ${value}`)
    }
  }
  lines.push('', NEVER_MOVED, '')
  return lines.join('\n')
}
