import type { Storage } from '../port.ts'
import { readHead, readTake } from './read.ts'
import { dropRepoOps, headKey, type SpaceTakeRow, takeKey } from './rows.ts'
import { clearStaged } from './settle.ts'

/** What a purge took away. */
export interface Purged {
  /** a transfer in which the giver had a part */
  readonly transfer: boolean
  /** the whole repo: nobody else had given of it */
  readonly repo: boolean
}

/**
 * Takes away what one peer gave. A transfer goes when it had a part in it. The repo goes when it came from that peer
 * alone and `keepRepo` is not set; else the peer is no longer counted among those who gave it. The caller holds the
 * repo's lock alone.
 */
export async function purgeGiver(
  storage: Storage,
  repo: string,
  giver: string,
  keepRepo: boolean,
): Promise<Purged> {
  const take = await readTake(storage, repo)
  const transfer = take?.givers.includes(giver) === true
  if (transfer) await clearStaged(storage, repo)
  const head = await readHead(storage, repo)
  if (head?.givers.includes(giver) !== true) return { transfer, repo: false }
  const givers = head.givers.filter((it) => it !== giver)
  if (givers.length === 0 && !keepRepo) {
    await storage.write(dropRepoOps(repo))
    return { transfer, repo: true }
  }
  if (givers.length > 0) {
    await storage.write([
      { type: 'put', table: 'space-repos', key: headKey(repo), value: { ...head, givers } },
    ])
  }
  return { transfer, repo: false }
}

/** No peer is called so. */
const NOBODY = ''

/** A transfer that this peer began has no word to go by any more: whoever comes next begins it anew. */
export async function distrustTake(storage: Storage, repo: string, peer: string): Promise<void> {
  const take = await readTake(storage, repo)
  if (take?.from !== peer) return
  const value: SpaceTakeRow = { ...take, from: NOBODY }
  await storage.write([{ type: 'put', table: 'space-repos', key: takeKey(repo), value }])
}
