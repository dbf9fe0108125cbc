import type { Sha256 } from '../../core/hash.ts'
import { checkChain, integrityOf } from '../../pack/chain.ts'
import type { Change, Scopes, Subscription } from '../../pack/model.ts'
import type { TableSchema } from '../../pack/table-model.ts'
import { isRow } from '../../pack/values.ts'
import { parseSpaceCommit } from '../../repo/space/commit.ts'
import { SpaceError } from '../../repo/space/errors.ts'
import { spaceRepoOf } from '../../repo/space/uri.ts'
import type { SpaceChange } from '../../storage/space/change.ts'
import type { ChangesSince } from '../../storage/space/since.ts'
import { cursorOf, timeOf } from './cursor.ts'
import { COMMIT_TABLE, PARTITION, RECORD_COLUMN } from './model.ts'

/** A list of changes as it travels, both ways. */
export interface SpaceList {
  /** the signed commit */
  readonly commit: Uint8Array
  readonly changes: readonly SpaceChange[]
}

const RECORD = { name: RECORD_COLUMN, type: 'bytes' } as const

/** The answer that tells all that changed, the signed commit last. Throws RangeError for a head without a cursor. */
export function writeSpaceList(
  repo: string,
  { head, changes: changed }: ChangesSince,
  verifiedRoot: string | undefined,
  sha256: Sha256,
): Subscription {
  const cursor = cursorOf(head.rev)
  if (cursor === undefined) throw new RangeError('a head without a cursor')
  const scopes = { repo }
  const changes: Change[] = changed.map(({ path, bytes }) => {
    const slash = path.indexOf('/')
    const name = { table: path.slice(0, slash), rowId: path.slice(slash + 1), scopes }
    return bytes === undefined
      ? { ...name, op: 'delete', row: null }
      : { ...name, op: 'upsert', row: { [RECORD_COLUMN]: bytes } }
  })
  const row = { [RECORD_COLUMN]: head.commit }
  changes.push({ table: COMMIT_TABLE, rowId: head.rev, op: 'upsert', row, scopes })
  const tables = new Set(changes.filter(({ op }) => op === 'upsert').map(({ table }) => table))
  const schemas = [...tables].map((table): TableSchema => ({ table, columns: [RECORD] }))
  const actorId = spaceRepoOf(repo).author
  const commits = [{ commitSeq: cursor, createdAt: timeOf(cursor), actorId, changes, schemas }]
  const place = { partitionId: PARTITION, subscriptionId: repo }
  const integrity = integrityOf(commits, place, sha256, verifiedRoot)
  return {
    id: repo,
    status: 'active',
    scopes,
    bootstrap: false,
    nextCursor: cursor,
    ...(integrity === undefined ? {} : { integrity }),
    commits,
  }
}

/**
 * Reads an answer with a list, strictly: what is said twice must agree. Gives where the chain stands after it.
 * Throws `space.bad-answer`, what `parseSpaceCommit` throws, and `pack.chain`.
 */
export function readSpaceList(
  repo: string,
  subscription: Subscription,
  root: string | undefined,
  sha256: Sha256,
): SpaceList & { readonly chain: string } {
  const [commit, ...more] = subscription.commits
  if (commit === undefined || more.length > 0) throw bad('commits')
  const chain = checkChain(subscription, sha256, root)
  if (subscription.integrity?.partitionId !== PARTITION) throw bad('partition')
  const changes: SpaceChange[] = []
  let signed: { bytes: Uint8Array; rev: string } | undefined
  const known = new Set<object>()
  for (const change of commit.changes) {
    const { table, rowId, op, row, scopes, rowVersion } = change
    // Changes with the same scopes share one object.
    if (!known.has(scopes) && !isScope(scopes, repo)) throw bad('scopes')
    known.add(scopes)
    if (rowVersion !== undefined || (op === 'delete' && row !== null)) throw bad('row')
    const bytes = op === 'delete' ? undefined : recordOf(change)
    if (table !== COMMIT_TABLE) {
      changes.push({ path: `${table}/${rowId}`, bytes })
      continue
    }
    if (signed !== undefined || bytes === undefined) throw bad('commit')
    signed = { bytes, rev: rowId }
  }
  if (signed === undefined) throw bad('commit')
  const { rev, author } = parseSpaceCommit(signed.bytes)
  const cursor = cursorOf(rev)
  if (rev !== signed.rev || commit.actorId !== author) throw bad('commit')
  if (cursor === undefined || commit.commitSeq !== cursor || subscription.nextCursor !== cursor) {
    throw bad('cursor')
  }
  if (commit.createdAt !== timeOf(cursor)) throw bad('time')
  return { commit: signed.bytes, changes, chain }
}

/** The one column's bytes. */
function recordOf({ row }: Change): Uint8Array {
  const value = isRow(row) && Object.keys(row).length === 1 ? row[RECORD_COLUMN] : undefined
  if (!(value instanceof Uint8Array)) throw bad('row')
  return value
}

/** True for `{ repo }` of this repo, and for `{}` when there is none. */
export function isScope(scopes: Scopes, repo: string | undefined): boolean {
  const names = Object.keys(scopes)
  return repo === undefined ? names.length === 0 : names.length === 1 && scopes['repo'] === repo
}

const bad = (reason: string): SpaceError => new SpaceError('space.bad-answer', { reason })
