import type { Digest, Sha256 } from '../../core/hash.ts'
import type { Weave } from '../../core/weave.ts'
import { checkChainAside } from '../../pack/chain.ts'
import { PackError } from '../../pack/errors.ts'
import type { Change, ChangeScopes, PackCommit, Scopes, Subscription } from '../../pack/model.ts'
import { parseCommit } from '../../repo/commit.ts'
import { isRecordKey } from '../../core/syntax.ts'
import { checkPathString } from '../../repo/path.ts'
import { SyncError } from '../errors.ts'
import { cursorOf, timeOf } from './cursor.ts'
import { COMMIT_TABLE, MAX_LIST_BYTES, PARTITION, type PullAsk, RECORD_COLUMN } from './model.ts'

/** What a list says, well-formed and in agreement with itself; that it is true is yet to be proven. */
export interface ToldChanges {
  /** the signed commit's block */
  readonly commit: Uint8Array
  /** each path once; undefined: nothing is there any more */
  readonly changes: readonly { readonly path: string; readonly record: Uint8Array | undefined }[]
  /** where the chain stands after it, when that is proven */
  readonly chainRoot: string
  /** Proves that the chain comes to that. Rejects with `sync.bad-pack`. */
  proveChain(): Promise<void>
}

/**
 * Reads the answer for one repo, strictly: everything that the answer says twice has to agree, and nothing may be
 * said that has no meaning here.
 *
 * @param root where our chain stands
 * @throws SyncError `sync.peer-lacks`, `sync.unlisted`, `sync.peer-behind` for what the peer can not give,
 * `sync.bad-pack` for what it may not send; RepoError for a commit that is none
 */
export function readList(
  subscription: Subscription,
  input: {
    readonly ask: PullAsk
    readonly root: string
    readonly peer: string
    readonly sha256: Sha256
    readonly digest: Digest
    readonly weave?: Weave
  },
): ToldChanges {
  const { ask, peer } = input
  const did = ask.id
  const bad = (reason: string, cause?: unknown): SyncError =>
    new SyncError('sync.bad-pack', { peer, did, reason }, { cause })
  const must = (holds: boolean, reason: string): void => {
    if (!holds) throw bad(reason)
  }
  const { commits, nextCursor } = subscription
  must(subscription.id === did, 'id')
  must(subscription.snapshots === undefined && subscription.bootstrapState === undefined, 'snapshot')
  const [commit, ...more] = commits
  if (commit === undefined) {
    must(subscription.integrity === undefined, 'chain')
    must(nextCursor === ask.cursor, 'cursor')
    if (subscription.status === 'revoked') {
      must(!subscription.bootstrap && isScope(subscription.scopes, undefined), 'scopes')
      throw new SyncError('sync.peer-lacks', { peer, did })
    }
    must(isScope(subscription.scopes, did), 'scopes')
    throw new SyncError(subscription.bootstrap ? 'sync.unlisted' : 'sync.peer-behind', { peer, did })
  }
  must(subscription.status === 'active' && !subscription.bootstrap, 'status')
  must(isScope(subscription.scopes, did), 'scopes')
  must(more.length === 0, 'commits')
  must(ask.held !== undefined, 'nothing-held')
  const told = readCommit(commit, did, must)
  const cursor = cursorOf(parseCommit(told.commit).rev)
  must(cursor !== undefined && commit.commitSeq === cursor && nextCursor === cursor, 'cursor')
  must(cursor !== undefined && commit.createdAt === timeOf(cursor), 'time')
  must(parseCommit(told.commit).rev === told.rev, 'commit-row')
  must(subscription.integrity?.partitionId === PARTITION, 'chain')
  const asBad = (error: unknown): unknown => (error instanceof PackError ? bad('chain', error) : error)
  try {
    const { root, prove } = checkChainAside(subscription, input, input.root)
    const proveChain = (): Promise<void> =>
      prove().catch((error: unknown) => {
        throw asBad(error)
      })
    return { commit: told.commit, changes: told.changes, chainRoot: root, proveChain }
  } catch (error) {
    throw asBad(error)
  }
}

/** The changes of the one commit: records, and the signed commit among them. */
function readCommit(
  { actorId, changes }: PackCommit,
  did: string,
  must: (holds: boolean, reason: string) => void,
): Pick<ToldChanges, 'commit' | 'changes'> & { readonly rev: string } {
  must(actorId === did, 'actor')
  const out: { path: string; record: Uint8Array | undefined }[] = []
  const isNew = createOnce(out)
  let collection: string | undefined
  let known: ChangeScopes | undefined
  let signed: { readonly bytes: Uint8Array; readonly rev: string } | undefined
  let size = 0
  for (const change of changes) {
    const { table, rowId, op, scopes, rowVersion } = change
    // Changes with the same scopes share one object.
    if (scopes !== known) must(isScope(scopes, did), 'scopes')
    known = scopes
    must(rowVersion === undefined, 'row-version')
    const record = op === 'delete' ? undefined : recordOf(change)
    must(op === 'delete' ? change.row === null : record !== undefined, 'row')
    size += rowId.length + (record?.length ?? 0)
    must(size <= MAX_LIST_BYTES, 'too-large')
    if (table === COMMIT_TABLE) {
      must(signed === undefined && record !== undefined, 'commit-row')
      signed = { bytes: record ?? new Uint8Array(), rev: rowId }
      continue
    }
    const path = `${table}/${rowId}`
    // Most changes are of the collection of the one before.
    must(table === collection ? isRecordKey(rowId) : checkPathString(path), 'path')
    collection = table
    must(isNew(path), 'path-twice')
    out.push({ path, record })
  }
  must(signed !== undefined, 'commit-row')
  return { commit: signed?.bytes ?? new Uint8Array(), rev: signed?.rev ?? '', changes: out }
}

/**
 * Says of each path whether it has not come before. Lists come in the order of their paths, where none can come twice;
 * only from where one does not on are those before it looked through.
 */
function createOnce(before: readonly { readonly path: string }[]): (path: string) => boolean {
  let seen: Set<string> | undefined
  return (path) => {
    const last = before.at(-1)
    if (seen === undefined && (last === undefined || last.path < path)) return true
    seen ??= new Set(before.map((it) => it.path))
    if (seen.has(path)) return false
    seen.add(path)
    return true
  }
}

/** The one column's bytes; undefined for a row of any other form. */
function recordOf({ row }: Change): Uint8Array | undefined {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return undefined
  const columns = Object.keys(row)
  if (columns.length !== 1 || columns[0] !== RECORD_COLUMN) return undefined
  // any other object is read by its keys
  const value = (row as Readonly<Record<string, unknown>>)[RECORD_COLUMN]
  return value instanceof Uint8Array ? value : undefined
}

/** `{ repo: did }`, or `{}` without a DID. */
function isScope(scopes: Scopes, did: string | undefined): boolean {
  const names = Object.keys(scopes)
  return did === undefined ? names.length === 0 : names.length === 1 && scopes['repo'] === did
}
