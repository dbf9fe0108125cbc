import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import type { DigestCheck } from '../../core/hash.ts'
import { NetError } from '../../net/errors.ts'
import { carHeader } from '../../repo/car/writer.ts'
import { type Commit, parseCommit } from '../../repo/commit.ts'
import { RepoError } from '../../repo/errors.ts'
import { equalBytes } from '../../core/bytes.ts'
import type { PageClient } from './client.ts'
import { readFragment } from './fragment.ts'

/** What every walk begins with: the signed commit, and the root node under it. */
export interface First {
  /** CID of the commit */
  readonly root: string
  readonly digest: Uint8Array
  readonly commit: Commit
  /** a copy of its block */
  readonly commitBytes: Uint8Array
  readonly rootNode: Uint8Array
  /** a CAR of both */
  readonly car: readonly Uint8Array[]
}

/**
 * Asks for the beginning of a walk: under this root, or of the peer's head.
 *
 * @throws NetError; RepoError when the blocks are not what they have to be. Whose commit it is is not checked.
 */
export async function askFirst(
  client: PageClient,
  did: string,
  root: string | undefined,
  digests: DigestCheck,
): Promise<First> {
  const answer = await client.blocks({ did, root, wants: [] })
  const [first, second, ...more] = readFragment(answer.bytes, digests)
  if (first === undefined || second === undefined || more.length > 0)
    throw new NetError('net.malformed', { peer: client.peer, reason: 'first-blocks' })
  const cid = cidString(CODEC_DAG_CBOR, first.digest)
  if (cid !== answer.root || (root !== undefined && cid !== root))
    throw new RepoError('repo.no-root', { reason: 'another commit', cid })
  const commit = parseCommit(first.bytes)
  if (commit.did !== did) throw new RepoError('repo.did-mismatch', { expected: did, found: commit.did })
  if (!equalBytes(second.digest, commit.data))
    throw new RepoError('repo.node-missing', { cid: cidString(CODEC_DAG_CBOR, commit.data) })
  return {
    root: cid,
    digest: first.digest,
    commit,
    commitBytes: first.bytes.slice(),
    rootNode: second.bytes,
    car: [carHeader([first.digest]), answer.bytes],
  }
}
