import { toHex, utf8 } from '../core/bytes.ts'
import type { Sha256 } from '../core/hash.ts'
import { PdsError } from '../pds/errors.ts'
import { type Identity, identityFromKept } from '../pds/identity.ts'
import { compareLogs } from '../pds/plc/compare.ts'
import { verifyPlcLog } from '../pds/plc/log.ts'
import type { Guard, Storage, WriteOp } from '../storage/port.ts'
import { type RepoRow, repoRange, type SnapshotRow, snapshotKey } from '../storage/rows.ts'

/** A DID document and the PLC log that proves it, as stored with snapshots. Table `identities`. */
export interface IdentityRow {
  readonly did: string
  readonly document: unknown
  readonly plcLog: unknown
  readonly handle: string | undefined
}

interface StoredIdentity {
  readonly key: string
  readonly op: WriteOp
}

/** Logs are long, and one identity is stored with each commit of a burst. */
const stored = new WeakMap<Identity, StoredIdentity>()

/** The row to store, under a key made of its content: snapshots with the same identity share it. */
export function identityOp(identity: Identity, sha256: Sha256): StoredIdentity {
  const known = stored.get(identity)
  if (known !== undefined) return known
  const row: IdentityRow = {
    did: identity.did,
    document: identity.document,
    plcLog: identity.plcLog,
    handle: identity.handleVerified ? identity.handle : undefined,
  }
  const key = toHex(sha256(utf8(JSON.stringify(row))))
  const made: StoredIdentity = { key, op: { type: 'put', table: 'identities', key, value: row } }
  stored.set(identity, made)
  return made
}

/** What stores it with a snapshot that follows `before`: nothing where that one, sound, has the same. */
export const identityOps = ({ key, op }: StoredIdentity, before: SnapshotRow | undefined): WriteOp[] =>
  key === before?.identity ? [] : [op]

/** Rows are our own, written by this code: the casts below say what the tables hold. */
export async function repoRow(storage: Storage, did: string): Promise<RepoRow | undefined> {
  return (await storage.get('repos', did)) as RepoRow | undefined
}

export async function snapshotRow(
  storage: Storage,
  did: string,
  id: string,
): Promise<SnapshotRow | undefined> {
  return (await storage.get('snapshots', snapshotKey(did, id))) as SnapshotRow | undefined
}

export async function headOf(storage: Storage, did: string): Promise<SnapshotRow | undefined> {
  return (await openRepo(storage, did))?.head
}

export interface OpenRepo {
  readonly row: RepoRow
  readonly head: SnapshotRow | undefined
}

/** A repo's row and its head. Both are asked for at once: the newest snapshot nearly always is the head. */
export async function openRepo(storage: Storage, did: string): Promise<OpenRepo | undefined> {
  const [row, [newest]] = await Promise.all([
    repoRow(storage, did),
    storage.list('snapshots', { ...repoRange(did), reverse: true, limit: 1 }),
  ])
  if (row === undefined) return undefined
  const snapshot = newest?.value as SnapshotRow | undefined
  if (row.head === undefined) return { row, head: undefined }
  return { row, head: snapshot?.id === row.head ? snapshot : await snapshotRow(storage, did, row.head) }
}

export async function snapshotsOf(storage: Storage, did: string): Promise<SnapshotRow[]> {
  return (await storage.list('snapshots', repoRange(did))).map(({ value }) => value as SnapshotRow)
}

/**
 * The identity that was stored with a snapshot, its log verified again.
 *
 * @param proven given back, where its log is the stored one: then that is verified already
 */
export async function keptIdentity(
  storage: Storage,
  snapshot: SnapshotRow | undefined,
  proven?: Identity,
): Promise<Identity | undefined> {
  if (snapshot?.identity === undefined) return undefined
  const row = (await storage.get('identities', snapshot.identity)) as IdentityRow | undefined
  if (row === undefined) return undefined
  return proven !== undefined && hasLogOf(proven, row) ? proven : identityFromKept(row)
}

/** Whether two have the same log, to the letter: what was proven of one holds of the other. */
function hasLogOf(
  one: Pick<Identity, 'did' | 'plcLog'>,
  other: Pick<IdentityRow, 'did' | 'plcLog'>,
): boolean {
  if (one.did !== other.did || one.plcLog === undefined) return false
  return one.plcLog === other.plcLog || JSON.stringify(one.plcLog) === JSON.stringify(other.plcLog)
}

/**
 * The one of two identities of an account to go by. A directory only ever appends to a log: one that lacks
 * operations which the kept log has is old, or was cut to bring a past key back, and the kept one counts on.
 *
 * @throws PdsError `pds.plc-log-invalid`, reason `contradicts-kept`, when each log has what the other lacks
 */
export async function newerIdentity(fetched: Identity, kept: Identity | undefined): Promise<Identity> {
  const { did } = fetched
  if (kept?.plcLog === undefined || fetched.plcLog === undefined || hasLogOf(fetched, kept)) return fetched
  const relation = compareLogs(await verifyPlcLog(did, kept.plcLog), await verifyPlcLog(did, fetched.plcLog))
  if (relation === 'forked')
    throw new PdsError('pds.plc-log-invalid', { did, reason: 'contradicts-kept', index: undefined })
  if (relation !== 'behind') return fetched
  const { handle, handleVerified, handleVia, resolvedAt } = fetched
  return { ...kept, handle, handleVerified, handleVia, resolvedAt }
}

/**
 * Names a repo whose sweep has not ended (table `meta`): written with a deletion, removed by the sweep that follows it.
 * Its value is the snapshot that was deleted last, so that a sweep which began before does not take it for done.
 */
export const sweepKey = (did: string): string => `sweep/${did}`

/** Holds while a snapshot is the head. */
export const isHead = (did: string, id: string): Guard => ({
  table: 'repos',
  key: did,
  holds: (row) => (row as RepoRow | undefined)?.head === id,
})

/** Holds while anything of the repo is kept: what still runs when it is deleted writes nothing after. */
export const ifKept = (did: string): Guard => ({
  table: 'repos',
  key: did,
  holds: (row) => row !== undefined,
})
