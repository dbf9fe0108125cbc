import type { Storage } from '../../storage/port.ts'
import type { AgreementRow, OnChange } from './model.ts'
import { allRows, alone, putRow, rowAt, rowsOf } from './rows.ts'
import { keepsTheirs, stateOf, viewOf } from './state.ts'

export interface PurgeRequest {
  /** the repo whose copy here is to go */
  readonly did: string
  /** for whom it was kept */
  readonly peer: string
  /** id of the agreement that ended */
  readonly agreement: string
}

/**
 * Deletes the copy that a row says is to go, if one is, and gives the row as it is then. A repo that another
 * agreement keeps stays. What deletes may fail: then it is still to go.
 */
export type Purge = (id: string) => Promise<AgreementRow | undefined>

export function createPurge(
  storage: Storage,
  onPurge: (request: PurgeRequest) => Promise<boolean>,
  onChange: OnChange,
): Purge {
  return async (id) => {
    const row = await rowAt(storage, id)
    if (row?.purgeHere !== 'due' || row.theirs === undefined) return row
    const { peer, theirs: did } = row
    const isWanted = (await allRows(storage)).some(
      (it) => it.id !== id && it.ended === undefined && it.theirs === did && keepsTheirs(it),
    )
    // Outside the lock: a large repo takes a while to delete, and agreements go on meanwhile.
    const isGone = !isWanted && (await onPurge({ did, peer, agreement: id }))
    return alone(storage, async () => {
      const rows = await rowsOf(storage, peer)
      const now = rows.find((it) => it.id === id)
      if (now === undefined) return undefined
      const changed: AgreementRow = { ...now, purgeHere: isGone ? 'purged' : 'kept' }
      await putRow(storage, rows, changed)
      onChange(viewOf(changed), stateOf(now))
      return changed
    })
  }
}
