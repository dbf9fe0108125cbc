import { hash, randomInt } from 'node:crypto'
import type { Storage } from '../../storage/port.ts'
import type { Host } from '../../sync/host.ts'
import { timers } from '../timers.ts'
import type { StoreOptions } from './model.ts'

/** What the engine needs of this process, over the store's own storage. */
export function hostOf(options: StoreOptions, storage: Storage): Host {
  return {
    storage,
    fetch: options.fetch,
    sha256: (bytes) => hash('sha256', bytes, 'buffer'),
    timers,
    clock: { now: () => Date.now() },
    random: () => randomInt(2 ** 32),
    ...options.host,
  }
}
