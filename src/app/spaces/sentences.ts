import type { JoinLink, LinkKind, SpaceRole, SpaceSummary, SpaceSyncState } from '../../cairn/api.ts'
import { formatAgo, formatNumber, plural } from '../lib/format.ts'
import type { Tone } from '../lib/repo-status.ts'

/** What is told of spaces in words: roles, links, and how far others have what is here. */

export const ROLE_WORDS: Readonly<Record<SpaceRole | 'none', string>> = {
  admin: 'Admin',
  writer: 'Writes',
  reader: 'Reads',
  none: 'No longer a member',
}

export const ROLE_MEANS: Readonly<Record<SpaceRole, string>> = {
  reader: 'Reads everything here, and can pass on what they read, keys included. Changes nothing.',
  writer: 'Reads, and writes posts, notes, tasks and files.',
  admin: 'Writes, and decides who else is in: links, requests, roles, removals.',
}

export const LINK_WORDS: Readonly<Record<LinkKind, string>> = {
  viewer: 'Viewer link',
  editor: 'Editor link',
  ask: 'Link to ask',
}

export const LINK_MEANS: Readonly<Record<LinkKind, string>> = {
  viewer:
    'Whoever opens it can read everything here at once. A reader can pass on what they read, keys included.',
  editor: 'Whoever opens it can read and write here at once.',
  ask: 'Whoever opens it asks to join, and an admin decides. It carries no key.',
}

/** The role that one has who comes by a link. */
export const LINK_GIVES: Readonly<Record<LinkKind, string>> = {
  viewer: 'You will be able to read everything in it, and not to change it.',
  editor: 'You will be able to read and write in it.',
  ask: 'You ask to join; one of its admins decides, and says whether you may write.',
}

export const LINK_STATES: Readonly<Record<JoinLink['state'], readonly [tone: Tone, words: string]>> = {
  live: ['good', 'live'],
  revoked: ['quiet', 'revoked'],
  expired: ['quiet', 'expired'],
  'used-up': ['quiet', 'used up'],
}

/** "Saved on this device. 2 of 3 other copies are current." Stores keep copies too: these are no people. */
export function syncSentence(sync: SpaceSyncState, now: number): string {
  const { known, current, connected, answeredAt } = sync
  // nobody has answered since the start: others may have all of it all the same
  if (known === 0) return 'Saved on this device. Nobody else is in reach yet.'
  const others = copiesSentence(current, known)
  if (connected > 0 || answeredAt === undefined) return `Saved on this device. ${others}`
  return `Saved on this device. ${others} Last answer ${formatAgo(answeredAt, now)}.`
}

function copiesSentence(current: number, known: number): string {
  if (known === 1) return current === 1 ? 'The other copy is current.' : 'The other copy is not current yet.'
  if (known === current)
    return `${known === 2 ? 'Both' : `All ${formatNumber(known)}`} other copies are current.`
  return `${formatNumber(current)} of ${formatNumber(known)} other copies ${current === 1 ? 'is' : 'are'} current.`
}

/** "3 changes wait to be sent"; undefined when nothing does. */
export function waitingSentence({ unsent }: SpaceSyncState): string | undefined {
  if (unsent === 0) return undefined
  return `${plural(unsent, 'change')} ${unsent === 1 ? 'waits' : 'wait'} to be sent`
}

/** What is so of changes that will not be sent any more; undefined when there are none. */
export function unsentSentence({ unsent }: SpaceSyncState): string | undefined {
  if (unsent === 0) return undefined
  return unsent === 1
    ? 'One change of yours was not sent: nobody else has it. Copy it if you need it elsewhere.'
    : `${formatNumber(unsent)} changes of yours were not sent: nobody else has them. Copy what you need elsewhere.`
}

/** The pill beside a space's name. */
export function spaceState(space: SpaceSummary): { readonly tone: Tone; readonly words: string } {
  if (space.fault !== undefined)
    return space.state === 'asked'
      ? { tone: 'bad', words: 'cannot be answered' }
      : { tone: 'bad', words: 'does not open' }
  if (space.state === 'declined') return { tone: 'quiet', words: 'declined' }
  if (space.state === 'asked') return { tone: 'behind', words: 'waits for an answer' }
  if (space.state === 'removed') return { tone: 'bad', words: 'you were removed' }
  if (space.state === 'left') return { tone: 'quiet', words: 'you left' }
  const waiting = waitingSentence(space.sync)
  if (waiting !== undefined) return { tone: 'behind', words: waiting }
  const { known, current } = space.sync
  if (known === 0) return { tone: 'quiet', words: 'nobody in reach yet' }
  return current === known
    ? { tone: 'good', words: 'all current' }
    : { tone: 'behind', words: `${current} of ${known} current` }
}

/** The names of a list that are told, and in words how many more there are; '' when all are told. */
export function listedNames(
  names: readonly string[],
  most = 3,
): { readonly told: readonly string[]; readonly rest: string } {
  if (names.length <= most) return { told: names, rest: '' }
  return { told: names.slice(0, most - 1), rest: plural(names.length - most + 1, 'other') }
}

/** "Ana", "Ana and Jun", "Ana, Jun and 3 others": where only plain text can stand. */
export function nameList(names: readonly string[], most = 3): string {
  const { told, rest } = listedNames(names, most)
  const all = rest === '' ? told : [...told, rest]
  return all.length <= 1 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
}
