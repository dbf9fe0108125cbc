import { join } from 'node:path'
import type { Fetch } from '../pds/network.ts'
import type { Endpoints } from '../sync/host.ts'
import type { AddressGuard } from './guard/addresses.ts'
import { openWebSocket } from './guard/web-socket.ts'
import type { Log } from './http/log.ts'
import { createFirehoseSocket } from './store/firehose-socket.ts'
import { createFollowing } from './store/following.ts'
import type { Following } from './store/following.ts'
import type { Admission, Store, StoreLimits, StoreOptions } from './store/model.ts'
import { createStore } from './store/store.ts'

/** What a store keeps unless told otherwise. */
export const DEFAULT_STORE_LIMITS: StoreLimits = {
  /** 20 GiB: a few hundred repos with their blobs, and room on the smallest rented machine */
  bytes: 20 * 1024 ** 3,
  /** 4 GiB: a person's own repos and those of some friends */
  bytesPerPeer: 4 * 1024 ** 3,
  repos: 20_000,
  reposPerPeer: 200,
  /** as many as keep two cores busy with verifying */
  atOnce: 4,
  /** more than a relay's users ask for at once when it comes back after a failure */
  waiting: 500,
}

const DEFAULT_PLC = 'https://plc.directory'

/** Where a node asks for identities: the same services that the app asks unless told otherwise. */
export const endpointsOf = (options: {
  readonly plc?: string
  readonly allowLocal?: boolean
}): Endpoints => ({
  plc: options.plc ?? DEFAULT_PLC,
  doh: 'https://cloudflare-dns.com/dns-query',
  resolver: 'https://public.api.bsky.app',
  allowLocal: options.allowLocal === true,
})

/** The store is a folder of its own in the data folder. */
const storeFolder = (dataDir: string): string => join(dataDir, 'store')

export interface KeepingOptions {
  readonly dataDir: string
  readonly admission: Admission
  readonly limits?: Partial<StoreLimits>
  readonly endpoints: Endpoints
  readonly fetch: Fetch
  readonly log: Log
  readonly more?: Partial<StoreOptions>
}

/** Opens the store of a data folder. Rejects with `storage.blocked` while another process has it open. */
export function openStore(options: KeepingOptions): Promise<Store> {
  const { log } = options
  return createStore({
    dataDir: storeFolder(options.dataDir),
    admission: options.admission,
    limits: { ...DEFAULT_STORE_LIMITS, ...options.limits },
    endpoints: options.endpoints,
    fetch: options.fetch,
    log: (event, fields) => log('info', event, plain(fields)),
    ...options.more,
  })
}

/** Follows the event streams of the servers of what a store keeps, so that it is current within seconds. */
export function follow(store: Store, guard: AddressGuard, log: Log): Following {
  const following = createFollowing(store, {
    open: createFirehoseSocket((url) => openWebSocket(guard, url)),
    log: (event, fields) => log('info', event, plain(fields)),
  })
  following.update()
  return following
}

type Plain = NonNullable<Parameters<Log>[2]>

/** What a line of the log can hold. */
function plain(fields: Readonly<Record<string, unknown>>): Plain {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'number' || typeof value === 'boolean' ? value : String(value),
    ]),
  )
}
