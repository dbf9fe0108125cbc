import { hash, randomInt } from 'node:crypto'
import { createLanes } from '../../core/sha256-lanes.ts'
import type { Storage } from '../../storage/port.ts'
import type { Host } from '../../sync/host.ts'
import { timers } from '../timers.ts'
import type { StoreOptions } from './model.ts'

/** What the engine needs of this process, over the store's own storage. */
export async function hostOf(options: StoreOptions, storage: Storage): Promise<Host> {
  const lanes = await createLanes()
  return {
    storage,
    fetch: options.fetch,
    sha256: (bytes) => hash('sha256', bytes, 'buffer'),
    timers,
    clock: { now: () => Date.now() },
    random: () => randomInt(2 ** 32),
    ...(lanes === undefined ? {} : { lanes }),
    ...options.host,
  }
}
