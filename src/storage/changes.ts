import { hasCode } from '../core/errors.ts'
import { differencesBetween } from './change-sides.ts'
import type { Storage, WriteOp } from './port.ts'
import { changesKey, type ChangesRow, type RepoRow, repoRange, type SnapshotRow } from './rows.ts'

/**
 * Rows kept of a repo. An account that writes 50 commits a day, and of which each is backed up by itself, can be
 * caught up with over three weeks; who was away for longer has the trees compared.
 */
export const MAX_CHANGES_ROWS = 1024
/**
 * Paths in all rows of a repo: about a megabyte. A list with so many records is near the longest that is sent
 * (8 MB at the 357 bytes a record that real repos have), so more of them would serve nobody.
 */
export const MAX_CHANGES_PATHS = 20_000
/** Nodes of both trees that are read to tell what separates two snapshots: some 2,000 changes far apart. */
const MAX_NODES = 8192

/**
 * What is written when a snapshot is let go, in the transaction that deletes it: the paths that separate it from
 * the next newer kept one, and which old rows go for it. Empty where that cannot be told: the commit has no rev,
 * too much differs, or a tree cannot be read. Then whoever holds this head has the trees compared.
 */
export async function changesOps(storage: Storage, snapshot: SnapshotRow): Promise<WriteOp[]> {
  const { did, rev, id } = snapshot
  if (rev === undefined) return []
  const next = await nextKept(storage, did, id)
  if (next === undefined) return []
  const paths = await pathsBetween(storage, snapshot, next)
  if (paths === undefined || paths.length > MAX_CHANGES_PATHS) return []
  const row: ChangesRow = {
    rev,
    commit: snapshot.commitCid,
    next: { rev: next.rev, commit: next.commitCid },
    paths,
  }
  const others = (await changesRows(storage, did)).filter((it) => it.rev !== rev)
  // Of the oldest revs first, this one among them.
  const rows = [...others, row].sort((a, b) => (a.rev < b.rev ? -1 : 1))
  const kept = rows.slice(firstKept(rows))
  const gone = others.filter((it) => !kept.includes(it))
  return [
    ...(kept.includes(row)
      ? [{ type: 'put', table: 'changes', key: changesKey(did, rev), value: row } as const]
      : []),
    ...gone.map((it): WriteOp => ({ type: 'delete', table: 'changes', key: changesKey(did, it.rev) })),
  ]
}

/** All that is known of snapshots of a repo that were let go, the oldest rev first. */
export async function changesRows(storage: Storage, did: string): Promise<ChangesRow[]> {
  // Our own rows, written by this code.
  return (await storage.list('changes', repoRange(did))).map(({ value }) => value as ChangesRow)
}

/** Index of the first row that there is room for; the newest have it first. */
function firstKept(rows: readonly ChangesRow[]): number {
  let paths = 0
  for (let i = rows.length - 1; i >= 0; i--) {
    paths += rows[i]?.paths.length ?? 0
    if (paths > MAX_CHANGES_PATHS || rows.length - i > MAX_CHANGES_ROWS) return i + 1
  }
  return 0
}

async function nextKept(storage: Storage, did: string, id: string): Promise<SnapshotRow | undefined> {
  const { to } = repoRange(did)
  const [next] = await storage.list('snapshots', { from: `${did}/${id}/`, to, limit: 1 })
  // Our own rows, written by this code.
  if (next !== undefined) return next.value as SnapshotRow
  const row = (await storage.get('repos', did)) as RepoRow | undefined
  if (row?.head === undefined || row.head === id) return undefined
  return (await storage.get('snapshots', `${did}/${row.head}`)) as SnapshotRow | undefined
}

async function pathsBetween(
  storage: Storage,
  before: SnapshotRow,
  after: SnapshotRow,
): Promise<string[] | undefined> {
  try {
    return (await differencesBetween(storage, before, after, MAX_NODES))?.map(({ key }) => key)
  } catch (error) {
    // A database that is gone cannot delete either. Whatever else is wrong with a tree, it is not to be kept for it.
    if (hasCode(error, 'storage.gone')) throw error
    return undefined
  }
}
