import type { Need } from '../../cairn/api.ts'
import { text, TRY_LATER, type Fields, type WordsEntry } from './shape.ts'

const host = (fields: Fields) => text(fields, 'host', 'The server')
const NOTHING = 'Nothing was changed, and copies need no sign-in.'

/** What an account's server is asked to allow, as the end of "Cairn may …". */
export const NEED_WORDS: Readonly<Record<Need, string>> = {
  write: 'write, change and delete records in its name',
  agreements: 'publish with whom you keep copies',
  preferences: 'read and restore preferences, mutes, drafts and bookmarks',
  move: 'move it to another server',
}

const needWords = (name: unknown): string | undefined =>
  typeof name === 'string' && Object.hasOwn(NEED_WORDS, name) ? NEED_WORDS[name as Need] : undefined

export const accountWords: Readonly<Record<string, WordsEntry>> = {
  'account.not-signed-in': {
    title: 'You are not signed in to this account.',
    safe: NOTHING,
    next: 'Sign in to it first.',
  },
  'account.expired': (fields) => ({
    title: `The sign-in of ${name(fields)} has ended.`,
    safe: 'What you wrote is kept here.',
    next: 'Sign in again and it goes on.',
  }),
  'account.elsewhere': (fields) => ({
    title: `The account is at ${text(fields, 'home', 'another server')} now, and this sign-in is with ${text(fields, 'host', 'the server that it left')}.`,
    safe: 'What you wrote is kept here, and nothing of it was sent to the server that was left.',
    next: 'Sign in again and it goes to the new one.',
  }),
  'account.scope': (fields) => ({
    title: `Cairn was not allowed to ${needWords(fields['need']) ?? 'do that'}.`,
    safe: NOTHING,
    next: 'Sign in once more and allow it. An app password cannot be given more: for that use the server’s own page.',
  }),
  'account.denied': (fields) => ({
    title: `You said no on the page of ${host(fields)}, or it took too long.`,
    safe: NOTHING,
    next: 'Sign in again if that is not what you meant.',
  }),
  'account.no-oauth': (fields) => ({
    title: `${host(fields)} has no page to sign in on.`,
    safe: NOTHING,
    next: 'Make an app password in the settings of your account and sign in with that.',
  }),
  'account.no-client': (fields) => ({
    title: `Servers cannot sign people in to Cairn at ${text(fields, 'app', 'this address')}.`,
    safe: NOTHING,
    next: 'Sign in with an app password. Or ask whoever runs this address to start its relay with a public https URL.',
  }),
  'account.attempt-unknown': {
    title: 'This answer belongs to no sign-in that was begun here.',
    safe: NOTHING,
    next: 'Begin again, and stay in this browser. An answer counts once, and for an hour.',
  },
  'account.wrong-account': {
    title: 'That is another account than the one that you were signing in to.',
    safe: 'Its session was given back at once. ' + NOTHING,
    next: 'Begin again and choose the right account, or sign in to the other one by its own handle.',
  },
  'account.not-its-server': (fields) => ({
    title: `${host(fields)} is not the server of the account that it answered for.`,
    safe: 'Its answer was refused. ' + NOTHING,
    next: 'If the account was moved, sign in by its handle. Otherwise do not trust this server.',
  }),
  'account.password-wrong': (fields) => ({
    title: `${host(fields)} does not take this password.`,
    safe: NOTHING,
    next: 'Check it, or make a new app password in the settings of your account.',
  }),
  'account.code-needed': (fields) => ({
    title:
      fields['again'] === true
        ? `${host(fields)} does not take this code.`
        : `${host(fields)} has sent you a code by mail.`,
    safe: NOTHING,
    next: 'Enter the newest one. An app password needs none.',
  }),
  'account.clock': (fields) => ({
    title: `${host(fields)} finds that the clock of this device is wrong.`,
    safe: NOTHING,
    next: 'Set date and time to be set by themselves, then sign in again.',
  }),
  'account.refused': (fields) => ({
    title: `${host(fields)} refused the sign-in.`,
    safe: NOTHING,
    next: `It said: ${text(fields, 'message', text(fields, 'error', 'nothing more'))}. ${TRY_LATER}`,
  }),
}

const name = (fields: Fields): string => {
  const handle = text(fields, 'handle', '')
  return handle === '' ? 'this account' : `@${handle}`
}
