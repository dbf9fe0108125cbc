import { concat } from '../core/bytes.ts'
import type { TreeEntry } from '../repo/mst/read.ts'
import { ifKept } from '../sync/kept.ts'
import type { Storage } from '../storage/port.ts'

/** Records of a first screen; a page asks for no more. */
export const FIRST_SCREEN = 50
/** Larger screens are read from their segments: a row should stay a small one, bytes. */
const MAX_BYTES = 64 * 1024
const DIGEST = 32

/** The newest records of a collection as they were shown last. Table `screens`, key: DID/collection. */
interface ScreenRow {
  /** what it shows: of another head it says nothing */
  readonly snapshot: string
  readonly total: number
  readonly keys: readonly string[]
  /** 32 bytes a record */
  readonly digests: Uint8Array
  /** length of each record in `bytes` */
  readonly lengths: Uint32Array
  readonly bytes: Uint8Array
}

export interface FirstScreen {
  readonly total: number
  readonly entries: readonly Pick<TreeEntry, 'key' | 'digest'>[]
  readonly values: readonly Uint8Array[]
}

/**
 * What a person sees first of a collection, in one row: opening a repo again then takes one read, where the
 * way from its head to its newest records takes six, each waiting for the one before.
 */
export interface FirstScreens {
  /** undefined when none is kept; it counts only while `snapshot` is the head */
  read(did: string, collection: string): Promise<(FirstScreen & { readonly snapshot: string }) | undefined>
  /** Keeps it for the next time, soon; a failure costs that next time a few reads and nothing else. */
  keep(did: string, collection: string, snapshot: string, screen: FirstScreen): void
}

export function createFirstScreens(storage: Storage): FirstScreens {
  return {
    async read(did, collection) {
      // our own row, written below
      const row = (await storage.get('screens', `${did}/${collection}`)) as ScreenRow | undefined
      if (row === undefined) return undefined
      let at = 0
      const values = Array.from(row.lengths, (length) => row.bytes.subarray(at, (at += length)))
      const entries = row.keys.map((key, i) => ({
        key,
        digest: row.digests.subarray(i * DIGEST, (i + 1) * DIGEST),
      }))
      return { snapshot: row.snapshot, total: row.total, entries, values }
    },
    keep(did, collection, snapshot, { total, entries, values }) {
      const bytes = concat(values)
      if (bytes.length > MAX_BYTES) return
      const row: ScreenRow = {
        snapshot,
        total,
        keys: entries.map((it) => it.key),
        digests: concat(entries.map((it) => it.digest)),
        lengths: Uint32Array.from(values, (it) => it.length),
        bytes,
      }
      void storage
        .write([{ type: 'put', table: 'screens', key: `${did}/${collection}`, value: row }], {
          durability: 'relaxed',
          guards: [ifKept(did)],
        })
        .catch(() => {})
    },
  }
}
