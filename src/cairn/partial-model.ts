import type { SignatureState } from './model.ts'
import type { RecordItem } from './record-model.ts'

/** What Cairn's API says of partial copies. Plain data, as in `model.ts`. */

/** One collection of a repo, kept without the rest: less than a backup, and shown as such. */
export interface PartialCopy {
  readonly did: string
  readonly collection: string
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

export interface PartialQuery {
  readonly did: string
  readonly collection: string
  /** the path that came last; the beginning without it */
  readonly after?: string
  readonly limit: number
}

export interface PartialPage {
  /** in the order of the tree, oldest first where keys tell time; each proven as it was read */
  readonly items: readonly RecordItem[]
  /** `after` of the next page; undefined at the end */
  readonly next: string | undefined
}
