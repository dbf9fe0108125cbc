import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import { SyncError } from '../sync/errors.ts'
import type { Host } from '../sync/host.ts'
import { deleteCollection } from '../sync/keep.ts'
import type { IdentityRow } from '../sync/kept.ts'
import type { PageRecord } from '../sync/pages/page-walk.ts'
import { type PartialRow, partialRow, partialsOf } from '../sync/pages/partial-rows.ts'
import type { PartialCopy, PartialPage, PartialQuery, RecordItem } from './api.ts'
import { MAX_PAGE, readable } from './records.ts'

/** Lists and reads the collections that are kept without the rest of their repos. */
export interface Partials {
  list(): Promise<PartialCopy[]>
  page(query: PartialQuery): Promise<PartialPage>
  remove(did: string, collection: string): Promise<void>
}

export function createPartials(
  host: Host,
  lock: { exclusively: <T>(did: string, run: () => Promise<T>) => Promise<T> },
): Partials {
  const { storage } = host
  /** Proves its pages, for which a first screen has no use. */
  const reader = async () => (await import('../sync/pages/read-partial.ts')).readPartial

  const copyOf = async (row: PartialRow): Promise<PartialCopy> => {
    const { did, collection, rev, commitCid, records, bytes, signature, takenAt, whole, identity } = row
    // our own row, written with the copy
    const known = (identity === undefined ? undefined : await storage.get('identities', identity)) as
      | IdentityRow
      | undefined
    const handle = known?.handle
    return { did, collection, handle, rev, commit: commitCid, records, bytes, signature, takenAt, whole }
  }

  /** Up to `count` records after `start`, the first `skip` passed over. */
  const take = async (
    row: PartialRow,
    { start, skip = 0, count }: { start: string | undefined; skip?: number; count: number },
  ): Promise<RecordItem[]> => {
    const items: RecordItem[] = []
    let passed = 0
    const readPartial = await reader()
    for await (const record of readPartial(host, row, start)) {
      if (passed++ < skip) continue
      items.push(itemOf(row.collection, record))
      if (items.length >= count) break
    }
    return items
  }

  /** Records by their place in the order of the tree. Only pages that hold some of them are read. */
  const slice = async (row: PartialRow, from: number, count: number): Promise<RecordItem[]> => {
    let before = 0
    for (const page of row.pages) {
      if (before + page.records > from) return take(row, { start: page.after, skip: from - before, count })
      before += page.records
    }
    return []
  }

  const one = async (row: PartialRow, path: string): Promise<RecordItem[]> => {
    const page = row.pages.find(({ last }) => last !== undefined && path <= last)
    if (page === undefined) return []
    const readPartial = await reader()
    for await (const record of readPartial(host, row, page.after)) {
      if (record.path === path) return [itemOf(row.collection, record)]
      if (record.path > path) break
    }
    return []
  }

  return {
    list: async () => Promise.all((await partialsOf(storage)).map(copyOf)),
    async page({ did, collection, after, offset = 0, newestFirst = false, path, limit }) {
      const row = await partialRow(storage, did, collection)
      if (row === undefined) throw new SyncError('sync.not-kept', { did })
      const total = row.records
      const most = Math.max(1, Math.min(limit, MAX_PAGE))
      if (path !== undefined) return { total, items: await one(row, path), next: undefined }
      const passed = Math.max(0, offset)
      if (after === undefined && newestFirst) {
        const end = total - passed
        const from = Math.max(0, end - most)
        const items = end <= 0 ? [] : await slice(row, from, end - from)
        return { total, items: items.reverse(), next: undefined }
      }
      // One more tells whether there is a next page.
      const found =
        after === undefined
          ? await slice(row, passed, most + 1)
          : await take(row, { start: after, count: most + 1 })
      const items = found.slice(0, most)
      return { total, items, next: found.length > most ? items.at(-1)?.path : undefined }
    },
    remove: (did, collection) => deleteCollection(storage, did, collection, lock),
  }
}

function itemOf(collection: string, { path, digest, bytes }: PageRecord): RecordItem {
  return {
    path,
    collection,
    rkey: path.slice(collection.length + 1),
    cid: cidString(CODEC_DAG_CBOR, digest),
    bytes: bytes.length,
    value: readable(bytes),
  }
}
