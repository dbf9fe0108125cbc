import { hasCode } from '../../core/errors.ts'
import { exportCar } from '../../storage/export-car.ts'
import type { Storage } from '../../storage/port.ts'
import { blobBytesKey, repoRange, type SnapshotRow } from '../../storage/rows.ts'
import type { BlobRow } from '../../sync/blobs.ts'
import type { IdentityRow } from '../../sync/kept.ts'
import { keptBlob } from '../../sync/lost-blobs.ts'
import { whileRead } from '../../sync/reading.ts'
import type { ExportFile } from '../api.ts'
import { blobName, MAGIC_BYTES } from './blob-name.ts'
import { baseName } from './names.ts'
import { notRead, readme } from './readme.ts'
import { streamOf } from './stream.ts'
import { zipStream } from './zip-stream.ts'

/** Rows of blobs read at a time. */
const PAGE = 500
/** Bytes of a blob read at a time. */
const PIECE = 1 << 20
/** Zip knows no earlier year. */
const FIRST_DATE = Date.UTC(1980, 0, 2)

/**
 * A snapshot as CAR with all that belongs to it: the identity documents kept with it, and every blob that is
 * kept. Stored without compression (images do not shrink), made as it is read.
 */
export function exportZip(storage: Storage, snapshot: SnapshotRow, handle: string | undefined): ExportFile {
  const base = baseName(snapshot, handle)
  /** The file at work, which the archive's writer does not end by itself when it is cancelled. */
  let current: AsyncGenerator<Uint8Array> | undefined
  const open = (source: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> => (current = source)

  async function* files() {
    const lastModified = new Date(Math.max(snapshot.takenAt, FIRST_DATE))
    const identity = await identityOf(storage, snapshot)
    const blobs = await countBlobs(storage, snapshot.did)
    const carName = `${base}.car`
    const words = readme({ snapshot, handle, carName, identity: identity !== undefined, blobs })
    yield { name: 'README.txt', input: words, lastModified }
    if (identity !== undefined) yield { name: 'identity.json', input: identity, lastModified }
    yield { name: carName, input: open(exportCar(storage, snapshot)), lastModified }
    const lost: string[] = []
    for await (const { cid } of keptBlobs(storage, snapshot.did)) {
      const key = blobBytesKey(snapshot.did, cid)
      const isThere = (await keptBlob(storage, snapshot.did, cid)) !== undefined
      const head = isThere ? await headOf(storage, key) : undefined
      if (head === undefined) lost.push(cid)
      else yield { name: blobName(cid, head), input: open(pieces(storage, key)), lastModified }
    }
    if (lost.length > 0) yield { name: 'NOT-READ.txt', input: notRead(lost), lastModified }
  }

  return {
    name: `${base}.zip`,
    type: 'application/zip',
    size: undefined,
    stream: streamOf(whileRead(storage, snapshot, zipStream(files())), async () =>
      current?.return(undefined),
    ),
  }
}

async function identityOf(storage: Storage, snapshot: SnapshotRow): Promise<string | undefined> {
  if (snapshot.identity === undefined) return undefined
  // Our own row, written by this code.
  const row = (await storage.get('identities', snapshot.identity)) as IdentityRow | undefined
  if (row === undefined) return undefined
  const { did, handle, document, plcLog } = row
  return `${JSON.stringify({ did, handle, document, plcLog }, undefined, 2)}\n`
}

async function* blobRows(storage: Storage, did: string): AsyncGenerator<BlobRow> {
  const { from, to } = repoRange(did)
  let next = from
  for (;;) {
    const rows = await storage.list('blobs', { from: next, to, limit: PAGE })
    // Our own rows, written by this code.
    for (const { value } of rows) yield value as BlobRow
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    next = `${last.key}\u0000`
  }
}

async function* keptBlobs(storage: Storage, did: string): AsyncGenerator<BlobRow> {
  for await (const row of blobRows(storage, did)) if (row.state === 'kept') yield row
}

async function countBlobs(storage: Storage, did: string): Promise<{ kept: number; others: number }> {
  const counts = { kept: 0, others: 0 }
  for await (const row of blobRows(storage, did)) counts[row.state === 'kept' ? 'kept' : 'others']++
  return counts
}

/** The first bytes; undefined when the blob was deleted meanwhile, or the disk does not give it. */
async function headOf(storage: Storage, key: string): Promise<Uint8Array | undefined> {
  try {
    return await storage.readBytes(key, 0, MAGIC_BYTES)
  } catch (error) {
    if (hasCode(error, 'storage.segment-gone')) return undefined
    throw error
  }
}

async function* pieces(storage: Storage, key: string): AsyncGenerator<Uint8Array> {
  for (let from = 0; ; from += PIECE) {
    const piece = await storage.readBytes(key, from, from + PIECE)
    if (piece.length > 0) yield piece
    if (piece.length < PIECE) return
  }
}
