import type { HeadValues } from '../../sync/writing/head-values.ts'
import type { DraftRow } from '../../sync/writing/model.ts'
import { waitsFor } from '../../sync/writing/queue.ts'
import { uriOf } from '../../sync/writing/references.ts'
import type { Draft } from '../writing-model.ts'

/** A row as screens see it; `head` is read for the other side of a conflict only. */
export async function showDraft(
  row: DraftRow,
  rows: readonly DraftRow[],
  head: HeadValues | undefined,
): Promise<Draft> {
  const slash = row.path.indexOf('/')
  const before = waitsFor(rows, row)
  const theirs =
    row.state === 'conflict' && head !== undefined
      ? { cid: await head.cid(row.path), value: await head.value(row.path) }
      : undefined
  return {
    id: row.id,
    did: row.did,
    path: row.path,
    collection: row.path.slice(0, slash),
    rkey: row.path.slice(slash + 1),
    uri: uriOf(row),
    action: row.value === undefined ? 'delete' : row.base === undefined ? 'create' : 'update',
    value: row.value,
    cid: row.cid,
    status: before === undefined ? row.state : 'blocked',
    reason: row.reason,
    theirs,
    waitsFor: before?.path,
    mentions: row.mentions,
    madeAt: row.madeAt,
    changedAt: row.changedAt,
  }
}
