import { hasCode } from '../core/errors.ts'
import type { Sha256 } from '../core/hash.ts'
import { framesHold } from './frames.ts'
import { sameRepo } from './head.ts'
import type { Guard, Storage, WriteOp } from './port.ts'
import {
  type RepoRow,
  repoRange,
  segmentBytesKey,
  type SegmentRow,
  type SnapshotRow,
  snapshotKey,
} from './rows.ts'

/**
 * Reads back what the newest backup of a repo wrote, once, when Cairn has been started anew: a power loss
 * may leave a row on the disk whose bytes are not. A head that does not hold falls back to the newest
 * snapshot that does; broken ones are dropped, and the sweep frees the rest.
 *
 * Returns the id of the head that was dropped, if it was.
 */
export async function settleHead(storage: Storage, did: string, sha256: Sha256): Promise<string | undefined> {
  // Our own rows, written by this code.
  const row = (await storage.get('repos', did)) as RepoRow | undefined
  if (row?.head === undefined) return undefined
  const key = snapshotKey(did, row.head)
  const head = (await storage.get('snapshots', key)) as SnapshotRow | undefined
  if (head === undefined || head.settled) return undefined
  const guards = [sameRepo(did, row)]
  try {
    if (await sound(storage, head, sha256)) {
      await storage.write([{ type: 'put', table: 'snapshots', key, value: { ...head, settled: true } }], {
        guards: [...guards, asRead(key, head)],
      })
      return undefined
    }
    const older = (await storage.list('snapshots', repoRange(did)))
      .map(({ value }) => value as SnapshotRow)
      .filter((it) => it.id < head.id)
    const broken = [head]
    let before = older.pop()
    while (before !== undefined && !before.settled && !(await sound(storage, before, sha256))) {
      broken.push(before)
      before = older.pop()
    }
    const next: RepoRow = { ...row, head: before?.id, top: undefined, generation: row.generation + 1 }
    await storage.write(
      [
        ...broken.map((it): WriteOp => ({
          type: 'delete',
          table: 'snapshots',
          key: snapshotKey(did, it.id),
        })),
        { type: 'put', table: 'repos', key: did, value: next },
        { type: 'put', table: 'meta', key: `sweep/${did}`, value: true },
      ],
      { guards },
    )
    return head.id
  } catch (error) {
    // The head moved meanwhile: whoever moved it has read what it stands on. Or more became known of it, which stays.
    if (hasCode(error, 'storage.conflict')) return undefined
    throw error
  }
}

/** Holds while nothing more became known of a snapshot: its author may be proven while its bytes are read. */
const asRead = (key: string, { signature, verifiedAt }: SnapshotRow): Guard => ({
  table: 'snapshots',
  key,
  holds(value) {
    const now = value as SnapshotRow | undefined
    return now?.signature === signature && now.verifiedAt === verifiedAt
  },
})

/** Backups before the newest that are read back: a power loss takes what was written last. */
const READ_BACK = 100

/**
 * The same of the backups that came before the newest since it was last read back: it stands on what they wrote as
 * well. Nothing is given up here: what is damaged there may be a small part of it, or none.
 */
export async function isWholeUnder(storage: Storage, head: SnapshotRow, sha256: Sha256): Promise<boolean> {
  if (head.settled) return true
  const before = (await storage.list('snapshots', repoRange(head.did)))
    .map(({ value }) => value as SnapshotRow)
    .filter((it) => it.id < head.id)
  const since = before.slice(before.findLastIndex((it) => it.settled) + 1)
  return areWhole(storage, head.did, new Set(since.slice(-READ_BACK).map((it) => it.import)), sha256)
}

/** Every frame that the snapshot's import wrote is whole, and every record is what its CID says. */
const sound = (storage: Storage, head: SnapshotRow, sha256: Sha256): Promise<boolean> =>
  areWhole(storage, head.did, new Set([head.import]), sha256)

async function areWhole(
  storage: Storage,
  did: string,
  imports: ReadonlySet<string>,
  sha256: Sha256,
): Promise<boolean> {
  if (imports.size === 0) return true
  for (const { key, value } of await storage.list('segments', repoRange(did))) {
    const segment = value as SegmentRow
    if (!imports.has(segment.import)) continue
    const id = Number.parseInt(key.slice(did.length + 1), 16)
    const bytesKey = segmentBytesKey(did, id, segment.generation)
    if (!(await holds(storage, key, bytesKey, segment, sha256))) return false
  }
  return true
}

/** A disk may fail once: what does not hold is read again before a backup is given up for it. */
const READS = 2

async function holds(
  storage: Storage,
  key: string,
  bytesKey: string,
  segment: SegmentRow,
  sha256: Sha256,
): Promise<boolean> {
  for (let read = 1; read <= READS; read++) {
    if (await isWhole(storage, bytesKey, segment.size, sha256)) return true
    const now = (await storage.get('segments', key)) as SegmentRow | undefined
    // A sweep was there meanwhile: it took away what no snapshot needs, or packed it and read every byte to do so.
    if (now?.generation !== segment.generation) return true
  }
  return false
}

async function isWhole(storage: Storage, bytesKey: string, size: number, sha256: Sha256): Promise<boolean> {
  try {
    const bytes = await storage.readBytes(bytesKey)
    return bytes.length === size && framesHold(bytes, sha256)
  } catch (error) {
    if (!hasCode(error, 'storage.segment-gone')) throw error
    return false
  }
}
