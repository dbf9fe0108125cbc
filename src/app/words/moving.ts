import { COPY_SAFE, number, text, type Fields, type WordsEntry } from './shape.ts'

const NOTHING_SENT = 'Nothing was changed at any server.'
const GOES_ON = 'What was done before is noted, and is not done twice.'

const BAD_KEY: Readonly<Record<string, string>> = {
  count: 'A key has exactly 24 words. Type all of them, in their order.',
  word: 'One of the words is none of the list. Look for a slip of the pen.',
  checksum: 'The words do not belong together. Look for two that changed places, or one that is another.',
}

const LATE: Readonly<Record<string, string>> = {
  outranked: 'A more powerful key has taken it out. The holder of that key decides.',
  'too-late': 'It was taken out more than 72 hours ago, and by then that stands.',
}

const INCOMPLETE: Readonly<Record<string, string>> = {
  commit: 'The new server does not have the backup that was sent.',
  records: 'The new server does not have every record.',
  blobs: 'The new server does not have every image and file.',
}

/** Leaving a server, and getting ready for it. */
export const movingWords: Readonly<Record<string, WordsEntry>> = {
  'moving.bad-key': (fields) => ({
    title: 'That is no recovery key.',
    safe: NOTHING_SENT,
    next: pick(BAD_KEY, fields, 'reason') ?? 'Type the 24 words, or choose the file that you saved.',
  }),
  'moving.wrong-key': {
    title: 'That is a key, but not one of this account.',
    safe: NOTHING_SENT,
    next: 'Use the key that was made for this account. The file says which account it is for.',
  },
  'moving.no-key': {
    title: 'There is no checked recovery key to add.',
    safe: NOTHING_SENT,
    next: 'Make a key, keep it, and give it back once to show that it was kept well.',
  },
  'moving.key-late': (fields) => ({
    title: 'This key can no longer sign for the account.',
    safe: COPY_SAFE,
    next: pick(LATE, fields, 'reason') ?? 'Use another key that the account lists.',
  }),
  'moving.keys-full': (fields) => ({
    title: 'The account lists as many keys as it can.',
    safe: NOTHING_SENT,
    next: `At most ${number(fields, 'most') ?? 5} are allowed. Take one out with the tool that put it there.`,
  }),
  'moving.code-wrong': (fields) => ({
    title: 'That is not the code from the mail, or it is too old.',
    safe: 'The identity says what it said before.',
    next: `Copy it from the newest mail of ${text(fields, 'host', 'your server')}, or ask for another one.`,
  }),
  'moving.not-plc': {
    title: 'An account on a domain of its own has no recovery keys.',
    safe: NOTHING_SENT,
    next: 'Whoever holds the domain holds the account. Keep the domain.',
  },
  'moving.wrong-account': {
    title: 'That file is of another account.',
    safe: 'Nothing of it was taken in, and nothing was changed at any server.',
    next: 'Choose the file of this account.',
  },
  'moving.not-a-repo': {
    title: 'That file does not hold what is wanted, or it is cut off.',
    safe: 'Nothing of it was taken in.',
    next: 'Choose another file.',
  },
  'moving.no-copy': {
    title: 'Nothing of this account is kept on this device.',
    safe: NOTHING_SENT,
    next: 'Back it up while its server answers, or open a CAR file of it.',
  },
  'moving.copy-damaged': {
    title: 'The copy on this device did not prove when it was read again.',
    safe: 'Nothing of it was sent.',
    next: 'Back the account up again, choose an older snapshot, or open a CAR file of it.',
  },
  'moving.blobs-lacking': (fields) => ({
    title: `${number(fields, 'lacking') ?? 'Some'} images or files of the account are nowhere to be had.`,
    safe: 'All others are at the new server already.',
    next: 'Bring a device on line that may keep them and try again, or go on without them.',
  }),
  'moving.underway': {
    title: 'This account is being moved already.',
    safe: GOES_ON,
    next: 'Go on with that, or give it up first.',
  },
  'moving.none': {
    title: 'There is no move to go on with.',
    safe: COPY_SAFE,
    next: 'Begin one.',
  },
  'moving.busy': {
    title: 'Another tab is at it.',
    safe: GOES_ON,
    next: 'Look there, or close that tab and try again.',
  },
  'moving.same-server': {
    title: 'The account is at that server already.',
    safe: NOTHING_SENT,
    next: 'Choose another server.',
  },
  'moving.invite-needed': (fields) => ({
    title: `${text(fields, 'host', 'The new server')} did not take the invite code.`,
    safe: 'The account is where it was.',
    next: 'Give the move up, and begin again with a code that is good. Whoever runs the server gives them out.',
  }),
  'moving.handle-refused': (fields) => ({
    title: `${text(fields, 'host', 'The new server')} does not give out the handle ${text(fields, 'handle', 'that was asked for')}.`,
    safe: 'The account is where it was.',
    next: 'Choose another one: with an ending of that server, or a domain of yours that points to the account.',
  }),
  'moving.email-refused': (fields) => ({
    title: `${text(fields, 'host', 'The new server')} did not take the mail address.`,
    safe: 'The account is where it was.',
    next: 'Begin again with another address.',
  }),
  'moving.account-exists': (fields) => ({
    title: `The account is at ${text(fields, 'host', 'the new server')} already, under another password.`,
    safe: GOES_ON,
    next: 'Use the password that you gave when the move began.',
  }),
  'moving.refused': (fields) => ({
    title: `${text(fields, 'host', 'The new server')} did not go along.`,
    safe: GOES_ON,
    next: 'Try again in a while, ask whoever runs it, or move to another server.',
  }),
  'moving.session-lost': (fields) => ({
    title: `The session at ${text(fields, 'host', 'the new server')} has ended.`,
    safe: GOES_ON,
    next: 'Give the password for the new server again.',
  }),
  'moving.incomplete': (fields) => ({
    title: pick(INCOMPLETE, fields, 'what') ?? 'Not everything is at the new server.',
    safe: 'The identity was not changed: the account is where it was.',
    next: 'Try again. If it stays, that server cannot take this account.',
  }),
  'moving.identity-changed': {
    title: 'Somebody has changed the identity in the meantime.',
    safe: GOES_ON,
    next: 'Try again: what it says now is looked at anew.',
  },
  'moving.differs': {
    title: 'The account is written to faster than it can be carried over.',
    safe: 'The identity was not changed: the account is where it was.',
    next: 'Leave it alone for some minutes, also with other apps, then go on.',
  },
}

function pick(table: Readonly<Record<string, string>>, fields: Fields, name: string): string | undefined {
  const key = fields[name]
  return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined
}
