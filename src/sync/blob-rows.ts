import { hasCode } from '../core/errors.ts'
import type { ImageType } from '../repo/image-type.ts'
import type { Guard, Storage, WriteOp } from '../storage/port.ts'
import { blobKey } from '../storage/rows.ts'
import { ifKept } from './kept.ts'

/** What is known of one blob. Table `blobs`, key: DID/CID. */
export interface BlobRow {
  readonly cid: string
  readonly state: 'kept' | 'wanted' | 'missing' | 'skipped' | 'failed'
  readonly bytes: number | undefined
  readonly declaredType: string | undefined
  /** the size that a record claims; absent when none says */
  readonly declaredBytes?: number | undefined
  readonly imageType: ImageType | undefined
  /** some records that refer to it */
  readonly paths: readonly string[]
}

/** The index of records may write the same row; each round sees what it wrote. */
const ROUNDS = 8

/**
 * Changes a blob's row, together with its bytes. What the index of records writes to it meanwhile stays; and a blob that
 * came in meanwhile is here, whatever another fetch found, or a person wanted, who did not know.
 */
export async function changeBlob(
  storage: Storage,
  did: string,
  cid: string,
  to: Partial<BlobRow>,
  ops: readonly WriteOp[] = [],
): Promise<void> {
  const key = blobKey(did, cid)
  for (let round = 1; ; round++) {
    const row = (await storage.get('blobs', key)) as BlobRow | undefined
    if (row?.state === 'kept' && to.state !== undefined && to.state !== 'kept') return
    const value: BlobRow = { ...(row ?? unknownBlob(cid)), ...to }
    const same: Guard = {
      table: 'blobs',
      key,
      holds(value) {
        const now = value as BlobRow | undefined
        // The index only ever adds paths, and a type where there was none.
        return now?.state === row?.state && now?.paths.length === row?.paths.length
      },
    }
    try {
      await storage.write([...ops, { type: 'put', table: 'blobs', key, value }], {
        guards: [ifKept(did), same],
      })
      return
    } catch (error) {
      const raced = hasCode(error, 'storage.conflict') && error.fields['table'] === 'blobs'
      if (!raced || round === ROUNDS) throw error
    }
  }
}

/** Notes blobs of which only the names are known, where nothing is known of them yet. */
export async function noteBlobs(storage: Storage, did: string, cids: readonly string[]): Promise<void> {
  for (let round = 1; ; round++) {
    const known = await storage.getMany(
      'blobs',
      cids.map((cid) => blobKey(did, cid)),
    )
    const ops = cids
      .filter((_, i) => known[i] === undefined)
      .map((cid): WriteOp => ({
        type: 'add',
        table: 'blobs',
        key: blobKey(did, cid),
        value: unknownBlob(cid),
      }))
    if (ops.length === 0) return
    try {
      await storage.write(ops, { durability: 'relaxed', guards: [ifKept(did)] })
      return
    } catch (error) {
      if (!hasCode(error, 'storage.exists') || round === ROUNDS) throw error
    }
  }
}

/** A blob of which only the name is known. */
export const unknownBlob = (cid: string): BlobRow => ({
  cid,
  state: 'wanted',
  bytes: undefined,
  declaredType: undefined,
  imageType: undefined,
  paths: [],
})
