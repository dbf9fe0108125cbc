import { hasCode } from '../../../core/errors.ts'
import { getBlob } from '../../../pds/blobs.ts'
import { PdsError } from '../../../pds/errors.ts'
import { withRetry } from '../../../pds/retry.ts'
import { blobBytesKey, blobKey } from '../../../storage/rows.ts'
import type { BlobRow } from '../../blob-rows.ts'
import { keptBlob } from '../../lost-blobs.ts'
import { fraction } from '../../host.ts'
import type { Moving, Step } from '../context.ts'
import { MovingError } from '../errors.ts'

/** Blobs on their way at once. */
const AT_ONCE = 4
/** As many as one page may name. */
const PAGE = 500
/** A million blobs; far above any account. */
const MAX_PAGES = 2000

/** Hands over every blob that the new server lacks: from this device, else from the old server. */
export const blobsStep: Step = async (moving) => {
  const { did, row } = moving
  const wanted = await missingBlobs(moving)
  let at = 0
  let sent = 0
  let lacking = 0
  const work = async (): Promise<void> => {
    for (let cid = wanted[at++]; cid !== undefined; cid = wanted[at++]) {
      moving.signal.throwIfAborted()
      if (await sendBlob(moving, cid)) sent++
      else lacking++
      moving.progress(sent + lacking, wanted.length)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  if (lacking > 0 && !row.withoutBlobs) throw new MovingError('moving.blobs-lacking', { did, lacking })
  return { facts: { sent, lacking } }
}

/** CIDs that records at the new server name and that it has not got. */
export async function missingBlobs({ home }: Pick<Moving, 'home'>): Promise<string[]> {
  const cids = new Set<string>()
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const { data } = await home.call((agent) =>
      agent.com.atproto.repo.listMissingBlobs({
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      }),
    )
    const before = cids.size
    for (const { cid } of data.blobs) cids.add(cid)
    cursor = data.cursor
    // a page without anything new ends it, whatever its cursor says
    if (cursor === undefined || cids.size === before) break
  }
  return [...cids]
}

/** False when nobody has it. */
async function sendBlob(moving: Moving, cid: string): Promise<boolean> {
  const { host, did, home } = moving
  // only our own rows are in the table
  const row = (await host.storage.get('blobs', blobKey(did, cid))) as BlobRow | undefined
  const bytes = (await fromHere(moving, cid)) ?? (await fromOldServer(moving, cid))
  if (bytes === undefined) return false
  const encoding = row?.declaredType ?? 'application/octet-stream'
  const retrying = { timers: host.timers, random: fraction(host), signal: moving.signal }
  const { data } = await withRetry(
    () => home.call((agent) => agent.com.atproto.repo.uploadBlob(bytes, { encoding })),
    retrying,
  )
  const named = data.blob.ref.toString()
  if (named !== cid) throw new PdsError('pds.blob-mismatch', { host: home.host, did, cid, reason: 'hash' })
  return true
}

async function fromHere({ host, did }: Moving, cid: string): Promise<Blob | undefined> {
  try {
    if ((await keptBlob(host.storage, did, cid)) === undefined) return undefined
    return await host.storage.readBlob(blobBytesKey(did, cid))
  } catch (error) {
    if (hasCode(error, 'storage.segment-gone')) return undefined
    throw error
  }
}

async function fromOldServer(moving: Moving, cid: string): Promise<Blob | undefined> {
  const { did, row, network, signal } = moving
  if (row.kind === 'rescue' || row.from === undefined) return undefined
  try {
    return new Blob([await getBlob(network, { pds: row.from, did, cid, signal })])
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PdsError) return undefined
    throw error
  }
}
