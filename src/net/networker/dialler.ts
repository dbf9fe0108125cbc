import type { Net } from '../net.ts'
import type { DialResult } from './book.ts'
import { withDeadline } from './deadline.ts'
import type { NetworkerLimits } from './limits.ts'
import type { Link } from './link-model.ts'
import type { Links } from './links.ts'
import type { Timers } from '../../core/timers.ts'
import { NETWORKER_PROTOCOL } from './wire.ts'

/** Opens streams to peers. */
export interface Dialler {
  /** Ends with the handshake. Never rejects. */
  dial(peer: string, addresses: readonly string[]): Promise<DialResult>
  /** Moves links from a circuit to a direct connection where there is one now. */
  upgrade(): void
  /** What the end of a link says about trying the peer again. */
  resultOf(link: Link): 'failed' | 'refused'
}

export interface DiallerInput {
  readonly net: Net
  readonly links: Links
  readonly timers: Timers
  readonly limits: NetworkerLimits
  readonly closing: AbortSignal
}

export function createDialler({ net, links, timers, limits, closing }: DiallerInput): Dialler {
  const upgrading = new Set<string>()
  // Streams that are being opened will need room too.
  let opening = 0

  const open = async (
    peer: string,
    addresses: readonly string[],
    directOnly: boolean,
  ): Promise<Link | undefined> => {
    opening++
    const stream = await withDeadline(
      timers,
      limits.dialMs,
      closing,
      (signal) => net.open(peer, NETWORKER_PROTOCOL, { signal, addresses }),
      (late) => late.abort(),
    ).finally(() => opening--)
    if (closing.aborted || (directOnly && stream.path !== 'direct')) {
      stream.abort()
      return undefined
    }
    const link = links.adopt(stream)
    await link.processed
    return link
  }
  const resultOf = (link: Link): 'failed' | 'refused' =>
    // They will not want us a second later either.
    link.farewell === 'refused' || link.farewell === 'stranger' || link.farewell === 'self'
      ? 'refused'
      : 'failed'

  const move = async (peer: string): Promise<void> => {
    upgrading.add(peer)
    try {
      await open(peer, [], true)
    } catch {
      // The circuit still serves; the next change of connections is another chance.
    }
    upgrading.delete(peer)
  }
  return {
    async dial(peer, addresses) {
      if (!links.room(opening)) return 'failed'
      try {
        const link = await open(peer, addresses, false)
        if (links.current(peer) !== undefined || link?.farewell === 'duplicate') return 'linked'
        return link === undefined ? 'failed' : resultOf(link)
      } catch {
        return 'failed'
      }
    },
    upgrade() {
      const direct = new Set(
        net
          .connections()
          .filter(({ path }) => path === 'direct')
          .map(({ peer }) => peer),
      )
      for (const link of links.all) {
        const { id, stream, state } = link
        if (state !== 'ready' || stream.type !== 'relayed' || links.current(id) !== link) continue
        // One side is enough, and the side that chooses needs no second word. Does not reject.
        if (net.self < id && direct.has(id) && !upgrading.has(id)) void move(id)
      }
    },
    resultOf,
  }
}
