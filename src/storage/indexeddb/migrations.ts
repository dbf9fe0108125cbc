import type { IDBPDatabase, IDBPTransaction } from 'idb'
import { BYTES } from './stores.ts'

/**
 * One step of the schema. Runs inside the upgrade transaction, where nothing but IndexedDB requests
 * may be awaited; a throw or rejection aborts the whole upgrade and leaves the old version as it was.
 */
export type Migration = (
  db: IDBPDatabase,
  tx: IDBPTransaction<unknown, string[], 'versionchange'>,
) => void | Promise<void>

/** The tables of schema version 1, written out: a later change of `TABLES` must not rewrite history. */
const VERSION_1_TABLES = [
  'meta',
  'repos',
  'snapshots',
  'identities',
  'segments',
  'imports',
  'blobs',
  'search',
  'activity',
  'settings',
]

/** What version 2 added: the network, and first screens. */
const VERSION_2_TABLES = ['network', 'peers', 'copies', 'agreements', 'screens']

/** What version 3 added: what changed since older heads, space repos, and answers to pushes. */
const VERSION_3_TABLES = ['changes', 'space-repos', 'space-records', 'pushes']

/** What version 4 added: group spaces, and accounts with what waits to be written. */
const VERSION_4_TABLES = ['spaces', 'space-log', 'space-keys', 'space-files', 'accounts', 'drafts']

/**
 * Schema steps in order; the step at index n leads from version n to version n + 1. A released step
 * is never edited: a table that is added to `TABLES` comes with a new step here.
 */
export const migrations: readonly Migration[] = [
  (db) => {
    for (const table of VERSION_1_TABLES) db.createObjectStore(table)
    db.createObjectStore(BYTES)
  },
  (db) => {
    for (const table of VERSION_2_TABLES) db.createObjectStore(table)
  },
  (db) => {
    for (const table of VERSION_3_TABLES) db.createObjectStore(table)
  },
  (db) => {
    for (const table of VERSION_4_TABLES) db.createObjectStore(table)
  },
  // Small records of space repos lie in their rows. What is here stays as it is and is read as before, but an earlier
  // version of the app, still open in another tab, would look for their bytes beside them.
  () => {},
]
