import type { SignatureState, SnapshotSummary } from '../../cairn/api.ts'

/** Short, for a table. */
export const SIGNATURE_WORDS: Readonly<Record<SignatureState, string>> = {
  'current-key': 'valid, current key',
  'past-key': 'valid, earlier key',
  unchecked: 'not checked',
}

/** What it means, in a sentence. */
export const SIGNATURE_SENTENCE: Readonly<Record<SignatureState, string>> = {
  'current-key': 'Signed by the key that the account uses now.',
  'past-key':
    'Signed by a key that the account used before. That is usual right after a move to another server.',
  unchecked:
    'No key was at hand when the file was opened, so its author is not proven. Back up once with a network to check it.',
}

export const SOURCE_WORDS: Readonly<Record<SnapshotSummary['source'], string>> = {
  pds: 'from its server',
  file: 'from a file',
  peer: 'from a peer',
}
