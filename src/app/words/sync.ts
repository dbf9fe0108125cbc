import { formatBytes } from '../lib/format.ts'
import { COPY_SAFE, number, text, TRY_LATER, type WordsEntry } from './shape.ts'

const CHALLENGE: Readonly<Record<string, string>> = {
  missing: 'It no longer has all of the blocks it was asked for.',
  absent: 'Its tree lacks records that were there.',
  proof: 'What it sent does not add up to the signed root.',
  mac: 'Its answer was not made for this question.',
  deadline: 'Its answer came too late to count.',
}

/** The engine that moves repos, and what it was asked for. */
export const syncWords: Readonly<Record<string, WordsEntry>> = {
  'sync.busy': {
    title: 'Another tab is at work on this repository.',
    safe: COPY_SAFE,
    next: 'Let it finish, or stop it there; then try again.',
  },
  'sync.cancelled': {
    title: 'Stopped, as you asked.',
    safe: 'What had arrived is kept and will not be fetched twice.',
    next: 'Go on whenever you like.',
  },
  'sync.head': {
    title: 'The newest snapshot cannot be deleted by itself.',
    safe: COPY_SAFE,
    next: 'To let go of all of it, remove the repository under Health.',
  },
  'sync.not-kept': {
    title: 'That is not kept on this device.',
    safe: 'Nothing was changed.',
    next: 'Back it up first. If it was removed in another tab, reload.',
  },
  'sync.nothing-to-resume': {
    title: 'There is nothing left to go on with.',
    safe: COPY_SAFE,
    next: 'Start a new backup instead.',
  },
  'sync.no-such-record': {
    title: 'This snapshot does not hold that record.',
    safe: 'If it was deleted upstream, snapshots from before that still have it.',
    next: 'Look at its versions, or go back to the collection.',
  },
  'sync.no-such-blob': {
    title: 'That blob is not kept on this device.',
    safe: 'The record that refers to it is kept.',
    next: 'Fetch the blobs of this repository, then try again.',
  },
  'sync.peer-lacks': {
    title: 'That device does not have this repository, or not for you.',
    safe: COPY_SAFE,
    next: 'Other copies are asked instead. An unlisted copy is given only to those with an agreement.',
  },
  'sync.peer-failed': {
    title: 'That device could not answer for now.',
    safe: COPY_SAFE,
    next: 'It may be busy. It is asked again by itself.',
  },
  'sync.over-budget': (fields) => {
    const limit = number(fields, 'limit')
    return {
      title: 'That device sent more than an answer may have.',
      safe: 'It was stopped. ' + COPY_SAFE,
      next: `${limit === undefined ? '' : `The limit was ${formatBytes(limit)}. `}Other copies are asked instead. If there is none, back up from the account’s own server.`,
    }
  },
  'sync.challenge-failed': (fields) => {
    const reason = text(fields, 'reason', '')
    const why = Object.hasOwn(CHALLENGE, reason) ? CHALLENGE[reason] : undefined
    return {
      title: 'This copy did not prove itself.',
      safe: COPY_SAFE,
      next: `${why === undefined ? '' : `${why} `}Do not count on it: challenge it again later, and ask someone else to keep a copy too.`,
    }
  },
  'sync.no-common-root': {
    title: 'You and that copy have no backup in common to ask about.',
    safe: COPY_SAFE,
    next: 'Sync first, so that both hold the same state, then challenge it again.',
  },
  'sync.bad-collection': {
    title: 'That is not the name of a collection.',
    safe: 'Nothing was changed.',
    next: 'A collection is named like a domain turned round, such as app.bsky.feed.post.',
  },
  'sync.bad-pack': {
    title: 'That device sent a list of changes that contradicts itself.',
    safe: 'It was thrown away. ' + COPY_SAFE,
    next: 'The copies are compared instead, and other copies are asked.',
  },
  'sync.peer-behind': {
    title: 'That device has nothing newer than you have.',
    safe: COPY_SAFE,
    next: 'Nothing needs to be done.',
  },
  'sync.unlisted': {
    title: 'That device cannot list what changed since your copy.',
    safe: COPY_SAFE,
    next: 'The copies are compared instead.',
  },
  'sync.upgrade-needed': {
    title: 'That copy is kept by a newer version of Cairn.',
    safe: COPY_SAFE,
    next: 'Reload to take the new version of the app; then it can be read.',
  },
  'sync.peer-outdated': {
    title: 'That copy is kept by an older version of Cairn.',
    safe: COPY_SAFE,
    next: 'Other copies are asked instead. Whoever keeps it can reload to take the new version.',
  },
  'sync.invalid-request': {
    title: 'What was asked of that device is not well-formed.',
    safe: COPY_SAFE,
    next: 'The copies are compared instead. If it happens again, reload to take the newest version of the app.',
  },
  'sync.too-many-operations': {
    title: 'That is more than one message may change.',
    safe: COPY_SAFE,
    next: 'The other side fetches it instead.',
  },
  'sync.limit-exceeded': {
    title: 'That is more than one message may hold.',
    safe: COPY_SAFE,
    next: 'It is asked for in smaller parts, or the copies are compared instead.',
  },
  'sync.too-busy': {
    title: 'That device is answering too many others just now.',
    safe: COPY_SAFE,
    next: 'It is asked again by itself, and other copies are asked.',
  },
  'sync.no-such-chunk': {
    title: 'That device no longer has the piece it offered.',
    safe: COPY_SAFE,
    next: 'It is asked for the page anew.',
  },
  'sync.no-copy': (fields) => {
    const asked = number(fields, 'asked') ?? 0
    return {
      title: asked === 0 ? 'Nobody who keeps a copy could be found.' : 'Nobody who answered has a copy.',
      safe: COPY_SAFE,
      next: 'A copy can be fetched when someone who has it is online. ' + TRY_LATER,
    }
  },
  'cairn.unexpected': {
    title: 'Something went wrong that Cairn did not foresee.',
    safe: COPY_SAFE,
    next: 'Try again; if it stays, reload.',
  },
}
