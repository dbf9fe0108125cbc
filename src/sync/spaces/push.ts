import { PackWireError } from '../packs/wire-errors.ts'
import type { HeadWord } from '../digests/digest.ts'
import type { PackClient } from '../packs/client.ts'
import { cursorOf } from '../packs/cursor.ts'
import type { PackSource } from '../packs/model.ts'
import { makePush } from '../packs/push.ts'
import type { SpaceStore } from '../../storage/space/store.ts'

/** A head that the other side took. */
export interface Pushed {
  readonly repo: string
  readonly rev: string
  readonly commit: string
}

/**
 * Hands one repo's head to a store as what changed since the head that it has. Undefined when that cannot be listed, is
 * more than one push may hold, or is not taken so: then the store is to fetch.
 *
 * @throws as `PackClient.push`; StorageError
 */
export async function pushRepo(input: {
  readonly store: SpaceStore
  /** where lists of what is kept are made, for anyone */
  readonly source: PackSource
  readonly client: PackClient
  readonly clientId: string
  readonly repo: string
  readonly has: HeadWord
}): Promise<Pushed | undefined> {
  const { store, source, client, clientId, repo, has } = input
  const head = await store.head(repo)
  const cursor = cursorOf(has.rev)
  if (head === undefined || cursor === undefined) return undefined
  const { rev, cid: commit } = head
  if (commit === has.commit) return { repo, rev, commit }
  const list = await source.pull(
    { id: repo, held: { rev: has.rev, commit: has.commit }, cursor },
    { caller: { peer: client.peer }, room: Number.POSITIVE_INFINITY, alone: true },
  )
  const [changes] = list?.commits ?? []
  if (changes === undefined) return undefined
  const push = makePush({
    ...{ clientId, id: repo, base: has, changes: changes.changes },
    head: { rev, commit },
  })
  if (push === undefined) return undefined
  try {
    const { ok } = await client.push(push)
    return ok ? { repo, rev, commit } : undefined
  } catch (error) {
    if (error instanceof PackWireError) return undefined
    throw error
  }
}
