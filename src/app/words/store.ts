import { formatBytes } from '../lib/format.ts'
import { COPY_SAFE, number, type WordsEntry } from './shape.ts'

/** What the store of a relay says when it is asked to keep a copy. */
export const storeWords: Readonly<Record<string, WordsEntry>> = {
  'store.not-admitted': (fields) =>
    fields['tokenGiven'] === true
      ? {
          title: 'The store does not take this token.',
          safe: COPY_SAFE,
          next: 'Check that all of it was copied and nothing else. It may also have been withdrawn: ask who runs the relay.',
        }
      : fields['why'] === 'not-listed'
        ? {
            title: 'This store keeps copies only for those on its list.',
            safe: COPY_SAFE,
            next: 'Ask who runs the relay to put this device on it (its id is on the Network screen), or use the store of another one.',
          }
        : {
            title: 'This store keeps copies only for those it knows.',
            safe: COPY_SAFE,
            next: 'If who runs the relay gave you a token, enter it where you ask the store. Otherwise ask them to let you in, or use the store of another one.',
          },
  'store.full': {
    title: 'This store has no room left.',
    safe: COPY_SAFE,
    next: 'Ask who runs the relay for more room, or use the store of another one.',
  },
  'store.quota': (fields) => {
    const limit = number(fields, 'limit')
    return {
      title: 'You have used what this store keeps for one person.',
      safe: COPY_SAFE,
      next: `${limit === undefined ? 'There is a limit for each.' : `It is ${formatBytes(limit)} for each.`} Ask who runs the relay for more, or use the store of another one.`,
    }
  },
  'store.limit': {
    title: 'This store has as much as it can look after.',
    safe: COPY_SAFE,
    next: 'Try again in a while, or use the store of another relay.',
  },
  'store.unproven': {
    title: 'The store could not prove whose repository this is.',
    safe: COPY_SAFE,
    next: 'It keeps nothing that is unproven. Back it up once more from its server, so that its keys are at hand, then ask again.',
  },
  'store.not-kept': {
    title: 'The store does not keep this repository.',
    safe: COPY_SAFE,
    next: 'Ask it to keep a copy first.',
  },
}
