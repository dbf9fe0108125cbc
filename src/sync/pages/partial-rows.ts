import type { Storage, WriteOp } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'

/** A page of a partial copy: a byte value that proves itself. */
export interface PartialPage {
  readonly key: string
  /** the last path before it; undefined for the first */
  readonly after: string | undefined
  readonly last: string | undefined
  readonly records: number
}

/**
 * One collection of a repo, and nothing else of it: pages as they came, each with the signed commit and the
 * nodes that prove its records and that none is left out. Table `meta`, key `partial/DID/collection`.
 */
export interface PartialRow extends Pick<
  SnapshotRow,
  'did' | 'commit' | 'commitCid' | 'rev' | 'signature' | 'signedBy' | 'identity' | 'takenAt'
> {
  readonly collection: string
  readonly run: string
  readonly pages: readonly PartialPage[]
  readonly records: number
  readonly bytes: number
  /** the pages reach to the end of the collection; false while they are fetched */
  readonly whole: boolean
}

const partialKey = (did: string, collection: string): string => `partial/${did}/${collection}`
/** What is being fetched, beside the copy that it will replace. */
export const pullKey = (did: string, collection: string): string => `partial-pull/${did}/${collection}`
export const pageKey = (did: string, collection: string, run: string, page: number): string =>
  `part/${did}/${collection}/${run}.${String(page).padStart(6, '0')}`

/** Rows are our own, written by this code: the casts below say what they hold. */
export async function partialRow(
  storage: Storage,
  did: string,
  collection: string,
): Promise<PartialRow | undefined> {
  return (await storage.get('meta', partialKey(did, collection))) as PartialRow | undefined
}

/** Collections of a repo that are kept as partial copies. */
export async function partialRows(storage: Storage, did: string): Promise<PartialRow[]> {
  const rows = await storage.list('meta', { from: `partial/${did}/`, to: `partial/${did}0` })
  return rows.map(({ value }) => value as PartialRow)
}

/**
 * Collections that a person wants kept, of one repo or of all: each copy that counts, and where there is none
 * yet what came of it so far, which is not `whole`.
 */
export async function partialsOf(storage: Storage, did?: string): Promise<PartialRow[]> {
  const range = (prefix: string) =>
    did === undefined
      ? { from: `${prefix}/`, to: `${prefix}0` }
      : { from: `${prefix}/${did}/`, to: `${prefix}/${did}0` }
  const [kept, begun] = await Promise.all([
    storage.list('meta', range('partial')),
    storage.list('meta', range('partial-pull')),
  ])
  const rows = new Map<string, PartialRow>()
  for (const { value } of [...begun, ...kept]) {
    const row = value as PartialRow
    rows.set(`${row.did}/${row.collection}`, row)
  }
  return [...rows.values()].sort((a, b) =>
    a.did === b.did ? (a.collection < b.collection ? -1 : 1) : a.did < b.did ? -1 : 1,
  )
}

/** Makes a copy the one that counts; what was there before goes in the same write. */
export const replacePartial = (row: PartialRow, before: PartialRow | undefined): WriteOp[] => [
  { type: 'put', table: 'meta', key: partialKey(row.did, row.collection), value: row },
  { type: 'delete', table: 'meta', key: pullKey(row.did, row.collection) },
  ...(before === undefined ? [] : deletePages(before)),
]

export const deletePages = (row: PartialRow): WriteOp[] =>
  row.pages.map(({ key }) => ({ type: 'delete-bytes', key }))

/** Everything of a repo's partial copies, finished or not: for when the repo is deleted. */
export const deletePartials = (did: string): WriteOp[] => [
  { type: 'delete-range', table: 'meta', from: `partial/${did}/`, to: `partial/${did}0` },
  { type: 'delete-range', table: 'meta', from: `partial-pull/${did}/`, to: `partial-pull/${did}0` },
  { type: 'delete-bytes-range', from: `part/${did}/`, to: `part/${did}0` },
]

/** One partial copy, and what was fetched to replace it. */
export const deletePartial = (did: string, collection: string): WriteOp[] => [
  { type: 'delete', table: 'meta', key: partialKey(did, collection) },
  { type: 'delete', table: 'meta', key: pullKey(did, collection) },
  { type: 'delete-bytes-range', from: `part/${did}/${collection}/`, to: `part/${did}/${collection}0` },
]
