import { mergeStun } from '../../net/node/stun.ts'
import { DEFAULT_STUN } from '../network-model.ts'
import type { RelayAddress, RelayLink } from './host.ts'

/**
 * The STUN servers to ask for a direct connection: the person's own list when it is another than the default;
 * else those that the connected relays name; else the default. A relay that names an empty list wants none
 * asked: where no other one names any, none is.
 */
export function stunServers(
  own: readonly string[],
  connected: readonly Pick<RelayAddress, 'stun'>[],
): readonly string[] {
  if (own.length !== 1 || own[0] !== DEFAULT_STUN) return own
  const named = connected.flatMap(({ stun }) => (stun === undefined ? [] : [stun]))
  return named.length === 0 ? own : mergeStun(named)
}

/** What a node keeps of its relays, to know at any time which STUN servers count. */
export interface StunSource {
  setRelays(relays: readonly RelayAddress[]): void
  servers(): readonly string[]
}

/** `links`: how the node's relays stand at that moment. */
export function createStunSource(
  own: readonly string[],
  links: () => readonly Pick<RelayLink, 'peerId' | 'state'>[],
): StunSource {
  let told: readonly RelayAddress[] = []
  return {
    setRelays: (relays) => void (told = relays),
    servers() {
      const connected = new Set(links().flatMap((it) => (it.state === 'connected' ? [it.peerId] : [])))
      return stunServers(
        own,
        told.filter((it) => connected.has(it.peerId)),
      )
    },
  }
}
