import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalPds, startLocalPds } from '../../../sync/testing/local-pds.ts'
import { createTestTimers, type TestTimers } from '../../../sync/testing/timers.ts'
import type { Store, StoreLimits, StoreOptions } from '../model.ts'
import { createStore } from '../store.ts'

const ROOMY: StoreLimits = {
  bytes: 1 << 30,
  bytesPerPeer: 1 << 29,
  repos: 100,
  reposPerPeer: 10,
  atOnce: 2,
  waiting: 10,
}

export interface StoreKit {
  readonly pds: LocalPds
  readonly timers: TestTimers
  readonly logged: { readonly event: string; readonly [name: string]: unknown }[]
  /** Opens the store, or opens it again after a close: always the same folder. */
  open(options?: Partial<Omit<StoreOptions, 'limits'>> & { limits?: Partial<StoreLimits> }): Promise<Store>
}

/** A real database in a folder of its own, and a server to keep repos from. Closes all it opened. */
export async function withStoreKit(use: (kit: StoreKit) => Promise<void>): Promise<void> {
  const pds = await startLocalPds()
  const dataDir = await mkdtemp(join(tmpdir(), 'cairn-store-'))
  const timers = createTestTimers()
  const opened: Store[] = []
  const logged: StoreKit['logged'] = []
  try {
    await use({
      pds,
      timers,
      logged,
      async open({ limits, ...options } = {}) {
        for (const store of opened.splice(0)) await store.close()
        const store = await createStore({
          dataDir,
          admission: { mode: 'open' },
          endpoints: pds.endpoints,
          fetch: pds.fetch,
          log: (event, fields) => void logged.push({ event, ...fields }),
          host: { timers, clock: timers.clock },
          ...options,
          limits: { ...ROOMY, ...limits },
        })
        opened.push(store)
        return store
      },
    })
  } finally {
    for (const store of opened) await store.close()
    await pds.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Every row and byte value of a store, as keys: what is the same before and after a refusal. */
export async function everyKey(store: Store): Promise<string[]> {
  const tables = ['repos', 'snapshots', 'identities', 'segments', 'imports', 'blobs', 'meta'] as const
  const out = (await store.storage.byteKeys()).map((key) => `bytes ${key}`)
  for (const table of tables) for (const key of await store.storage.keys(table)) out.push(`${table} ${key}`)
  return out.sort()
}
