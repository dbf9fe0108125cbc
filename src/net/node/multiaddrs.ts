import { isPrivate } from '@libp2p/utils'
import { CODE_P2P, CODE_P2P_CIRCUIT, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Path } from '../net.ts'

/** An address from its text; undefined when it is none. */
export function parseMultiaddr(text: string): Multiaddr | undefined {
  try {
    return multiaddr(text)
  } catch {
    return undefined
  }
}

const names = (address: Multiaddr): string[] => address.getComponents().map(({ name }) => name)

/** How bytes travel over a connection with this address: WebRTC is set up through a circuit and then leaves it. */
export function pathOf(address: Multiaddr): Path {
  const parts = names(address)
  return parts.includes('p2p-circuit') && !parts.includes('webrtc') ? 'relayed' : 'direct'
}

/** `plain` is dialed at once; `circuit` goes through a relay, and so does the setting up of `webrtc`. */
export type AddressKind = 'plain' | 'circuit' | 'webrtc'

export function kindOf(address: Multiaddr): AddressKind {
  const parts = names(address)
  if (parts.includes('webrtc')) return 'webrtc'
  return parts.includes('p2p-circuit') ? 'circuit' : 'plain'
}

/** The circuit address that reaches a peer by way of the relay named in `address`; undefined when none is. */
export function circuitTo(address: Multiaddr, peer: string): Multiaddr | undefined {
  return throughRelay(address, `/p2p-circuit/p2p/${peer}`)
}

/** The address that sets up WebRTC with a peer by way of the relay named in `address`. */
export function webrtcTo(address: Multiaddr, peer: string): Multiaddr | undefined {
  return throughRelay(address, `/p2p-circuit/webrtc/p2p/${peer}`)
}

function throughRelay(address: Multiaddr, rest: string): Multiaddr | undefined {
  const parts = address.getComponents()
  const circuit = parts.findIndex(({ code }) => code === CODE_P2P_CIRCUIT)
  if (circuit <= 0 || parts[circuit - 1]?.code !== CODE_P2P) return undefined
  return multiaddr(parts.slice(0, circuit)).encapsulate(rest)
}

/** The address with the peer id of whom it leads to at its end. */
export function withPeer(address: Multiaddr, peer: string): Multiaddr {
  return address.getComponents().at(-1)?.code === CODE_P2P ? address : address.encapsulate(`/p2p/${peer}`)
}

/** The peer id at the end of an address; undefined when it names none. */
export function peerOf(address: Multiaddr): string | undefined {
  const last = address.getComponents().at(-1)
  return last?.code === CODE_P2P ? last.value : undefined
}

/** Why an address must not be dialed; undefined when it may be. */
export type Refusal = 'private' | 'insecure'

/**
 * Whether the way that begins an address (up to a relay) leads into this machine or network, or is a WebSocket
 * without TLS. Names are judged as they stand: what they resolve to is the business of who resolves them.
 */
export function refusalOf(address: Multiaddr, secureOnly: boolean): Refusal | undefined {
  const parts = address.getComponents()
  const circuit = parts.findIndex(({ code }) => code === CODE_P2P_CIRCUIT)
  const way = circuit < 0 ? parts : parts.slice(0, circuit)
  const layers = way.map(({ name }) => name)
  const host = way.find(({ name }) => name.startsWith('dns'))?.value
  if (host !== undefined && isLocalName(host)) return 'private'
  if (way.length > 0 && isPrivate(multiaddr(way))) return 'private'
  return secureOnly && layers.includes('ws') && !layers.includes('tls') ? 'insecure' : undefined
}

function isLocalName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  return (
    name === 'localhost' || /\.(localhost|local|internal|lan|home\.arpa)$/.test(name) || !name.includes('.')
  )
}
