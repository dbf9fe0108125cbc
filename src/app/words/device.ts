import { formatBytes } from '../lib/format.ts'
import { COPY_SAFE, number, type WordsEntry } from './shape.ts'

/** Storage, the engine, and the app itself. */
export const deviceWords: Readonly<Record<string, WordsEntry>> = {
  'storage.quota': (fields) => {
    const needed = number(fields, 'needed') ?? number(fields, 'bytes')
    return {
      title: 'This device has no room left for Cairn.',
      safe: COPY_SAFE,
      next:
        needed === undefined
          ? 'Free some room on the device, or delete old snapshots, then go on from where it stopped.'
          : `About ${formatBytes(needed)} more is needed. Free some room, or delete old snapshots, then go on from where it stopped.`,
    }
  },
  'storage.gone': {
    title: 'The browser has removed what Cairn had stored.',
    safe: 'Files that you exported are not affected, nor are the accounts themselves.',
    next: 'Reload, then back up again or open your exported files.',
  },
  'storage.blocked': {
    title: 'Another tab holds an older version of Cairn open.',
    safe: COPY_SAFE,
    next: 'Close the other tabs of Cairn, then reload this one.',
  },
  'storage.version-ahead': {
    title: 'This device’s data was written by a newer version of Cairn.',
    safe: 'It is untouched.',
    next: 'Reload to get the newer version.',
  },
  'storage.failed': {
    title: 'The browser could not read or write its storage.',
    safe: COPY_SAFE,
    next: 'Reload and try again. If it stays, restart the browser and check the room left on the device.',
  },
  'storage.conflict': {
    title: 'Another tab changed the same thing first.',
    safe: COPY_SAFE,
    next: 'Try again.',
  },
  'storage.exists': {
    title: 'That is already kept here.',
    safe: COPY_SAFE,
    next: 'Reload to see it.',
  },
  'storage.not-found': {
    title: 'That is no longer kept on this device.',
    safe: COPY_SAFE,
    next: 'Reload to see what is.',
  },
  'storage.segment-gone': {
    title: 'That part was being tidied away while it was read.',
    safe: COPY_SAFE,
    next: 'Try again.',
  },
  'storage.corrupt': {
    title: 'Something stored on this device is damaged.',
    safe: 'It was noticed and is not shown. Other repositories are not affected.',
    next: 'Back up again: all of it is fetched anew.',
  },
  'storage.counts-wrong': {
    title: 'A number stored beside the records is wrong.',
    safe: 'The records themselves are all here: each was read again and proven just now.',
    next: 'Counts and positions in lists may be off. Export a CAR file, remove the repository here, and open the file again.',
  },
  'remote.lost': {
    title: 'The part of Cairn that does the work has stopped.',
    safe: COPY_SAFE,
    next: 'Reload to start it again. A backup that was running goes on from where it stopped.',
  },
  'remote.unexpected': {
    title: 'Something went wrong that Cairn did not foresee.',
    safe: COPY_SAFE,
    next: 'Try again; if it stays, reload.',
  },
  'remote.no-such-method': {
    title: 'Two parts of Cairn are of different versions.',
    safe: COPY_SAFE,
    next: 'Reload to bring them together.',
  },
  'remote.not-cloneable': {
    title: 'Cairn could not hand that over to be worked on.',
    safe: 'Nothing was changed.',
    next: 'Try again; if it was a file, choose it once more.',
  },
  'save.cancelled': {
    title: 'Saving was stopped.',
    safe: COPY_SAFE,
    next: 'Export again whenever you like; a half-written file can be deleted.',
  },
  'save.too-large': {
    title: 'This browser can only save what fits in its memory, and this is larger.',
    safe: COPY_SAFE,
    next: 'Reload once, so that Cairn can stream to disk, or use another browser.',
  },
  'save.no-answer': {
    title: 'The browser did not start the download.',
    safe: COPY_SAFE,
    next: 'Reload and export again.',
  },
  'core.cancelled': {
    title: 'Stopped, as you asked.',
    safe: 'What had arrived is kept.',
    next: 'Go on whenever you like.',
  },
  'app.not-a-car': {
    title: 'That does not look like a CAR file.',
    safe: 'Nothing was changed.',
    next: 'Choose a file that ends in .car, such as one exported from Cairn or from your account’s settings.',
  },
  'app.image-unreadable': {
    title: 'The browser cannot show this image.',
    safe: 'The file itself is kept and matches its hash.',
    next: 'Download it and open it elsewhere.',
  },
  'app.not-loaded': {
    title: 'A part of the app did not load.',
    safe: COPY_SAFE,
    next: 'Check that this device is online, then reload.',
  },
  'app.unexpected': {
    title: 'Something went wrong that Cairn did not foresee.',
    safe: COPY_SAFE,
    next: 'Try again; if it stays, reload.',
  },
}
