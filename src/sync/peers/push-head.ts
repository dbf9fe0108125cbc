import type { PushedCommit } from '../../pack/model.ts'
import { headOf } from '../kept.ts'
import type { Host } from '../host.ts'
import type { HeadName, PackSource } from '../packs/model.ts'
import { cursorOf } from '../packs/cursor.ts'
import { makePush } from '../packs/push.ts'
import type { Candidate } from './choose.ts'
import type { PackDesks } from './pack-desks.ts'

/**
 * Hands the kept head of a repo to a store as what changed since the head that it has. Undefined when that cannot
 * be listed, or is more than one push may hold: the store then has to fetch.
 *
 * @param input.source where lists of what is kept are made
 * @throws as `PackDesks.push`; StorageError
 */
export async function pushHead(
  { storage }: Pick<Host, 'storage'>,
  input: {
    readonly did: string
    readonly store: Candidate
    readonly has: HeadName
    readonly clientId: string
    readonly source: PackSource
    readonly packs: PackDesks
    readonly signal: AbortSignal
  },
): Promise<PushedCommit | undefined> {
  const { did, store, has, clientId, source, packs, signal } = input
  const head = await headOf(storage, did)
  const cursor = cursorOf(has.rev)
  if (head?.rev === undefined || cursor === undefined || has.rev >= head.rev) return undefined
  const caller = { peer: store.peer }
  const list = await source.pull(
    { id: did, held: has, cursor },
    { caller, room: Number.POSITIVE_INFINITY, alone: true },
  )
  const [commit] = list?.commits ?? []
  if (commit === undefined) return undefined
  const push = makePush({
    ...{ clientId, id: did, base: has, changes: commit.changes },
    head: { rev: head.rev, commit: head.commitCid },
  })
  return push && packs.push(store, push, signal)
}
