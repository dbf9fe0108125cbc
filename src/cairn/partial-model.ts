import type { SignatureState } from './model.ts'
import type { RecordItem } from './record-model.ts'

/** What Cairn's API says of partial copies. Plain data, as in `model.ts`. */

/** One collection of a repo, kept without the rest: less than a backup, and shown as such. */
export interface PartialCopy {
  readonly did: string
  readonly collection: string
  /** of the account, verified both ways when its identity was resolved; undefined where it never was */
  readonly handle: string | undefined
  readonly rev: string | undefined
  /** CID of the signed commit that proves it */
  readonly commit: string
  readonly records: number
  /** record bytes */
  readonly bytes: number
  readonly signature: SignatureState
  /** device time, ms */
  readonly takenAt: number
  /** false while it is fetched for the first time, or after that was cut off: nothing of it is read yet */
  readonly whole: boolean
}

/** Where to begin: `path`, else `after`, else `offset`; the beginning without any of them. */
export interface PartialQuery {
  readonly did: string
  readonly collection: string
  /** the path that came last: goes on after it, in the order of the tree */
  readonly after?: string
  /** records to pass over, from the end when `newestFirst` */
  readonly offset?: number
  /** with `offset`: the order of the tree turned round */
  readonly newestFirst?: boolean
  /** this record alone; an empty page where there is none */
  readonly path?: string
  readonly limit: number
}

export interface PartialPage {
  /** records of the whole partial copy */
  readonly total: number
  /** oldest first where keys tell time, unless asked for newest first; each proven as it was read */
  readonly items: readonly RecordItem[]
  /** `after` of the next page, when read by `after`; undefined at the end */
  readonly next: string | undefined
}
