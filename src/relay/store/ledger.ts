import type { Range, Storage, Table, WriteOp } from '../../storage/port.ts'
import { TABLES } from '../../storage/port.ts'
import { weigh } from '../../storage/indexeddb/weigh.ts'
import type { SegmentRow } from '../../storage/rows.ts'
import type { BlobRow } from '../../sync/blobs.ts'
import type { ChunkRow } from '../spaces/rows.ts'

/** Rows listed at a time while the books are opened: a store may have millions of blobs. */
const PAGE = 1000

/** Tables whose keys begin with the DID that their rows belong to. */
const BY_DID: ReadonlySet<Table> = new Set([
  'repos',
  'snapshots',
  'segments',
  'imports',
  'blobs',
  'search',
  'copies',
  'screens',
  'changes',
])

/** Tables whose keys hold the URI of the space that their rows belong to. */
const BY_SPACE: ReadonlySet<Table> = new Set([
  'spaces',
  'space-log',
  'space-repos',
  'space-records',
  'space-files',
])

/** What a write changes: bytes in all, and of each repo or space. */
export interface Change {
  total: number
  /** by DID, or by the space's URI */
  readonly byDid: Map<string, number>
  /** bytes of values that no row tells the size of, by key; undefined when they go */
  readonly loose: Map<string, number | undefined>
}

/**
 * The books of a store: how many bytes everything in it takes, and each repo and space. A row counts with its own
 * weight, and with that of the byte value it describes: a segment's size, a kept blob's, a space's chunk's. So what
 * is freed is known from the rows that go, and nothing has to be remembered for each value.
 */
export interface Ledger {
  readonly used: number
  /** by DID, or by the space's URI */
  usedBy(owner: string): number
  /** What these ops would change now. Nothing else may be written until it is entered. */
  weigh(ops: readonly WriteOp[]): Promise<Change>
  enter(change: Change): void
}

/** Opens the books by reading every row once. Spilled bytes of imports that a stop cut off are dropped first. */
export async function openLedger(storage: Storage): Promise<Ledger> {
  await storage.write([{ type: 'delete-bytes-range', from: 'spill/', to: 'spill0' }])
  const byDid = new Map<string, number>()
  const loose = new Map<string, number>()
  let used = 0

  const add = (change: Change, table: Table, key: string, bytes: number): void => {
    change.total += bytes
    const owner = ownerOf(table, key)
    if (owner !== undefined) change.byDid.set(owner, (change.byDid.get(owner) ?? 0) + bytes)
  }

  const enter = (change: Change): void => {
    used += change.total
    for (const [did, bytes] of change.byDid) {
      const now = (byDid.get(did) ?? 0) + bytes
      if (now > 0) byDid.set(did, now)
      else byDid.delete(did)
    }
    for (const [key, bytes] of change.loose) {
      if (bytes === undefined) loose.delete(key)
      else loose.set(key, bytes)
    }
  }

  const putLoose = (change: Change, key: string, bytes: number | undefined): void => {
    const before = change.loose.has(key) ? change.loose.get(key) : loose.get(key)
    change.total += (bytes ?? 0) - (before ?? 0)
    change.loose.set(key, bytes)
  }

  const weighRows = async (change: Change, ops: readonly WriteOp[]): Promise<void> => {
    /** What each row weighs once the ops so far are done; at first, what it weighs now. */
    const weights = await storedWeights(storage, ops)
    const become = (table: Table, key: string, before: number, after: number): void => {
      weightsOf(weights, table).set(key, after)
      add(change, table, key, after - before)
    }
    for (const op of ops) {
      if (op.type === 'delete-range') {
        for await (const { key, value } of rows(storage, op.table, { from: op.from, to: op.to })) {
          const before = weightsOf(weights, op.table).get(key)
          become(op.table, key, before ?? weightOf(op.table, key, value), 0)
        }
        for (const [key, before] of weightsOf(weights, op.table))
          if (key >= op.from && key < op.to) become(op.table, key, before, 0)
      }
      if (op.type !== 'put' && op.type !== 'add' && op.type !== 'delete') continue
      const after = op.type === 'delete' ? 0 : weightOf(op.table, op.key, op.value)
      become(op.table, op.key, weightsOf(weights, op.table).get(op.key) ?? 0, after)
    }
  }

  const weighBytes = (change: Change, ops: readonly WriteOp[]): void => {
    for (const op of ops) {
      if (op.type === 'put-bytes' && !isTold(op.key)) {
        putLoose(
          change,
          op.key,
          op.parts.reduce((sum, part) => sum + part.byteLength, 0),
        )
      }
      if (op.type === 'put-blob' && !isTold(op.key)) putLoose(change, op.key, op.blob.size)
      if (op.type === 'delete-bytes' && loose.has(op.key)) putLoose(change, op.key, undefined)
      if (op.type === 'delete-bytes-range') {
        for (const key of loose.keys()) if (key >= op.from && key < op.to) putLoose(change, key, undefined)
      }
    }
  }

  for (const table of TABLES) {
    const change = emptyChange()
    for await (const { key, value } of rows(storage, table, {}))
      add(change, table, key, weightOf(table, key, value))
    enter(change)
  }

  return {
    get used() {
      return used
    },
    usedBy: (owner) => byDid.get(owner) ?? 0,
    async weigh(ops) {
      const change = emptyChange()
      weighBytes(change, ops)
      await weighRows(change, ops)
      return change
    },
    enter,
  }
}

type Weights = Map<Table, Map<string, number>>

function weightsOf(weights: Weights, table: Table): Map<string, number> {
  const found = weights.get(table) ?? new Map<string, number>()
  weights.set(table, found)
  return found
}

/** What the rows that ops replace or delete weigh now: one read a table. */
async function storedWeights(storage: Storage, ops: readonly WriteOp[]): Promise<Weights> {
  const keys = new Map<Table, string[]>()
  for (const op of ops) {
    if (op.type !== 'put' && op.type !== 'add' && op.type !== 'delete') continue
    const list = keys.get(op.table)
    if (list === undefined) keys.set(op.table, [op.key])
    else list.push(op.key)
  }
  const out: Weights = new Map()
  for (const [table, list] of keys) {
    const values = await storage.getMany(table, list)
    list.forEach((key, i) => weightsOf(out, table).set(key, weightOf(table, key, values[i])))
  }
  return out
}

const emptyChange = (): Change => ({ total: 0, byDid: new Map(), loose: new Map() })

/** Byte values whose size stands in a row that is written with them. */
const isTold = (key: string): boolean => /^(seg|blob|space-chunk)\//.test(key)

/** The space in a key: its first four parts, whatever stands before and after them. */
const SPACE_IN_KEY = /at:\/\/[^/]+\/space\/[^/]+\/[^/]+/

function ownerOf(table: Table, key: string): string | undefined {
  if (BY_SPACE.has(table)) return SPACE_IN_KEY.exec(key)?.[0]
  if (!BY_DID.has(table)) return undefined
  const slash = key.indexOf('/')
  return slash < 0 ? key : key.slice(0, slash)
}

/** Our own rows, written by this code: the casts say what the tables hold. Another's shape weighs as a row does. */
function weightOf(table: Table, key: string, value: unknown): number {
  if (value === undefined) return 0
  const row = weigh([{ type: 'put', table, key, value }])
  if (table === 'segments') return row + ((value as SegmentRow | null)?.size ?? 0)
  if (table === 'space-files') return row + ((value as ChunkRow | null)?.size ?? 0)
  if (table !== 'blobs') return row
  const blob = value as BlobRow | null
  return row + (blob?.state === 'kept' ? (blob.bytes ?? 0) : 0)
}

/** Rows of a table, a page at a time. */
export async function* rows(storage: Storage, table: Table, range: Range) {
  let from = range.from ?? ''
  for (;;) {
    const page = await storage.list(table, { ...range, from, limit: PAGE })
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    from = `${last.key}\u0000`
  }
}
