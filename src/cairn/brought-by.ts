import { hasCode } from '../core/errors.ts'
import type { BackupResult } from '../sync/backup.ts'
import type { History } from './history.ts'
import type { JobResult } from './jobs.ts'

/** What a backup brought, in numbers. */
export async function broughtBy(
  history: Pick<History, 'changes'>,
  { did, snapshot, before }: BackupResult,
): Promise<JobResult> {
  if (snapshot === undefined) return { did, changed: false, added: 0, updated: 0, deleted: 0 }
  if (before === undefined)
    return { did, changed: true, added: snapshot.root.records, updated: 0, deleted: 0 }
  try {
    const set = await history.changes(did, before.id, snapshot.id, { offset: 0, limit: 0 })
    return { did, changed: true, added: set.added, updated: set.changed, deleted: set.deleted }
  } catch (error) {
    if (hasCode(error, 'storage.gone')) throw error
    // The one before may be let go in another tab, or be damaged: no reason to call failed what is kept.
    const more = snapshot.root.records - before.root.records
    return { did, changed: true, added: Math.max(0, more), updated: 0, deleted: Math.max(0, -more) }
  }
}
