import { SpaceError } from '../../repo/space/errors.ts'
import type { ApplyOptions } from './apply.ts'
import type { SpaceHost } from './host.ts'
import { checkHash, headGuard, headOps, isAhead, oldestHeld, proveCommit } from './next-head.ts'
import { readHead } from './read.ts'
import { takeKey } from './rows.ts'
import { clearStaged, settleSpace } from './settle.ts'
import { addGiver, stageList, takeOver } from './staging.ts'

/**
 * Ends a transfer in pages with the list of what changed since it began: when the records that are then here are
 * those that were signed, the head moves in one write, and what is staged follows. False when the head is that
 * commit already. The caller holds the repo's lock alone.
 *
 * Throws what `applyCommit` throws; nothing has changed then, and what is staged is still there. `space.busy` when
 * there is no transfer that could end.
 */
export async function finishTake(host: SpaceHost, repo: string, options: ApplyOptions): Promise<boolean> {
  const { storage } = host
  const proven = await proveCommit(host, repo, options.commit)
  const take = await takeOver(host, repo)
  if (take?.mode !== 'list' || take.wants.length > 0) throw new SpaceError('space.busy', { repo })
  const head = await readHead(storage, repo)
  if (!(await isAhead(storage, repo, head, proven))) {
    await clearStaged(storage, repo)
    return false
  }
  const { ops, tally } = await stageList(host, repo, take, options.changes)
  checkHash(host, repo, tally, proven)
  ops.push(
    { type: 'delete', table: 'space-repos', key: takeKey(repo) },
    ...headOps(repo, {
      head,
      tally,
      proven,
      chain: options.chain,
      givers: addGiver(take.givers, options.from),
      merge: true,
      // Deletes are forgotten once what is staged is in its place.
      forgotten: { oldest: await oldestHeld(storage, repo) },
    }),
  )
  await storage.write(ops, { guards: [headGuard(repo, head)] })
  await settleSpace(storage, repo)
  return true
}
