import type { Host as SyncHost } from '../sync/host.ts'
import type { CairnEvent } from './api.ts'
import type { NetworkHost } from './network/host.ts'

/** The other tabs of this device, which share its storage. */
export interface Siblings {
  send(event: CairnEvent): void
  listen(listener: (event: CairnEvent) => void): () => void
}

/** What the browser says of its promise to keep our storage. Only a page can ask for it. */
export interface Persistence {
  readonly supported: boolean
  persisted(): Promise<boolean>
}

/** A place that Cairn runs in: a page's worker, a service worker, Node. */
export interface CairnHost extends SyncHost {
  readonly siblings: Siblings | undefined
  readonly persistence: Persistence
  /** how to be part of a network of peers, where there is one */
  readonly network?: NetworkHost
}
