import { parseTid } from '../core/tid.ts'
import type { KeyPeriod } from './plc/keys.ts'

/** The part of an identity that this decides on. */
export interface KeyHistory {
  /** oldest first */
  readonly keys: readonly KeyPeriod[]
  readonly currentKey: string | undefined
}

/** A commit whose signature has been found valid under `didKey`. */
export interface SignedCommit {
  readonly didKey: string
  /** the signed rev, a TID */
  readonly rev: string
  /** it came, just now, from the PDS that the account's identity names now */
  readonly fetchedFromCurrentPds: boolean
  /** the key of the newest commit accepted before, if any */
  readonly newestAccepted?: { readonly didKey: string } | undefined
}

export type KeyDecision =
  | { readonly ok: true; readonly by: 'current-key' | 'past-key' }
  | {
      readonly ok: false
      readonly reason:
        /** the account never had this key */
        | 'unknown-key'
        /** made with a key after that key was replaced, and not vouched for by the current PDS */
        | 'past-key-after-rotation'
        /** a commit by a newer key is kept already */
        | 'older-than-kept'
    }

/**
 * Whose signature counts: whether a commit may become a head. The current key always may. A past key
 * may when the commit was fetched from the account's current PDS (after a migration it serves the old
 * head until the next write), or when its rev is older than the moment the key was replaced. A commit
 * by an older key never replaces one by a newer key, so a former PDS cannot move heads. Whether the
 * rev itself may follow the kept one is decided elsewhere.
 *
 * A key that an account left and took up again counts as of its last stretch.
 */
export function acceptableKey(history: KeyHistory, commit: SignedCommit): KeyDecision {
  if (commit.didKey === history.currentKey) return { ok: true, by: 'current-key' }
  const rank = lastUse(history, commit.didKey)
  if (rank < 0) return { ok: false, reason: 'unknown-key' }
  if (commit.newestAccepted !== undefined && lastUse(history, commit.newestAccepted.didKey) > rank) {
    return { ok: false, reason: 'older-than-kept' }
  }
  if (commit.fetchedFromCurrentPds || isBefore(commit.rev, history.keys[rank]?.until)) {
    return { ok: true, by: 'past-key' }
  }
  return { ok: false, reason: 'past-key-after-rotation' }
}

function lastUse(history: KeyHistory, didKey: string): number {
  return history.keys.findLastIndex((period) => period.didKey === didKey)
}

/** A rev counts microseconds, a rotation milliseconds; a rev that is no TID is before nothing. */
function isBefore(rev: string, until: number | undefined): boolean {
  const tid = parseTid(rev)
  return tid !== undefined && until !== undefined && tid.micros < until * 1000
}
