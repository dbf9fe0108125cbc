import { cidString, CODEC_RAW } from '../../core/cid.ts'
import { IMAGE_HEAD_BYTES, imageTypeOf } from '../../repo/image-type.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import { blobBytesKey } from '../../storage/rows.ts'
import { changeBlob } from '../blob-rows.ts'
import type { Host } from '../host.ts'
import { keptBlob } from '../lost-blobs.ts'
import { draftFile } from './draft-file.ts'
import { blobsOf } from './encode.ts'
import { WritingError } from './errors.ts'
import { draftBytesKey, type DraftRow, type RecordValue } from './model.ts'

/** Files by their CID, as they are told by their bytes. */
export async function namedFiles(
  files: readonly Blob[],
  sha256: Host['sha256'],
): Promise<ReadonlyMap<string, Blob>> {
  const named = new Map<string, Blob>()
  for (const file of files) {
    const bytes = new Uint8Array(await file.arrayBuffer())
    named.set(cidString(CODEC_RAW, sha256(bytes)), file)
  }
  return named
}

/** Stores those of the files that the record names; the rest is dropped. */
export const keepFiles = (
  did: string,
  value: RecordValue | undefined,
  files: ReadonlyMap<string, Blob>,
): WriteOp[] =>
  blobsOf(value).flatMap(({ cid }): WriteOp[] => {
    const blob = files.get(cid)
    return blob === undefined ? [] : [{ type: 'put-blob', key: draftBytesKey(did, cid), blob }]
  })

/** Deletes the files of drafts that are gone, unless another draft names them too. */
export function dropFiles(gone: readonly DraftRow[], staying: readonly DraftRow[]): WriteOp[] {
  const wanted = new Set(staying.flatMap((row) => cidsOf(row)))
  return gone.flatMap((row) =>
    cidsOf(row)
      .filter((cid) => !wanted.has(cid))
      .map((cid): WriteOp => ({ type: 'delete-bytes', key: draftBytesKey(row.did, cid) })),
  )
}

const cidsOf = ({ value }: DraftRow): string[] => blobsOf(value).map(({ cid }) => cid)

/** A file by its CID, whether it came with a draft or is kept as a blob of the repo. */
export async function anyFile(storage: Storage, did: string, cid: string): Promise<Blob | undefined> {
  const own = await draftFile(storage, did, cid)
  if (own !== undefined) return own
  const row = await keptBlob(storage, did, cid)
  return row && storage.readBlob(blobBytesKey(did, cid))
}

/**
 * Makes a draft's files blobs of the repo, so that they are not fetched from the server that just got them. Doing it
 * twice changes nothing.
 */
export async function adoptFiles(storage: Storage, row: DraftRow): Promise<void> {
  for (const { cid, mimeType } of blobsOf(row.value)) {
    const blob = await draftFile(storage, row.did, cid)
    if (blob === undefined) continue
    const imageType = imageTypeOf(new Uint8Array(await blob.slice(0, IMAGE_HEAD_BYTES).arrayBuffer()))
    await changeBlob(
      storage,
      row.did,
      cid,
      { state: 'kept', bytes: blob.size, declaredType: mimeType, imageType },
      [{ type: 'put-blob', key: blobBytesKey(row.did, cid), blob }],
    )
  }
}

/** @throws WritingError `writing.blob-gone` when a file is nowhere: neither given, kept, nor in the record as it is */
export async function checkFiles(
  storage: Storage,
  did: string,
  value: RecordValue | undefined,
  has: (cid: string) => boolean,
): Promise<void> {
  for (const { cid } of blobsOf(value)) {
    if (has(cid) || (await anyFile(storage, did, cid)) !== undefined) continue
    throw new WritingError('writing.blob-gone', { cid })
  }
}
