import { imageTypeOf } from '../repo/image-type.ts'
import { type BlobRow } from '../sync/blobs.ts'
import { changeBlob } from '../sync/blob-rows.ts'
import { keptBlob } from '../sync/lost-blobs.ts'
import { SyncError } from '../sync/errors.ts'
import { draftFile } from '../sync/writing/draft-file.ts'
import type { Storage } from '../storage/port.ts'
import { blobBytesKey, blobKey, repoRange } from '../storage/rows.ts'
import type { BlobItem, BlobPage, BlobState } from './api.ts'
import { countBlobs } from './summaries.ts'

/** Lists and reads the blobs of a kept repo. */
export interface Blobs {
  page(did: string, page: { offset: number; limit: number; state?: BlobState }): Promise<BlobPage>
  bytes(did: string, cid: string): Promise<Blob>
  skip(did: string, cid: string, skip: boolean): Promise<void>
}

/** @param lost told when the disk turned out to have a blob no more that was said to be kept */
export function createBlobs(storage: Storage, lost: (did: string) => void = () => {}): Blobs {
  return {
    async page(did, { offset, limit, state }) {
      const rows = (await storage.list('blobs', repoRange(did))).map(({ value }) => value as BlobRow)
      const wanted = state === undefined ? rows : rows.filter((it) => it.state === state)
      return {
        total: wanted.length,
        counts: countBlobs(rows),
        items: wanted.slice(offset, offset + limit) satisfies BlobItem[],
      }
    },
    async bytes(did, cid) {
      const row = (await storage.get('blobs', blobKey(did, cid))) as BlobRow | undefined
      if (row?.state !== 'kept') return unsentBlob(storage, did, cid)
      if ((await keptBlob(storage, did, cid)) === undefined) {
        lost(did)
        return unsentBlob(storage, did, cid)
      }
      const blob = await storage.readBlob(blobBytesKey(did, cid))
      // Only an image told by its own bytes gets a type: nothing else is ever rendered.
      return blob.slice(0, blob.size, row.imageType ?? 'application/octet-stream')
    },
    async skip(did, cid, skip) {
      const row = (await storage.get('blobs', blobKey(did, cid))) as BlobRow | undefined
      if (row === undefined || row.state === 'kept') return
      await changeBlob(storage, did, cid, { state: skip ? 'skipped' : 'wanted' })
    },
  }
}

/** A file that waits to be sent with a record of one's own. */
async function unsentBlob(storage: Storage, did: string, cid: string): Promise<Blob> {
  const blob = await draftFile(storage, did, cid)
  if (blob === undefined) throw new SyncError('sync.no-such-blob', { did, cid })
  const type = imageTypeOf(new Uint8Array(await blob.slice(0, 16).arrayBuffer()))
  return blob.slice(0, blob.size, type ?? 'application/octet-stream')
}
