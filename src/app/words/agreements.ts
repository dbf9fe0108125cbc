import { COPY_SAFE, number, type WordsEntry } from './shape.ts'

const INVALID: Readonly<Record<string, string>> = {
  peer: 'Choose a device of somebody else.',
  repo: 'Choose a repository that has a DID, and two different ones when both sides keep one.',
  terms: 'The number of copies, the time between two looks, or the priority is out of range.',
}

/** What a person asks of agreements to keep copies for each other. */
export const agreementWords: Readonly<Record<string, WordsEntry>> = {
  'agreement.not-found': {
    title: 'This agreement is no longer there.',
    safe: COPY_SAFE,
    next: 'Reload to see those that are. A new one can be offered at any time.',
  },
  'agreement.ended': {
    title: 'This agreement is over.',
    safe: COPY_SAFE,
    next: 'Offer a new one to go on.',
  },
  'agreement.not-yours': {
    title: 'That is your own offer, for the other side to accept.',
    safe: COPY_SAFE,
    next: 'Wait for their answer, or take the offer back.',
  },
  'agreement.invalid': (fields) => ({
    title: 'That cannot be offered.',
    safe: 'Nothing was changed.',
    next:
      (typeof fields['reason'] === 'string' && Object.hasOwn(INVALID, fields['reason'])
        ? INVALID[fields['reason']]
        : undefined) ?? 'Check what you chose, then offer it again.',
  }),
  'agreement.unread': {
    title: 'What this account has published could not be read.',
    safe: COPY_SAFE,
    next: 'Its server may be out of reach. What waits is written by itself when it answers.',
  },
  'agreement.limit': (fields) => {
    const limit = number(fields, 'limit')
    return {
      title: 'There are too many agreements with this device.',
      safe: COPY_SAFE,
      next: `${limit === undefined ? '' : `At most ${limit} can stand. `}End one that you no longer need, then try again.`,
    }
  },
}
