import type { Net } from '../../net/net.ts'
import type { Networker } from '../../net/networker/model.ts'
import { createSpaceSync, type SpaceSyncNode } from '../../sync/spaces/sync.ts'
import type { CairnHost } from '../host.ts'
import type { Relays } from './relays.ts'

/** The network as group spaces use it, while it is up. */
export interface SpacesNet {
  readonly sync: SpaceSyncNode
  /** web addresses of the relays that were reached, in the order of the settings */
  relays(): readonly string[]
  /** Uses a relay from now on, besides those there are. */
  reach(url: string): Promise<void>
  /** Resolves when each relay was reached, or has failed once. */
  reached(): Promise<void>
  /** Brings every space in step with those within reach: what `whenCatchingUp` was told. */
  catchUp(): Promise<void>
  whenCatchingUp(run: () => Promise<void>): void
  /** what a person knows a peer by */
  nameOf(peer: string): string
}

export function createSpacesNet(options: {
  readonly host: CairnHost
  readonly net: Net
  readonly networker: Networker
  readonly relays: Relays
  readonly connectedStores: () => readonly string[]
  readonly reach: (url: string) => Promise<unknown>
}): SpacesNet {
  const { host, net, networker, relays, connectedStores, reach } = options
  const { storage, sha256, timers, clock, random } = host
  const isSame = (url: string) => (it: { readonly url: string }) => it.url === new URL('/', url).href
  let catchUp = async (): Promise<void> => {}
  return {
    catchUp: () => catchUp(),
    whenCatchingUp(run) {
      catchUp = run
    },
    sync: createSpaceSync({
      ...{ net, storage, sha256, timers, clock, random, networker },
      // Each store within reach is asked; its own rules say whether it takes a space in.
      stores: () => connectedStores(),
    }),
    relays: () => relays.facts().map(({ url }) => url),
    async reach(url) {
      if (!relays.status().some(isSame(url))) await reach(url)
    },
    reached: () => relays.reached(),
    nameOf(peer) {
      const url = relays.facts().find(({ peerId }) => peerId === peer)?.url
      return url === undefined ? `${peer.slice(0, 4)}…${peer.slice(-4)}` : new URL(url).host
    },
  }
}
