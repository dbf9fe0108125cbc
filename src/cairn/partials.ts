import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import { SyncError } from '../sync/errors.ts'
import type { Host } from '../sync/host.ts'
import { deleteCollection } from '../sync/keep.ts'
import { partialRow, partialsOf, readPartial } from '../sync/pages/partial-rows.ts'
import type { PartialCopy, PartialPage, PartialQuery } from './api.ts'
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
  return {
    list: async () =>
      (await partialsOf(storage)).map(
        ({ did, collection, rev, commitCid, records, bytes, signature, takenAt, whole }) => ({
          ...{ did, collection, rev, commit: commitCid, records, bytes, signature, takenAt, whole },
        }),
      ),
    async page({ did, collection, after, limit }) {
      const row = await partialRow(storage, did, collection)
      if (row === undefined) throw new SyncError('sync.not-kept', { did })
      const most = Math.max(1, Math.min(limit, MAX_PAGE))
      const items: PartialPage['items'][number][] = []
      for await (const { path, digest, bytes } of readPartial(host, row, after)) {
        // One more is there.
        if (items.length === most) return { items, next: items.at(-1)?.path }
        items.push({
          path,
          collection,
          rkey: path.slice(collection.length + 1),
          cid: cidString(CODEC_DAG_CBOR, digest),
          bytes: bytes.length,
          value: readable(bytes),
        })
      }
      return { items, next: undefined }
    },
    remove: (did, collection) => deleteCollection(storage, did, collection, lock),
  }
}
