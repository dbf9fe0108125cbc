import type { Net } from '../net.ts'
import { HUB } from './control.ts'
import type { HubEventTarget } from './hub.ts'
import { createLink, type Link, type Receiver } from './link.ts'
import { type ChannelOptions, type EventMap, EVENTS_PROTOCOL } from './model.ts'
import { createSpokeCore, type SpokeOptions, type StreamSpoke } from './spoke.ts'

export interface ServeOptions<M extends EventMap> extends ChannelOptions {
  readonly net: Net
  /** serves the spokes that open a stream */
  readonly hub: HubEventTarget<M>
  /** What a hub that opens a stream gets here; undefined refuses it. All are refused when left out. */
  readonly spokeFor?: (peer: string) => SpokeOptions<M> | undefined
  /** A hub has opened a stream, and this is its spoke. */
  readonly onHub?: (spoke: StreamSpoke<M>) => void
}

/**
 * Serves both roles on the one protocol, until the returned function is called: a stream is a spoke's, unless
 * it opens with `__hub`. So every node can be the hub of its friends and their spoke at once.
 */
export function serveEvents<M extends EventMap>(options: ServeOptions<M>): () => void {
  const { net, hub } = options
  const roleOf = (link: Link, type: string): Receiver | undefined => {
    if (type !== HUB) return hub.join(link)
    const mine = options.spokeFor?.(link.peer)
    if (mine === undefined) return undefined
    const core = createSpokeCore<M>(mine, link.peer)
    const receiver = core.join(link)
    const { peer, ended } = link
    const spoke = { ...core.target, peer, ended, call: core.call, close: () => link.close() }
    return {
      ...receiver,
      started() {
        receiver.started?.()
        options.onHub?.(spoke)
      },
    }
  }
  return net.handle(EVENTS_PROTOCOL, async (stream) => {
    let role: Receiver | undefined
    const link = createLink(stream, options, (link) => ({
      async envelope(envelope) {
        if (role === undefined) {
          role = roleOf(link, envelope.type)
          if (role === undefined) return void link.close()
          role.started?.()
        }
        if (envelope.type !== HUB) await role.envelope(envelope)
      },
      ended: (error) => role?.ended(error),
    }))
    await link.ended
  })
}
