import type { Host } from '../../host.ts'
import { withLevel } from '../../../storage/testing/node-host.ts'
import { createSyncKit, type SyncKit } from '../../testing/sync-kit.ts'
import { type LocalPds, startLocalPds } from '../../testing/local-pds.ts'

/** A guard runs in real time, a pause between two tries is over at once. */
const LEAST_GUARD = 15_000

export const realTimers = {
  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

export interface Device extends SyncKit {
  readonly host: Host
}

/** Two devices with a disk each, and the server that both know. */
export async function withTwoDevices(
  use: (devices: { readonly pds: LocalPds; readonly giver: Device; readonly taker: Device }) => Promise<void>,
): Promise<void> {
  const pds = await startLocalPds()
  const device = (storage: SyncKit['storage']): Device => {
    const kit = createSyncKit(storage, pds)
    const timers = {
      after: (ms: number, run: () => void) => (ms < LEAST_GUARD ? kit.timers : realTimers).after(ms, run),
    }
    return { ...kit, host: { ...kit.host, timers } }
  }
  try {
    await withLevel((theirs) => withLevel((ours) => use({ pds, giver: device(theirs), taker: device(ours) })))
  } finally {
    await pds.close()
  }
}
