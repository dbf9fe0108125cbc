import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import { parseCommit } from '../repo/commit.ts'
import type { SignedCommit } from './import-session.ts'

/**
 * A commit's block as what it says.
 *
 * @param digest SHA-256 of the bytes
 * @throws RepoError for what is no commit
 */
export function signedCommit(digest: Uint8Array, bytes: Uint8Array): SignedCommit {
  return { commit: parseCommit(bytes), bytes, cid: cidString(CODEC_DAG_CBOR, digest), digest }
}
