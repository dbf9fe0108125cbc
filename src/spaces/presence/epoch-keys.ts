import { fromHex } from '../../core/bytes.ts'
import { importSecret } from '../crypto.ts'
import type { EpochKey } from '../sealing/record.ts'
import type { PresenceOptions } from './model.ts'

/** Epochs under which words count: the newest, and those of others who have not heard of it yet. */
const EPOCHS = 4

/** The keys of the newest epochs, ready for use. */
export interface EpochKeys {
  /** under which this device speaks; undefined when it can open none */
  newest(): Promise<EpochKey | undefined>
  /** by name, hexadecimal; undefined for one that is not here, or whose time is over */
  find(name: string): Promise<EpochKey | undefined>
}

export function createEpochKeys(epochs: PresenceOptions['epochs']): EpochKeys {
  let ready = new Map<string, Promise<EpochKey>>()

  function keyOf(pick: (newest: string | undefined) => string | undefined): Promise<EpochKey | undefined> {
    const newest = epochs().slice(0, EPOCHS)
    const wanted = pick(newest[0]?.name)
    const found = newest.find(({ name }) => name === wanted)
    if (found === undefined) return Promise.resolve(undefined)
    const key = ready.get(found.name) ?? importEpoch(found)
    const names = new Set(newest.map(({ name }) => name))
    ready = new Map([...ready, [found.name, key] as const].filter(([name]) => names.has(name)))
    return key
  }

  return { newest: () => keyOf((newest) => newest), find: (name) => keyOf(() => name) }
}

async function importEpoch({ name, key }: { name: string; key: Uint8Array }): Promise<EpochKey> {
  return { epoch: fromHex(name) ?? new Uint8Array(), secret: await importSecret(key) }
}
