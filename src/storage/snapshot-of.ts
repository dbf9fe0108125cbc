import type { SignedCommit, SnapshotFacts } from './import-session.ts'
import type { SnapshotRow } from './rows.ts'

/** The row of a snapshot that an import has proven: what is known of it, and what its commit says. */
export function snapshotOf(
  input: Pick<SnapshotRow, 'id' | 'did' | 'root' | 'collections' | 'source'> & {
    readonly commit: SignedCommit
    readonly facts: Pick<SnapshotFacts, 'signature' | 'signedBy' | 'identity' | 'now'>
    readonly importId: string
  },
): SnapshotRow {
  const { id, did, root, collections, source, commit, facts, importId } = input
  const { version, rev, data } = commit.commit
  return {
    ...{ id, did, version, rev, root, collections, source },
    commit: commit.bytes,
    commitCid: commit.cid,
    data: data.slice(),
    signature: facts.signature,
    signedBy: facts.signedBy,
    identity: facts.identity,
    takenAt: facts.now,
    verifiedAt: facts.now,
    import: importId,
    settled: false,
  }
}
