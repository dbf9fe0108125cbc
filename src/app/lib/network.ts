import { useEffect } from 'react'
import type {
  Agreement,
  Cairn,
  CairnEvent,
  Copy,
  NetworkSettings,
  NetworkStatus,
  PeerStatus,
  RelayStatus,
} from '../../cairn/api.ts'
import { useLive, type Live } from './live.ts'

/** Reads of the network that several screens share. */

const aboutNetwork = (event: CairnEvent) => event.type === 'network'

export function useNetwork(): Live<NetworkStatus> {
  return useLive('network', (cairn) => cairn.network.status(), aboutNetwork)
}

/** Bytes on their way to others are told by nobody: they are looked at, while anyone sees them. */
export function usePulse(run: () => void, ms: number): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') run()
    }, ms)
    return () => clearInterval(timer)
  }, [run, ms])
}

export function useNetworkSettings(): Live<NetworkSettings> {
  return useLive(
    'network settings',
    (cairn) => cairn.network.settings(),
    (event) => event.type === 'settings' || event.type === 'network',
  )
}

/** Who keeps a repo, as far as this device knows; nobody is asked. */
export function useCopies(did: string): Live<readonly Copy[]> {
  return useLive(
    `copies ${did}`,
    (cairn) => cairn.network.copies(did),
    (event) => (event.type === 'copies' && event.did === did) || (event.type === 'repo' && event.did === did),
  )
}

export function useListed(did: string): Live<boolean> {
  return useLive(
    `listed ${did}`,
    (cairn) => cairn.network.listed(did),
    (event) => event.type === 'copies' && event.did === did,
  )
}

export function useAgreements(): Live<readonly Agreement[]> {
  return useLive(
    'agreements',
    (cairn) => cairn.network.agreements(),
    (event) => event.type === 'agreements' || event.type === 'network',
  )
}

/** Host and path of a web address, as a person calls it. */
export function siteName(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? url : `${parsed.host}${parsed.pathname === '/' ? '' : parsed.pathname}`
}

/** What a peer is called: by the person, by its web address when it is a relay, else by the end of its id. */
export function peerLabel(
  peer: string,
  name: string | undefined,
  relays: readonly Pick<RelayStatus, 'peer' | 'url'>[] = [],
): string {
  if (name !== undefined && name !== '') return name
  const relay = relays.find((each) => each.peer === peer)
  return relay === undefined ? `Device …${peer.slice(-6)}` : siteName(relay.url)
}

/** The name of a peer among those that are connected, or the end of its id. */
export function labelOf(peer: string, status: NetworkStatus | undefined): string {
  const known: PeerStatus | undefined = status?.peers.find((each) => each.peer === peer)
  return peerLabel(peer, known?.name, status?.relays)
}

/** Long enough for a node to be started on a slow phone. */
const UP_WITHIN_MS = 20_000

/**
 * Resolves when some tab of this device leads the network; also after a while when none does, so that what
 * is asked then says why. Turning the network on takes a moment.
 */
export async function networkUp(cairn: Cairn): Promise<void> {
  const up = Promise.withResolvers<void>()
  const look = async () => {
    const { role, self } = await cairn.network.status()
    if (role !== 'off' && self !== undefined) up.resolve()
  }
  // a look that fails is followed by the next event, or by the end of patience
  const stop = cairn.subscribe((event) => {
    if (event.type === 'network') look().catch(() => {})
  })
  const patience = setTimeout(() => up.resolve(), UP_WITHIN_MS)
  look().catch(() => {})
  await up.promise
  clearTimeout(patience)
  stop()
}
