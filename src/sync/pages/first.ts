import type { DigestCheck } from '../../core/hash.ts'
import { NetError } from '../../net/errors.ts'
import { carHeader } from '../../repo/car/writer.ts'
import { type Commit, parseCommit } from '../../repo/commit.ts'
import { RepoError } from '../../repo/errors.ts'
import { askedBlocks } from './asked-blocks.ts'
import { digestOfCid } from './cids.ts'
import type { PageClient } from './client.ts'

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
  const answer = await client.blocks({ did, root, wants: [], bare: true })
  const cid = answer.root
  if (root !== undefined && cid !== root)
    throw new RepoError('repo.no-root', { reason: 'another commit', cid })
  const digest = digestOfCid(cid)
  const blocks = askedBlocks(answer.bytes, answer.bare, digests)
  const commitBytes = blocks.next(digest, 'repo.no-root')
  if (commitBytes === undefined) throw malformed(client)
  blocks.check(digests)
  const commit = parseCommit(commitBytes)
  if (commit.did !== did) throw new RepoError('repo.did-mismatch', { expected: did, found: commit.did })
  const rootNode = blocks.next(commit.data, 'repo.node-missing')
  if (rootNode === undefined || blocks.left > 0) throw malformed(client)
  blocks.check(digests)
  return {
    root: cid,
    digest,
    commit,
    commitBytes: commitBytes.slice(),
    rootNode,
    car: [carHeader([digest]), blocks.fragment],
  }
}

const malformed = (client: PageClient): NetError =>
  new NetError('net.malformed', { peer: client.peer, reason: 'first-blocks' })
