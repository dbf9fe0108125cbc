import type { Networker } from '../../net/networker/model.ts'
import type { Storage } from '../../storage/port.ts'
import type { LiveServer, NetworkStatus, PeerStatus } from '../network-model.ts'
import { peerName } from './copies.ts'
import type { Following } from './following.ts'
import type { NetworkHost, NodeHandle } from './host.ts'
import type { Relays } from './relays.ts'
import type { Transfers } from './transfers.ts'

export interface StatusParts {
  readonly storage: Storage
  readonly network: NetworkHost
  readonly node: NodeHandle
  readonly relays: Relays
  readonly networker: Networker
  readonly transfers: Transfers
  readonly relayOnly: boolean
  readonly live: { servers(): readonly LiveServer[] }
  readonly following: Pick<Following, 'didsOf'>
}

/** The network as the leader sees it now. */
export async function statusOf(parts: StatusParts): Promise<NetworkStatus> {
  const { storage, network, node, relays, networker, transfers, relayOnly, following, live } = parts
  const links = new Map((await node.peers()).map((it) => [it.peer, it]))
  const connections = new Map(node.net.connections().map((it) => [it.peer, it]))
  const peers = await Promise.all(
    [...networker.peers].map(async ({ id, remoteAddress, type, stream, topics }): Promise<PeerStatus> => ({
      peer: id,
      name: await peerName(storage, id),
      path: connections.get(id)?.path ?? type,
      address: connections.get(id)?.address ?? remoteAddress,
      kind: 'device',
      shared: following.didsOf(topics),
      since: stream.since,
      received: links.get(id)?.received ?? 0,
      sent: links.get(id)?.sent ?? 0,
      whyRelayed: links.get(id)?.whyRelayed,
    })),
  )
  return {
    role: 'leader',
    self: node.net.self,
    relays: relays.status(),
    peers,
    transfers: transfers.list(),
    live: live.servers(),
    direct: !network.direct ? 'unsupported' : relayOnly ? 'relay-only' : 'yes',
    background: network.background,
  }
}
