import { hasCode } from '../../core/errors.ts'
import { blobsOf, encodeRecord } from './encode.ts'
import type { WritingError } from './errors.ts'
import { draftFile } from './draft-file.ts'
import { anyFile } from './files.ts'
import { type HeadValues, readHead } from './head-values.ts'
import { withMentions } from './mentions.ts'
import type { DraftRow, RecordValue } from './model.ts'
import { followers } from './references.ts'
import { changeRows, draftsOf } from './rows.ts'
import type { SendParts } from './send.ts'
import { uploadFile } from './server.ts'

/**
 * Makes drafts ready to be sent: looks up who is mentioned and gives the files they name to the server. Returns the
 * rows as they are then, or `refused` when one will not be had, which is written down.
 */
export async function prepare(
  parts: SendParts,
  batch: readonly DraftRow[],
): Promise<readonly DraftRow[] | 'refused'> {
  const { host, session } = parts
  const { did } = session
  if (batch.length === 0) return []
  const head = await readHead(host.storage, did)
  for (const { id } of batch) {
    const row = (await draftsOf(host.storage, did)).find((it) => it.id === id)
    if (row?.value === undefined || row.state !== 'waiting') continue
    try {
      const named = await lookUp(parts, row)
      const value = await giveFiles(parts, row.path, named, head)
      if (value !== row.value || row.mentions.length > 0) await replaceValue(parts, row, value)
    } catch (error) {
      if (!isRefusal(error)) throw error
      await refuse(parts, row, error)
      return 'refused'
    }
  }
  const rows = await draftsOf(host.storage, did)
  const ids = batch.map(({ id }) => id)
  return rows.filter((row) => ids.includes(row.id) && row.state === 'waiting')
}

async function lookUp({ didOf }: SendParts, row: DraftRow): Promise<RecordValue> {
  const { value = {}, mentions } = row
  const found = new Map<string, string>()
  for (const handle of new Set(mentions.map((it) => it.handle))) {
    const did = await didOf(handle)
    if (did !== undefined) found.set(handle, did)
  }
  return withMentions(value, mentions, (handle) => found.get(handle))
}

/**
 * The server keeps a file that no record names for a short while only, so all go up right before the record. One that
 * the record has already is there.
 */
async function giveFiles(
  { host, session }: SendParts,
  path: string,
  value: RecordValue,
  head: HeadValues,
): Promise<RecordValue> {
  const refs = blobsOf(value)
  if (refs.length === 0) return value
  const there = new Set(blobsOf(await head.value(path)).map(({ cid }) => cid))
  const types = new Map<string, string>()
  for (const { cid, mimeType } of refs) {
    const own = await draftFile(host.storage, session.did, cid)
    if (own === undefined && there.has(cid)) continue
    const file = own ?? (await anyFile(host.storage, session.did, cid))
    // It may be at the server all the same, which says so if not.
    if (file === undefined) continue
    const type = await uploadFile(session, file, mimeType, path)
    if (type !== mimeType) types.set(cid, type)
  }
  return types.size === 0 ? value : withTypes(value, types)
}

/** Blobs with the types that the server has told. */
function withTypes<T>(value: T, types: ReadonlyMap<string, string>): T {
  if (typeof value !== 'object' || value === null) return value
  // as many items of the same kinds
  if (Array.isArray(value)) return value.map((item: unknown) => withTypes(item, types)) as T
  const ref: unknown = 'ref' in value ? value.ref : undefined
  const link: unknown = typeof ref === 'object' && ref !== null && '$link' in ref ? ref.$link : undefined
  const type = '$type' in value && value.$type === 'blob' ? types.get(String(link)) : undefined
  if (type !== undefined) return { ...value, mimeType: type }
  const fields = Object.entries(value).map(([key, item]) => [key, withTypes<unknown>(item, types)])
  // the same fields
  return Object.fromEntries(fields) as T
}

async function replaceValue({ host, session }: SendParts, row: DraftRow, value: RecordValue): Promise<void> {
  const record = encodeRecord(row.path, value, host.sha256)
  await changeRows(host.storage, session.did, host.clock.now(), (rows) => {
    const now = rows.find(({ id }) => id === row.id)
    if (now?.generation !== row.generation) return undefined
    const next: DraftRow = { ...row, value: record.value, cid: record.cid, mentions: [] }
    return { put: [next, ...followers(rows, next, row.cid, host.sha256)] }
  })
}

async function refuse(parts: SendParts, row: DraftRow, error: WritingError): Promise<void> {
  const { host, session } = parts
  const reason = { code: error.code, fields: error.fields }
  await changeRows(host.storage, session.did, host.clock.now(), (rows) => {
    const now = rows.find(({ id }) => id === row.id)
    return now?.generation === row.generation ? { put: [{ ...now, state: 'refused', reason }] } : undefined
  })
  await parts.onRefused(row, error)
}

const isRefusal = (error: unknown): error is WritingError => hasCode(error, 'writing.refused')
