import { toHex } from '../../../core/bytes.ts'
import { hasCode } from '../../../core/errors.ts'
import { listBlobs } from '../../../pds/blobs.ts'
import { getRepo } from '../../../pds/repo.ts'
import { repoRange } from '../../../storage/rows.ts'
import type { BlobRow } from '../../blob-rows.ts'
import { headOf } from '../../kept.ts'
import { commitInCar } from '../commit-in-car.ts'
import type { Moving, Step } from '../context.ts'
import { missingBlobs } from './blobs.ts'

/** Reads everything back from the new server, proves it, and compares it with what was sent. */
export const confirmStep: Step = async (moving) => {
  const { row } = moving
  const root = await rootThere(moving)
  return {
    facts: {
      // the same root is the same records, every one
      same: root !== undefined && root === row.sent?.data,
      records: row.sent?.records,
      pds: row.to.pds,
      blobsLacking: (await missingBlobs(moving)).length,
      blobsUnlisted: await unlisted(moving),
    },
  }
}

/** The tree's root at the new server, hex. */
async function rootThere(moving: Moving): Promise<string | undefined> {
  const { did, row, host, network, copies, signal } = moving
  try {
    await copies.update(did, signal)
    const head = await headOf(host.storage, did)
    return head && toHex(head.data)
  } catch (error) {
    // An older snapshot was restored than the newest that is kept: the head stays until something new is written.
    if (row.snapshot === undefined || !hasCode(error, 'repo.rev-rollback')) throw error
    const { body } = await getRepo(network, { pds: row.to.pds, did, signal })
    const commit = await commitInCar(body)
    return commit && toHex(commit.data)
  }
}

/** Blobs that are kept here and that the new server does not list; those of records long deleted among them. */
async function unlisted({ did, row, host, network, signal }: Moving): Promise<number> {
  const listed = new Set<string>()
  for await (const { cids } of listBlobs(network, { pds: row.to.pds, did, signal })) {
    for (const cid of cids) listed.add(cid)
  }
  // only our own rows are in the table
  const rows = (await host.storage.list('blobs', repoRange(did))).map(({ value }) => value as BlobRow)
  return rows.filter(({ cid, state, paths }) => state === 'kept' && paths.length > 0 && !listed.has(cid))
    .length
}
