import { isDid, isTid } from '../../core/syntax.ts'
import type { Storage } from '../../storage/port.ts'
import { type RepoRow, snapshotKey, type SnapshotRow } from '../../storage/rows.ts'
import { headOf } from '../kept.ts'
import { type PartialRow, partialRows } from '../pages/partial-rows.ts'
import { partialHead } from '../pages/serve-partial.ts'
import type { HeadWord } from './digest.ts'
import { MAX_COLLECTIONS } from './protocol.ts'

/** The heads of these repos, in the same order; undefined where none is kept. */
export type HeadsOf = (ids: readonly string[]) => Promise<(HeadWord | undefined)[]>

/** Rows read at once: a repo's row has up to some KB of tree nodes beside what is wanted. */
const AT_ONCE = 200

/**
 * The heads of public repos that are kept, whole or in part: only rows of what is asked for are read, two lists for
 * some hundreds. One whose head moves meanwhile is told as it was or as it is.
 */
export const keptHeads =
  (storage: Storage): HeadsOf =>
  async (ids) => {
    const out: (HeadWord | undefined)[] = []
    for (let i = 0; i < ids.length; i += AT_ONCE)
      out.push(...(await headsOfSome(storage, ids.slice(i, i + AT_ONCE))))
    return out
  }

async function headsOfSome(storage: Storage, ids: readonly string[]): Promise<(HeadWord | undefined)[]> {
  // Rows are our own, written by this code: the casts say what the tables hold.
  const repos = (await storage.getMany('repos', ids)) as (RepoRow | undefined)[]
  const wanted = new Map(repos.flatMap((row) => (row?.head === undefined ? [] : [[row.did, row.head]])))
  const keys = [...wanted].map(([did, head]) => snapshotKey(did, head))
  const rows = (await storage.getMany('snapshots', keys)) as (SnapshotRow | undefined)[]
  const heads = new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.did, row]])))
  return Promise.all(
    ids.map(async (id) => {
      // A head that moved between the two reads, and whose old snapshot is gone, is looked up anew.
      const head = heads.get(id) ?? (wanted.has(id) ? await headOf(storage, id) : undefined)
      if (head !== undefined) return wordOf(id, head)
      const part = isDid(id) ? partialHead(await partialRows(storage, id), MAX_COLLECTIONS) : undefined
      return part === undefined ? undefined : wordOf(id, part, part.told)
    }),
  )
}

/** None for a head without a rev: nobody can say what is newer. */
function wordOf(
  id: string,
  { rev, commitCid }: Pick<PartialRow, 'rev' | 'commitCid'>,
  collections?: readonly PartialRow[],
): HeadWord | undefined {
  if (rev === undefined || !isTid(rev)) return undefined
  const told = collections?.flatMap((it) =>
    it.rev !== undefined && isTid(it.rev) ? [{ nsid: it.collection, rev: it.rev }] : [],
  )
  return { id, rev, commit: commitCid, ...(told === undefined ? {} : { collections: told }) }
}
