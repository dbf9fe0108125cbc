import type { Storage, WriteOp } from '../port.ts'
import { listRows, readHead, readRows, readTake } from './read.ts'
import { dropValue, headKey, type SpaceHeadRow, stagedKey, stagedOptions, takeKey } from './rows.ts'
import { type Move, moveOps } from './order.ts'
import { forgetting, laterRev } from './next-head.ts'
import { live } from './tally.ts'

const BATCH = 512

/**
 * Moves what was staged to its place, when the head has moved to it: some at a time, and on from where a crash cut
 * it off. Gives the head as it is then. The caller holds the repo's lock alone.
 */
export async function settleSpace(storage: Storage, repo: string): Promise<SpaceHeadRow | undefined> {
  const head = await readHead(storage, repo)
  if (head === undefined || !head.merge) return head
  for (;;) {
    const staged = await listRows(storage, `%${repo}`, null, null, BATCH)
    const kept = await readRows(
      storage,
      repo,
      staged.map(({ path }) => path),
    )
    const moves = staged.flatMap(({ path, row }, index): Move[] => {
      const from = kept[index]
      const isNothing = from === undefined && !('cid' in row)
      return isNothing ? [] : [{ path, from, to: { ...row, since: head.rev } }]
    })
    const ops = await moveOps(storage, repo, moves)
    for (const { path } of staged)
      ops.push({ type: 'delete', table: 'space-records', key: stagedKey(repo, path) })
    const isDone = staged.length < BATCH
    if (isDone) {
      ops.push({ type: 'put', table: 'space-repos', key: headKey(repo), value: { ...head, merge: false } })
    }
    await storage.write(ops, stagedOptions(ops))
    if (isDone) break
  }
  const settled: SpaceHeadRow = { ...head, merge: false }
  const { ops, upTo } = await forgetting(storage, repo, settled)
  if (ops.length === 0) return settled
  const value: SpaceHeadRow = { ...settled, whole: laterRev(head.whole ?? head.rev, upTo) }
  const all: WriteOp[] = [...ops, { type: 'put', table: 'space-repos', key: headKey(repo), value }]
  await storage.write(all, stagedOptions(all))
  return value
}

/** Gives up a transfer: what is staged, its bytes, and how far it was. Not when the head has moved to it. */
export async function clearStaged(storage: Storage, repo: string): Promise<void> {
  // The row first: what is staged in part must not be gone on with.
  if ((await readTake(storage, repo)) !== undefined) {
    await storage.write([{ type: 'delete', table: 'space-repos', key: takeKey(repo) }])
  }
  await sweepStaged(storage, repo)
}

/** Whether anything is staged. */
export const isStaged = async (storage: Storage, repo: string): Promise<boolean> =>
  (await listRows(storage, `%${repo}`, null, null, 1)).length > 0

/** Deletes what is staged and belongs to no transfer any more. */
export async function sweepStaged(storage: Storage, repo: string): Promise<void> {
  for (;;) {
    const staged = await listRows(storage, `%${repo}`, null, null, BATCH)
    if (staged.length === 0) return
    const kept = await readRows(
      storage,
      repo,
      staged.map(({ path }) => path),
    )
    const ops: WriteOp[] = []
    for (const [index, { path, row }] of staged.entries()) {
      const record = live(row)
      ops.push({ type: 'delete', table: 'space-records', key: stagedKey(repo, path) })
      if (record !== undefined && record.cid !== live(kept[index])?.cid)
        ops.push(...dropValue(repo, path, record))
    }
    await storage.write(ops, stagedOptions(ops))
  }
}
