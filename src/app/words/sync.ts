import { COPY_SAFE, type WordsEntry } from './shape.ts'

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
  'cairn.unexpected': {
    title: 'Something went wrong that Cairn did not foresee.',
    safe: COPY_SAFE,
    next: 'Try again; if it stays, reload.',
  },
}
