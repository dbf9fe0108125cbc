import type { Storage, WriteOp } from '../../storage/port.ts'
import { type AgreementRow, LIMITS } from './model.ts'
import { forgettable, stateOf } from './state.ts'

/** Rows are our own, written by this code: the casts below say what the table holds. */
export const rowsOf = async (storage: Storage, peer: string): Promise<AgreementRow[]> =>
  (await storage.list('agreements', { from: `${peer}/`, to: `${peer}0` })).map(
    ({ value }) => value as AgreementRow,
  )

export const allRows = async (storage: Storage): Promise<AgreementRow[]> =>
  (await storage.list('agreements')).map(({ value }) => value as AgreementRow)

export const rowAt = async (storage: Storage, id: string): Promise<AgreementRow | undefined> =>
  (await storage.get('agreements', id)) as AgreementRow | undefined

/** Stores a row, and forgets what its peer has too much of. */
export async function putRow(
  storage: Storage,
  rows: readonly AgreementRow[],
  row: AgreementRow,
): Promise<void> {
  const others = rows.filter(({ id }) => id !== row.id)
  const ops: WriteOp[] = forgettable([...others, row]).map(({ id }) => ({
    type: 'delete',
    table: 'agreements',
    key: id,
  }))
  await storage.write([{ type: 'put', table: 'agreements', key: row.id, value: row }, ...ops])
}

/** One change at a time, over all tabs: what is read stays so until it was written. */
export const alone = <T>(storage: Storage, work: () => Promise<T>): Promise<T> =>
  storage.lock('agreements', { mode: 'exclusive' }, work)

/** Whether a peer may add a row: there is room with it, and in all. */
export async function mayAdd(
  storage: Storage,
  rows: readonly AgreementRow[],
  what: 'incoming' | 'ended' | 'ours',
): Promise<boolean> {
  if ((await storage.count('agreements')) >= LIMITS.rows) return false
  if (what === 'ended') return true
  if (rows.filter(({ ended }) => ended === undefined).length >= LIMITS.perPeer) return false
  if (what === 'ours') return true
  const waiting = (await allRows(storage)).filter((row) => stateOf(row) === 'incoming')
  return waiting.length < LIMITS.incoming
}
