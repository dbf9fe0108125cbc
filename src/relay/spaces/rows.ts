import type { Storage, WriteOp } from '../../storage/port.ts'
import { under } from '../../storage/space/rows.ts'
import { rows } from '../store/ledger.ts'

/**
 * A space that is kept. Table `spaces`, key: its URI. Rows of this table are the relay's own; a device has others
 * there. The row is written before anything of the space, and goes after everything of it.
 */
export interface KeptSpaceRow {
  readonly space: string
  /** CID of the operation that it began with */
  readonly root: string
  /** peer id that asked for it first */
  readonly by: string
  /** ms */
  readonly firstAt: number
  readonly askedAt: number
  /**
   * `asked`: nobody has given a log yet that knows who asked. `gone`: it is given up, and what is left of it goes. The
   * word for that is no longer than the others: writing it down never needs room.
   */
  readonly state: 'asked' | 'kept' | 'gone'
}

/**
 * A sealed chunk that is kept; its bytes are the byte value of `chunkBytesKey`. Table `space-files`, key
 * `{space}/{id}`. The row counts with the weight of the bytes that it tells of.
 */
export interface ChunkRow {
  readonly size: number
  /** ms; when it was last put, asked about or fetched, as far as a day */
  readonly askedAt: number
}

export const putSpaceRow = (row: KeptSpaceRow): WriteOp => ({
  type: 'put',
  table: 'spaces',
  key: row.space,
  value: row,
})

export async function readKeptSpaces(storage: Storage): Promise<KeptSpaceRow[]> {
  const found: KeptSpaceRow[] = []
  // Only this room writes them on a relay.
  for await (const { value } of rows(storage, 'spaces', {})) found.push(value as KeptSpaceRow)
  return found
}

export const chunkKey = (space: string, id: string): string => `${space}/${id}`
/** @param tag `spaceTag` of the space */
export const chunkBytesKey = (tag: string, id: string): string => `space-chunk/${tag}/${id}`

/** Whatever lies under a space but its repos, which go one by one, each under its lock; the row itself last. */
export const dropRestOps = (space: string, tag: string): WriteOp[] => [
  ...['head', 'state', 'held', 'take'].map((kind): WriteOp => ({
    type: 'delete-range',
    table: 'space-repos',
    ...under(`${kind}/${space}`),
  })),
  ...['', '%', '=', '+', '-'].map((mark): WriteOp => ({
    type: 'delete-range',
    table: 'space-records',
    ...under(mark + space),
  })),
  { type: 'delete-range', table: 'space-files', ...under(space) },
  { type: 'delete-bytes-range', ...under(`space-chunk/${tag}`) },
  { type: 'delete-range', table: 'space-log', ...under(space) },
  { type: 'delete', table: 'spaces', key: space },
]
