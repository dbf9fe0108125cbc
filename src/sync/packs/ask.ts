import { GENESIS_ROOT } from '../../pack/chain.ts'
import type { Storage } from '../../storage/port.ts'
import type { RepoRow, SnapshotRow } from '../../storage/rows.ts'
import { type OpenRepo, openRepo } from '../kept.ts'
import { cursorOf, NO_CURSOR } from './cursor.ts'
import type { PullAsk } from './model.ts'

/**
 * What to ask a peer for, from the head that is kept: without one, or with one whose rev has no cursor, as who
 * holds nothing, which no list answers.
 */
export async function askFor(storage: Storage, did: string): Promise<PullAsk> {
  return askOf(did, await openRepo(storage, did))
}

/** The same of a repo as it was opened. */
export function askOf(did: string, repo: OpenRepo | undefined): PullAsk {
  const { head } = repo ?? {}
  const cursor = cursorOf(head?.rev)
  if (repo === undefined || head?.rev === undefined || cursor === undefined)
    return { id: did, held: undefined, cursor: NO_CURSOR }
  const root = chainOf(repo.row, head)
  return {
    id: did,
    held: { rev: head.rev, commit: head.commitCid },
    cursor,
    ...(root === GENESIS_ROOT ? {} : { verifiedRoot: root }),
  }
}

/** Where the chain of lists stands. A head that came by any other way begins a new one. */
export function chainOf({ chain }: Pick<RepoRow, 'chain'>, head: Pick<SnapshotRow, 'commitCid'>): string {
  return chain?.commit === head.commitCid ? chain.root : GENESIS_ROOT
}
