import { formatBytes } from '../lib/format.ts'
import { number, text, TRY_LATER, type Words, type WordsEntry } from './shape.ts'
import { spaceImportWords } from './space-import.ts'

const SAFE = 'What is in your spaces on this device is unchanged.'
const NOTHING = 'Nothing was changed.'

const NEWER: Words = {
  title: 'This was made by a newer version of Cairn.',
  safe: SAFE,
  next: 'Reload to take the new version, then try again.',
}
const LINK_BROKEN: Words = {
  title: 'This link was damaged on its way.',
  safe: 'Nothing was opened.',
  next: 'Copy it once more, whole, from where you got it, or ask for a new one.',
}
const FORGED: Words = {
  title: 'Something that came for this space is not what it claims to be.',
  safe: 'It was thrown away. ' + SAFE,
  next: 'Nothing needs to be done. What is missing is asked for from others.',
}
const NO_KEY: Words = {
  title: 'The key for this part of the space is not on this device.',
  safe: SAFE,
  next: 'It comes by itself when a member who has it is in reach.',
}
const FILE_BROKEN: Words = {
  title: 'A piece of this file is not as it was sealed.',
  safe: 'The rest of the space is unchanged.',
  next: 'Fetch it again. If it stays so, ask whoever added it to add it anew.',
}
const NOT_POSSIBLE: Words = {
  title: 'That cannot be done here.',
  safe: NOTHING,
  next: 'Check what you entered, then try again.',
}
const READER: Words = {
  title: 'You can read here, and not write.',
  safe: NOTHING,
  next: 'An admin of the space can let you write.',
}
const ADMINS: Words = {
  title: 'Only admins can do that here.',
  safe: NOTHING,
  next: 'Ask one of them to do it.',
}
const FOREIGN: Words = {
  title: 'That belongs to someone else.',
  safe: NOTHING,
  next: 'An admin can hide it.',
}
const GONE: Words = { title: 'That is no longer there.', safe: SAFE, next: 'Reload to see what is.' }
const TOO_LARGE: WordsEntry = (fields) => {
  const most = number(fields, 'most')
  return {
    title: 'That is larger than a space can hold in one piece.',
    safe: NOTHING,
    next:
      most === undefined
        ? 'Make it shorter, then try again.'
        : `The most is ${formatBytes(most)}. Make it shorter, then try again.`,
  }
}
const PRESENCE: Words = {
  title: 'A word about who is here was not believed.',
  safe: 'It was thrown away. ' + SAFE,
  next: 'Nothing needs to be done.',
}
const LIST_BROKEN: Words = {
  title: 'The list of your spaces cannot be read.',
  safe: NOTHING,
  next: 'Try again with a relay that you used before, or with a recovery file.',
}
const FILE_NO_RECOVERY: Words = {
  title: 'That is not a recovery file, or it was damaged.',
  safe: NOTHING,
  next: 'Choose the file that Cairn saved, or use your twelve words.',
}

const WORD_REASONS: Readonly<Record<string, (fields: Readonly<Record<string, unknown>>) => string>> = {
  count: (fields) =>
    `There are ${number(fields, 'found') ?? 'not enough'} of them, and there have to be twelve.`,
  unknown: (fields) => `Word ${number(fields, 'at') ?? ''} is none of the list. Look at how it is spelt.`,
  checksum: () => 'Each is a word of the list, but they do not belong together in this order.',
}

/** What goes on inside of a space: its members' content, keys, links and recovery. */
export const spaceWords: Readonly<Record<string, WordsEntry>> = {
  ...spaceImportWords,
  'spaces.invalid': NOT_POSSIBLE,
  'spaces.too-large': TOO_LARGE,
  'spaces.version': NEWER,
  'spaces.bad-signature': FORGED,
  'spaces.sealed-malformed': FORGED,
  'spaces.sealed-epoch': NO_KEY,
  'spaces.sealed-broken': FORGED,
  'spaces.sealed-content': FORGED,
  'spaces.file-malformed': FILE_BROKEN,
  'spaces.file-chunk': FILE_BROKEN,
  'spaces.file-end': FILE_BROKEN,
  'spaces.file-missing': {
    title: 'Not all of this file is on this device.',
    safe: 'What is here of it stays.',
    next: 'Fetch the rest; it goes on where it stopped.',
  },
  'spaces.file-source': {
    title: 'The file changed while it was being sealed.',
    safe: NOTHING,
    next: 'Add it again when nothing else writes to it.',
  },
  'spaces.no-file': GONE,
  'spaces.no-item': GONE,
  'spaces.long-link': {
    title: 'Only a link to ask can have the long form.',
    safe: NOTHING,
    next: 'Choose that whoever opens it has to ask.',
  },
  'spaces.recovery-gone': {
    title: 'The recovery words are no longer on this device.',
    safe: 'Those that you have written down still open your spaces.',
    next: 'To save a file, make new words.',
  },
  'spaces.recovery-words': {
    title: 'These are not the words that were shown.',
    safe: NOTHING,
    next: 'Compare them with your paper, one by one.',
  },
  'spaces.not-here': {
    title: 'This space is not on this device.',
    safe: NOTHING,
    next: 'With a link from one of its members, or your recovery words, it opens again.',
  },
  'spaces.not-admin': ADMINS,
  'spaces.epoch-malformed': FORGED,
  'spaces.epoch-key': FORGED,
  'spaces.epoch-parent': NO_KEY,
  'spaces.card-malformed': FORGED,
  'spaces.wrap-malformed': FORGED,
  'spaces.wrap-other': FORGED,
  'spaces.wrap-broken': NO_KEY,
  'spaces.not-recipient': NO_KEY,
  'spaces.removed': {
    title: 'You are no longer a member of this space.',
    safe: 'What was here before can still be read and exported.',
    next: 'Ask an admin for a new link to come back.',
  },
  'spaces.read-only': READER,
  'spaces.no-link': GONE,
  'spaces.no-request': {
    title: 'Someone has decided about this request already.',
    safe: NOTHING,
    next: 'Reload to see who is in.',
  },
  'spaces.no-person': GONE,
  'spaces.link-malformed': {
    title: 'That is no link into a space.',
    safe: 'Nothing was opened.',
    next: 'One has #/join/ in it, and is copied whole.',
  },
  'spaces.link-damaged': LINK_BROKEN,
  'spaces.capability-malformed': LINK_BROKEN,
  'spaces.capability-broken': LINK_BROKEN,
  'spaces.device-broken': LINK_BROKEN,
  'spaces.device-malformed': LINK_BROKEN,
  'spaces.link-record-malformed': FORGED,
  'spaces.join-malformed': FORGED,
  'spaces.closing-malformed': FORGED,
  'spaces.join-other': FORGED,
  'spaces.seen-malformed': FORGED,
  'spaces.unknown-heads': {
    title: 'News about the members has not arrived yet.',
    safe: SAFE,
    next: 'What waits for it is taken in by itself when it comes.',
  },
  'spaces.no-keys': {
    title: 'The keys of this device for the space are gone.',
    safe: 'What the other members have is safe.',
    next: 'Forget the space here, then come back by a link or with your recovery words.',
  },
  'spaces.no-authority': {
    title: 'Only the owner of the space can do that.',
    safe: NOTHING,
    next: 'Ask the owner, or do it on the device where the space was made.',
  },
  'spaces.refused': {
    title: 'The rules of the space do not allow that.',
    safe: NOTHING,
    next: 'Your role may have changed meanwhile. Reload to see it.',
  },
  'spaces.cloned': {
    title: 'Another copy of this browser’s profile writes to the space.',
    safe: 'Your unsent changes here are kept.',
    next: 'This device goes on as a new one of yours. Nothing needs to be done.',
  },
  'spaces.offline': {
    title: 'There is no network to do that with.',
    safe: SAFE,
    next: 'Connect, or turn the network on under Network, then try again.',
  },
  'content.invalid': NOT_POSSIBLE,
  'content.no-person': READER,
  'content.read-only': READER,
  'content.not-yours': FOREIGN,
  'content.admins-only': ADMINS,
  'content.too-large': TOO_LARGE,
  'content.version': NEWER,
  'content.exhausted': {
    title: 'This has been changed as often as it can be.',
    safe: SAFE,
    next: 'Make a new one in its place.',
  },
  'content.unknown': GONE,
  'content.order': {
    title: 'There is no place between these two.',
    safe: NOTHING,
    next: 'Put it one place further, then try again.',
  },
  'content.snapshot': {
    title: 'That is no export of a space.',
    safe: NOTHING,
    next: 'Choose a zip that was exported from a space in Cairn.',
  },
  'text.malformed': FORGED,
  'text.version': NEWER,
  'text.foreign': FORGED,
  'text.broken': FORGED,
  'text.too-large': TOO_LARGE,
  'text.full': {
    title: 'This note holds as much of yours as a note can.',
    safe: 'What is in it stays.',
    next: 'Go on in a new note.',
  },
  'keys.invalid': NOT_POSSIBLE,
  'keys.damaged': {
    title: 'The keys of a space on this device are damaged.',
    safe: 'What the other members have is safe.',
    next: 'Forget the space here, then come back by a link or with your recovery words.',
  },
  'keys.words': (fields) => {
    const reason = text(fields, 'reason', '')
    const say = Object.hasOwn(WORD_REASONS, reason) ? WORD_REASONS[reason] : undefined
    return {
      title: 'These are not your recovery words.',
      safe: NOTHING,
      next: `${say === undefined ? '' : `${say(fields)} `}Compare them with your paper, one by one.`,
    }
  },
  'keys.version': NEWER,
  'keys.too-large': FILE_NO_RECOVERY,
  'keys.list-malformed': LIST_BROKEN,
  'keys.list-broken': LIST_BROKEN,
  'keys.list-rolled-back': {
    title: 'The relay gave an older list of your spaces.',
    safe: SAFE,
    next: 'Spaces that you joined lately may be missing from it. Try another relay, or your recovery file.',
  },
  'keys.sealed-broken': LIST_BROKEN,
  'keys.file-malformed': FILE_NO_RECOVERY,
  'keys.file-damaged': FILE_NO_RECOVERY,
  'keys.file-passphrase': (fields) => ({
    title:
      fields['reason'] === 'missing'
        ? 'This file is sealed with a passphrase.'
        : 'The passphrase does not open this file.',
    safe: NOTHING,
    next: 'Enter the passphrase that it was sealed with. Capitals and spaces count.',
  }),
  'persons.invalid': NOT_POSSIBLE,
  'presence.malformed': PRESENCE,
  'presence.epoch': PRESENCE,
  'presence.broken': PRESENCE,
  'presence.bad-signature': PRESENCE,
  'presence.replayed': PRESENCE,
  'presence.stale': PRESENCE,
  'presence.no-role': PRESENCE,
  'presence.read-only': PRESENCE,
  'presence.flood': PRESENCE,
  'presence.too-large': PRESENCE,
  'presence.failed': {
    title: 'The others could not be told that you are here.',
    safe: SAFE,
    next: 'What you write is not affected. ' + TRY_LATER,
  },
}

/** For codes of these rooms without sentences of their own. */
export const spaceGeneral: Words = { title: 'The space could not do that.', safe: SAFE, next: TRY_LATER }
