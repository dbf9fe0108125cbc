import type { SignedCommit } from '../storage/importer.ts'
import type { Storage, WriteOp } from '../storage/port.ts'
import type { SnapshotRow } from '../storage/rows.ts'

/**
 * Two commits that an account's keys signed with one rev: proof that its history was rewritten, or that
 * someone else holds a key. Table `meta`, key: `evidence/DID/rev/CID of the other`.
 */
export interface Evidence {
  readonly did: string
  readonly rev: string
  /** the head that stands, and the one that was refused: blocks as received */
  readonly kept: { readonly cid: string; readonly bytes: Uint8Array }
  readonly other: { readonly cid: string; readonly bytes: Uint8Array }
  /** device time, ms */
  readonly foundAt: number
}

/** Keys of one account's evidence. */
export const evidenceRange = (did: string): { from: string; to: string } => ({
  from: `evidence/${did}/`,
  to: `evidence/${did}0`,
})

/** Pairs kept of one account: one is proof, and whoever holds the key could sign others without end. */
const MAX_PAIRS = 20

/** Keeps both commits. The same pair again changes nothing. */
export async function keepEvidence(
  storage: Storage,
  head: SnapshotRow,
  other: SignedCommit,
  now: number,
): Promise<void> {
  const { did, rev = '' } = head
  const key = `${evidenceRange(did).from}${rev}/${other.cid}`
  const known = await storage.keys('meta', evidenceRange(did))
  if (known.includes(key) || known.length >= MAX_PAIRS) return
  const value: Evidence = {
    did,
    rev,
    kept: { cid: head.commitCid, bytes: head.commit },
    other: { cid: other.cid, bytes: other.bytes.slice() },
    foundAt: now,
  }
  const op: WriteOp = { type: 'put', table: 'meta', key, value }
  await storage.write([op])
}
