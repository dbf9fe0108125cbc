import type { Range, WriteOp, WriteOptions } from '../port.ts'

/** A space repo's head. Table `space-repos`, key `head/{repo}`. */
export interface SpaceHeadRow {
  /** the signed commit as it came, its CID and its rev */
  readonly commit: Uint8Array
  readonly cid: string
  readonly rev: string
  readonly records: number
  /** of the records, in all */
  readonly bytes: number
  /** where the chain of packs stands; undefined at its beginning */
  readonly chain: string | undefined
  /** who gave what is here: peers, or `SELF`; the first `MAX_GIVERS` */
  readonly givers: readonly string[]
  /** heads that have a row `held/…` */
  readonly held: number
  /**
   * From this rev on a list of what changed is whole, whichever of the author's commits it goes on from: each since
   * then was the head here, and no delete since then was forgotten. Not in rows of earlier versions.
   */
  readonly whole?: string
  /** what is staged belongs to this head, and is still to be moved to its place */
  readonly merge: boolean
}

/** A transfer in pages that has not ended. Table `space-repos`, key `take/{repo}`. */
export interface SpaceTakeRow {
  /** the peer whose word is taken for what the repo is; another one begins anew over what is staged */
  readonly from: string
  /** peers that gave pages; the first `MAX_GIVERS` */
  readonly givers: readonly string[]
  /** the head of the source when it began: the list of what changed since then ends the transfer */
  readonly asOf: { readonly rev: string; readonly cid: string }
  /** what comes next: pages of records, pages of paths and CIDs, or the list that ends it */
  readonly mode: 'records' | 'index' | 'list'
  /** the path up to which pages were taken; null at the beginning */
  readonly after: string | null
  /** paths of records that a page of the index named and that are not here, ascending: they are asked for first */
  readonly wants: readonly string[]
  /** CID of the head that is held, over which this is staged */
  readonly base: string | undefined
  /** LtHash state, records and bytes of the base with what is staged */
  readonly state: Uint8Array
  readonly records: number
  readonly bytes: number
  /** how often the source began anew */
  readonly restarts: number
}

/** Table `space-records`, key `{repo}/{path}`; staged: `%{repo}/{path}`. `since`: the rev under which it was first seen. */
export type SpaceRecordRow = KeptRecord | { readonly deleted: true; readonly since: string }

export interface KeptRecord {
  readonly cid: string
  readonly size: number
  readonly since: string
  /** the record, where it is small: else it is a value of its own, as all are that earlier versions wrote */
  readonly bytes?: Uint8Array
  /** where it lies together with others in the order in which records came: the path that names that row */
  readonly beside?: string
}

export const SELF = 'self'
export const MAX_GIVERS = 16
/** Heads of one repo of which it is known that they were held. */
export const MAX_HELD_HEADS = 1024

/**
 * Records up to this size lie in their row, bytes: most that are sealed are padded to less. Each value of its own is one
 * more thing to write, to read and to delete again.
 */
const IN_ROW = 2048

/** From this size on a browser may keep a value in a file of its own, for which later writes do not wait, bytes. */
const OWN_FILE = 32 * 1024

/**
 * What is staged, and what is moved once the head is, need not wait for the disk: writes lie there in their order, so a
 * loss of power takes the last of them at most, and the transfer goes on from what is left. The write that moves the
 * head waits for all of them; but for large values, which are waited for here.
 */
export function stagedOptions(ops: readonly WriteOp[]): WriteOptions {
  const isLarge = ops.some((op) => op.type === 'put' && sizeOf(op.value) >= OWN_FILE)
  return isLarge ? {} : { durability: 'relaxed' }
}

/** Of a record's bytes, or of the paths that a transfer still wants, which make its row long. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length
  // Our own row, written by this code.
  const wants = (value as Partial<SpaceTakeRow> | undefined)?.wants ?? []
  return wants.reduce((sum, path) => sum + path.length, 0)
}

const REPOS = 'space-repos'
const RECORDS = 'space-records'

/** Keys that begin with a text that ends in a slash. `0` follows `/`. */
export const under = (prefix: string): { from: string; to: string } => ({
  from: `${prefix}/`,
  to: `${prefix}0`,
})

export const headKey = (repo: string): string => `head/${repo}`
export const takeKey = (repo: string): string => `take/${repo}`
/** The 2,048 bytes of the head's LtHash state. */
export const stateKey = (repo: string): string => `state/${repo}`
/** The CID of a commit that was the head, by its rev. */
export const heldKey = (repo: string, rev: string): string => `held/${repo}/${rev}`
export const recordKey = (repo: string, path: string): string => `${repo}/${path}`
export const stagedKey = (repo: string, path: string): string => `%${repo}/${path}`
/** A larger record's bytes: a value never changes under its key. */
export const valueKey = (repo: string, path: string, cid: string): string => `=${repo}/${path}/${cid}`
/** The row of a record that comes, and what else is to be written of it. */
export function keep(
  repo: string,
  path: string,
  cid: string,
  bytes: Uint8Array,
): { readonly row: KeptRecord; readonly ops: readonly WriteOp[] } {
  const row = { cid, size: bytes.length, since: '' }
  // A view would be kept with the whole buffer behind it.
  const value = bytes.slice()
  if (bytes.length <= IN_ROW) return { row: { ...row, bytes: value }, ops: [] }
  return { row, ops: [{ type: 'put', table: RECORDS, key: valueKey(repo, path, cid), value }] }
}

/** Deletes a record's bytes where they do not go with its row. */
export const dropValue = (repo: string, path: string, { cid, bytes }: KeptRecord): WriteOp[] =>
  bytes === undefined ? [{ type: 'delete', table: RECORDS, key: valueKey(repo, path, cid) }] : []

/** Everything of a repo. */
export const dropRepoOps = (repo: string): WriteOp[] => [
  ...[headKey(repo), stateKey(repo), takeKey(repo)].map((key): WriteOp => ({
    type: 'delete',
    table: REPOS,
    key,
  })),
  { type: 'delete-range', table: REPOS, ...under(`held/${repo}`) },
  ...['', '%', '=', '+', '-'].map((mark): WriteOp => ({
    type: 'delete-range',
    table: RECORDS,
    ...under(mark + repo),
  })),
]

/** Rows of a table in their order, some at a time, from `range.from` on. */
export async function* inBatches<T>(
  read: (range: Range) => Promise<{ readonly key: string; readonly value: T }[]>,
  range: { readonly from: string; readonly to: string },
  limit: number,
): AsyncGenerator<{ readonly key: string; readonly value: T }[]> {
  let { from } = range
  for (;;) {
    const rows = await read({ from, to: range.to, limit })
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    if (rows.length < limit) return
    // The least key above the last one.
    from = `${last.key}\u0000`
  }
}
