import { equalBytes } from '../core/bytes.ts'
import { parseCid } from '../core/cid.ts'
import { hasCode } from '../core/errors.ts'
import { createGatherer, GATHER_PIECE } from '../core/gather.ts'
import type { Storage } from '../storage/port.ts'
import { blobBytesKey, blobBytesRange, blobKey, repoRange } from '../storage/rows.ts'
import type { BlobRow } from './blob-rows.ts'
import { ifKept } from './kept.ts'

/** A disk may fail once: what it does not give is asked for again before it is taken for lost. */
const READS = 2

/**
 * The row of a blob that is kept. One whose bytes the disk has lost is none: it is wanted again, and fetched when blobs
 * are next.
 */
export async function keptBlob(storage: Storage, did: string, cid: string): Promise<BlobRow | undefined> {
  const row = (await storage.get('blobs', blobKey(did, cid))) as BlobRow | undefined
  if (row?.state !== 'kept') return undefined
  for (let read = 1; read <= READS; read++) {
    try {
      await storage.readBytes(blobBytesKey(did, cid), 0, 1)
      return row
    } catch (error) {
      if (!hasCode(error, 'storage.segment-gone')) throw error
    }
  }
  await wantAgain(storage, did, row)
  return undefined
}

/** Has every blob of a repo that is said to be kept, and has no bytes at all, wanted again. */
export async function noteLost(storage: Storage, did: string): Promise<void> {
  // The rows first: bytes come with a row that says so, and go with the repo.
  const rows = (await storage.list('blobs', repoRange(did))).map(({ value }) => value as BlobRow)
  if (!rows.some(({ state }) => state === 'kept')) return
  const there = new Set(await storage.byteKeys(blobBytesRange(did)))
  for (const row of rows)
    if (row.state === 'kept' && !there.has(blobBytesKey(did, row.cid))) await wantAgain(storage, did, row)
}

/** Its size stays known: that says that it was here, and may be found after all. */
async function wantAgain(storage: Storage, did: string, row: BlobRow): Promise<void> {
  const key = blobKey(did, row.cid)
  const isSame = (value: unknown): boolean => {
    const now = value as BlobRow | undefined
    return now?.state === row.state && now.paths.length === row.paths.length
  }
  try {
    await storage.write([{ type: 'put', table: 'blobs', key, value: { ...row, state: 'wanted' } }], {
      guards: [ifKept(did), { table: 'blobs', key, holds: isSame }],
    })
  } catch (error) {
    // Deleted, or more became known of it: whoever reads it next sees what is so then.
    if (!hasCode(error, 'storage.conflict')) throw error
  }
}

/** Whether the disk has a blob after all that it did not give before: all of it, and what its CID says. */
export async function isFoundAgain(storage: Storage, did: string, row: BlobRow): Promise<boolean> {
  const { cid, bytes } = row
  const expected = parseCid(cid)
  if (bytes === undefined || expected === undefined) return false
  const all = await createGatherer()
  try {
    while (all.size < bytes) {
      const piece = await storage.readBytes(blobBytesKey(did, cid), all.size, all.size + GATHER_PIECE)
      if (piece.length === 0) return false
      all.add(piece)
    }
    return equalBytes(all.end().digest, expected.digest)
  } catch (error) {
    if (!hasCode(error, 'storage.segment-gone')) throw error
    return false
  }
}
