import type { WordsEntry } from './shape.ts'

const NOTHING = 'Nothing was changed.'

/** Why an exported space cannot be imported. */
export const spaceImportWords: Readonly<Record<string, WordsEntry>> = {
  'spaces.import-not-space': {
    title: 'That is no export of a space.',
    safe: NOTHING,
    next: 'Choose a file that was exported from a space in Cairn, as it was saved.',
  },
  'spaces.import-version': {
    title: 'A newer version of Cairn made this export.',
    safe: NOTHING,
    next: 'Reload to take the new version, then try again.',
  },
  'spaces.import-passphrase': (fields) => ({
    title:
      fields['reason'] === 'missing'
        ? 'This export is sealed with a passphrase.'
        : 'The passphrase does not open this export.',
    safe: NOTHING,
    next: 'Enter the passphrase that it was sealed with. Capitals and spaces count.',
  }),
  'spaces.import-damaged': {
    title: 'This export was damaged, or is not whole.',
    safe: NOTHING,
    next: 'Copy or download it once more, or take another export of the space.',
  },
  'spaces.import-too-large': {
    title: 'This export unpacks to more than its size allows for.',
    safe: NOTHING,
    next: 'Choose the file as Cairn saved it, not one that was packed anew.',
  },
}
