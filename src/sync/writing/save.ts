import type { Host } from '../host.ts'
import { blobsOf, checkPath, encodeRecord } from './encode.ts'
import { WritingError } from './errors.ts'
import { checkFiles, dropFiles, keepFiles, namedFiles } from './files.ts'
import { type HeadValues, readHead } from './head-values.ts'
import { nextTid } from './ids.ts'
import { type DraftRow, isInFlight, type RecordValue, type UnresolvedMention } from './model.ts'
import { followers } from './references.ts'
import { changeRows, draftsOf, type RowChange } from './rows.ts'

/** Unsent changes of one account: far more than anyone writes offline, and a bound on what one look at them costs. */
export const MAX_DRAFTS = 1000

/** What a person wants a record to be. */
export interface Wanted {
  readonly did: string
  readonly path: string
  /** undefined: gone */
  readonly value: RecordValue | undefined
  /** CID of the version that was edited, when it is not the one in the head or the draft by now */
  readonly base?: string
  readonly mentions?: readonly UnresolvedMention[]
  /** files that the record names and that are not kept yet */
  readonly files?: readonly Blob[]
  /** keep it, and send it only when told */
  readonly hold?: boolean
}

type Place = Pick<Host, 'storage' | 'sha256' | 'clock' | 'random'>

/**
 * Keeps what a person wants a record of their own repo to be; asks no network. Resolves when it is on disk, with the
 * row, or undefined when nothing is left to be sent: the record is so already, or was never sent.
 *
 * @throws WritingError, SyncError `sync.not-kept`, RepoError `repo.json-invalid`
 */
export async function saveDraft(place: Place, wanted: Wanted): Promise<DraftRow | undefined> {
  const { storage, sha256, clock } = place
  const { did, path, hold = false, mentions = [] } = wanted
  checkPath(path)
  const record = wanted.value === undefined ? undefined : encodeRecord(path, wanted.value, sha256)
  const head = await readHead(storage, did)
  const inHead = await head.cid(path)
  const files = await namedFiles(wanted.files ?? [], sha256)
  const current = new Set(await blobCids(head, path))
  await checkFiles(storage, did, record?.value, (cid) => files.has(cid) || current.has(cid))

  const now = clock.now()
  let saved: DraftRow | undefined
  await changeRows(storage, did, now, (rows): RowChange => {
    const before = rows.findLast((row) => row.path === path)
    if (before === undefined && rows.length >= MAX_DRAFTS) {
      throw new WritingError('writing.too-many', { limit: MAX_DRAFTS })
    }
    const isNew = before === undefined || isInFlight(before)
    const row: DraftRow = {
      id: isNew
        ? nextTid(
            place,
            rows.map(({ id }) => id),
          )
        : before.id,
      did,
      path,
      value: record?.value,
      cid: record?.cid,
      base: baseOf(before, inHead, wanted.base),
      mentions: record === undefined ? [] : mentions,
      state: hold ? 'held' : 'waiting',
      reason: undefined,
      sent: undefined,
      madeAt: isNew ? now : before.madeAt,
      changedAt: now,
      generation: 0,
    }
    const others = rows.filter(({ id }) => id !== row.id)
    if (row.cid === row.base) {
      saved = undefined
      const gone = isNew ? [] : [before]
      return { remove: gone.map(({ id }) => id), ops: dropFiles(gone, others) }
    }
    saved = row
    const follow = followers(others, row, isNew ? undefined : before.cid, sha256)
    return {
      put: [row, ...follow],
      // what replaces it may name the same files
      ops: [...(isNew ? [] : dropFiles([before], [...others, row])), ...keepFiles(did, row.value, files)],
    }
  })
  return saved
}

/** What is to be compared with the head before it is sent. */
function baseOf(
  before: DraftRow | undefined,
  inHead: string | undefined,
  edited: string | undefined,
): string | undefined {
  if (before !== undefined && isInFlight(before)) return before.cid
  // Whoever edits what is in conflict has seen the other side.
  if (before !== undefined && before.state !== 'conflict') return before.base
  return before === undefined ? (edited ?? inHead) : inHead
}

/** Files that the record has already, at its server. */
async function blobCids(head: HeadValues, path: string): Promise<string[]> {
  return blobsOf(await head.value(path)).map(({ cid }) => cid)
}

/** Lets go of what was not sent. Errors: `writing.no-such-draft`, `writing.in-flight`. */
export async function discardDraft(place: Place, did: string, id: string): Promise<void> {
  await changeRows(place.storage, did, place.clock.now(), (rows) => {
    const row = openRow(rows, id)
    const others = rows.filter((it) => it.id !== id)
    return { remove: [id], ops: dropFiles([row], others) }
  })
}

/**
 * Sends it after all: what was held, refused, or written over a version that has changed since, which it then
 * replaces. Errors: `writing.no-such-draft`, `writing.in-flight`.
 */
export async function insist(place: Place, did: string, id: string): Promise<void> {
  const head = await readHead(place.storage, did)
  await changeRows(place.storage, did, place.clock.now(), async (rows) => {
    const row = openRow(rows, id)
    const earlier = rows.find((it) => it.path === row.path && it.id < id)
    const base =
      row.state !== 'conflict' ? row.base : earlier === undefined ? await head.cid(row.path) : earlier.cid
    if (row.cid === base) return { remove: [id] }
    return { put: [{ ...row, base, state: 'waiting', reason: undefined }] }
  })
}

function openRow(rows: readonly DraftRow[], id: string): DraftRow {
  const row = rows.find((it) => it.id === id)
  if (row === undefined) throw new WritingError('writing.no-such-draft', { id })
  if (isInFlight(row)) throw new WritingError('writing.in-flight', { path: row.path })
  return row
}

/** A record key that no draft and no record of the collection has. */
export async function newRecordKey(place: Place, did: string): Promise<string> {
  const rows = await draftsOf(place.storage, did)
  return nextTid(
    place,
    rows.map((row) => row.path.slice(row.path.indexOf('/') + 1)),
  )
}
