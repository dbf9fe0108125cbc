import { accountWords } from './words/accounts.ts'
import { agreementWords } from './words/agreements.ts'
import { deviceWords } from './words/device.ts'
import { movingWords } from './words/moving.ts'
import { netWords } from './words/net.ts'
import { pdsWords } from './words/pds.ts'
import { repoWords } from './words/repo.ts'
import { spaceSyncWords } from './words/space-sync.ts'
import { spaceGeneral, spaceWords } from './words/spaces.ts'
import { storeWords } from './words/store.ts'
import { syncWords } from './words/sync.ts'
import { writingWords } from './words/writing.ts'
import { COPY_SAFE, type Fields, type Words, type WordsEntry } from './words/shape.ts'

const entries: Readonly<Record<string, WordsEntry>> = {
  ...repoWords,
  ...pdsWords,
  ...syncWords,
  ...movingWords,
  ...netWords,
  ...storeWords,
  ...agreementWords,
  ...deviceWords,
  ...accountWords,
  ...writingWords,
  ...spaceWords,
  ...spaceSyncWords,
}

/** For a code without sentences of its own: still says what is safe and what to do. */
const GENERAL: Readonly<Record<string, Words>> = {
  repo: {
    title: 'This copy does not hold together, so it was refused.',
    safe: COPY_SAFE,
    next: 'Try another server or another file.',
  },
  storage: {
    title: 'The browser’s storage refused.',
    safe: COPY_SAFE,
    next: 'Reload and try again.',
  },
  pds: {
    title: 'The account’s server could not help with that.',
    safe: COPY_SAFE,
    next: 'Try again in a while.',
  },
  pack: {
    title: 'That device sent a list of changes that cannot be read.',
    safe: 'It was thrown away. ' + COPY_SAFE,
    next: 'The copies are compared instead, and other copies are asked.',
  },
  net: {
    title: 'The network could not do that.',
    safe: 'Everything on this device works without it.',
    next: 'Try again in a while.',
  },
  spaces: spaceGeneral,
  space: spaceGeneral,
  'space-sync': spaceGeneral,
  members: spaceGeneral,
  content: spaceGeneral,
  text: spaceGeneral,
  keys: spaceGeneral,
  presence: spaceGeneral,
}

const UNKNOWN: Words = {
  title: 'Something went wrong that Cairn did not foresee.',
  safe: COPY_SAFE,
  next: 'Try again; if it stays, reload.',
}

/** The sentences for an error code. Never the exception's own text. */
export function wordsFor(code: string, fields: Fields = {}): Words {
  const entry = own(entries, code)
  if (typeof entry === 'function') return entry(fields)
  return entry ?? own(GENERAL, code.split('.')[0] ?? '') ?? UNKNOWN
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** True when `code` has sentences of its own. */
export function hasWords(code: string): boolean {
  return Object.hasOwn(entries, code)
}
