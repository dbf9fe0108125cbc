import { toHex } from '../../../core/bytes.ts'
import { exportCar } from '../../../storage/export-car.ts'
import type { Storage } from '../../../storage/port.ts'
import type { SnapshotRow } from '../../../storage/rows.ts'
import type { Step } from '../context.ts'
import type { Sent } from '../model.ts'
import { chosenSnapshot } from './copy.ts'

const CAR_TYPE = 'application/vnd.ipld.car'

/** Hands the repo to the new server. */
export const repoStep: Step = async (moving) => {
  const { host, did, row, home, signal } = moving
  const snapshot = await chosenSnapshot(host.storage, did, row.snapshot)
  const sent: Sent = {
    snapshot: snapshot.id,
    commit: snapshot.commitCid,
    data: toHex(snapshot.data),
    records: snapshot.root.records,
  }
  await moving.change({ sent })
  const { data: before } = await home.call((agent) => agent.com.atproto.server.checkAccountStatus())
  const there = before.repoCommit === sent.commit && before.indexedRecords === sent.records
  if (!there) {
    const car = await carBlob(host.storage, snapshot, signal)
    await home.call((agent) => agent.com.atproto.repo.importRepo(car, { encoding: CAR_TYPE, signal }))
  }
  return { facts: { commit: sent.commit, records: sent.records } }
}

/**
 * A repo as a CAR in a Blob. Browsers hold those outside of the page and spill them to the disk; a stream as the body
 * of a request is something that they do over HTTP/2 alone.
 */
async function carBlob(storage: Storage, snapshot: SnapshotRow, signal: AbortSignal): Promise<Blob> {
  const parts: Blob[] = []
  for await (const chunk of exportCar(storage, snapshot)) {
    signal.throwIfAborted()
    parts.push(new Blob([chunk]))
  }
  return new Blob(parts, { type: CAR_TYPE })
}
