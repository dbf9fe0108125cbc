import { hasCode } from '../../core/errors.ts'
import type { Guard, Storage, WriteOp } from '../../storage/port.ts'
import { repoRange } from '../../storage/rows.ts'
import { draftKey, type DraftRow } from './model.ts'

/** Another tab may change the same rows; each round reads them anew. */
const ROUNDS = 8

/** What waits to be written to a repo, in the order in which it is sent. */
export async function draftsOf(storage: Storage, did: string): Promise<DraftRow[]> {
  // Our own rows, written by this code.
  return (await storage.list('drafts', repoRange(did))).map(({ value }) => value as DraftRow)
}

/** The same for every account. */
export async function allDrafts(storage: Storage): Promise<DraftRow[]> {
  return (await storage.list('drafts')).map(({ value }) => value as DraftRow)
}

/** A change of an account's rows: new ones, other values for old ones (by id), ids that go, and what goes with it. */
export interface RowChange {
  readonly put?: readonly DraftRow[]
  readonly remove?: readonly string[]
  readonly ops?: readonly WriteOp[]
}

/**
 * Changes rows on the condition that none of those concerned was changed meanwhile; else `decide` is asked again with
 * the rows as they are. Undefined: nothing is to be done. Resolves when it is on disk.
 */
export async function changeRows(
  storage: Storage,
  did: string,
  now: number,
  decide: (rows: readonly DraftRow[]) => RowChange | undefined | Promise<RowChange | undefined>,
): Promise<void> {
  for (let round = 1; ; round++) {
    const rows = await draftsOf(storage, did)
    const change = await decide(rows)
    if (change === undefined) return
    const { put = [], remove = [], ops = [] } = change
    const known = new Map(rows.map((row) => [row.id, row.generation]))
    const guards = [...put.map((row) => row.id), ...remove].map((id): Guard => ({
      table: 'drafts',
      key: draftKey(did, id),
      holds: (value) => (value as DraftRow | undefined)?.generation === known.get(id),
    }))
    const puts = put.map((row): WriteOp => ({
      type: 'put',
      table: 'drafts',
      key: draftKey(did, row.id),
      value: { ...row, changedAt: now, generation: (known.get(row.id) ?? 0) + 1 } satisfies DraftRow,
    }))
    const deletes = remove.map((id): WriteOp => ({ type: 'delete', table: 'drafts', key: draftKey(did, id) }))
    try {
      await storage.write([...ops, ...puts, ...deletes], { guards })
      return
    } catch (error) {
      const raced = hasCode(error, 'storage.conflict') && error.fields['table'] === 'drafts'
      if (!raced || round === ROUNDS) throw error
    }
  }
}
