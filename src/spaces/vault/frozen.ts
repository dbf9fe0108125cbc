import { formatSpaceRepo, parseSpaceRepo } from '../../repo/space/uri.ts'
import type { SpaceHeadRow } from '../../storage/space/rows.ts'
import type { VaultParts } from './parts.ts'
import { claimOf } from './repos.ts'

const HEADS = 256

type Parts = Pick<VaultParts, 'space' | 'log' | 'store' | 'repos' | 'effects' | 'host'>

/**
 * Brings the repos that are kept in step with what the members' operations say by now. One whose head no longer counts
 * is dropped: it is taken anew, at the head that stays, from whoever has that. What a device of this profile wrote
 * itself is moved aside instead, so that nothing unsent is lost, and only when it has a role: one that is out has it
 * from nobody, and keeps what it wrote. One that counts again is read.
 */
export async function settleFrozen(parts: Parts): Promise<void> {
  const { space, store, repos } = parts
  const own = new Set((await parts.host.keys.devices(space)).map(({ id }) => id))
  let after: string | undefined
  do {
    const range = after === undefined ? { limit: HEADS } : { limit: HEADS, after }
    const heads = await store.heads(`${space}/`, range)
    for (const { repo, head } of heads) {
      const device = parseSpaceRepo(repo)?.author
      if (device !== undefined) await settle(parts, device, head, own.has(device))
    }
    after = heads.length < HEADS ? undefined : heads.at(-1)?.repo
  } while (after !== undefined)
  for (const device of [...repos.books().keys()]) await repos.catchUp(device)
}

async function settle(parts: Parts, device: string, head: SpaceHeadRow, isOwn: boolean): Promise<void> {
  const { space, log, store, repos, effects } = parts
  if (repos.shows(claimOf(head))) {
    if (!repos.books().has(device)) await repos.catchUp(device)
    return
  }
  const verdict = log.members.judge(claimOf(head))
  repos.close(device)
  // Its operations are asked for; what is kept was judged when they were here.
  if (verdict.is === 'unknown') return
  const repo = formatSpaceRepo({ space, author: device })
  const isGone = isOwn ? await store.aside.set(repo, head.cid) : await store.drop(repo, head.cid)
  if (!isGone) return
  effects.ignored({
    code: isOwn ? 'spaces.set-aside' : 'spaces.frozen',
    device,
    fields: { rev: head.rev, commit: head.cid, stays: 'head' in verdict ? verdict.head : undefined },
  })
}
