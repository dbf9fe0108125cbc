import type { Timers } from '../../core/timers.ts'
import type { Net } from '../../net/net.ts'
import type { PackClient } from '../packs/client.ts'
import { openSpace, type SpaceClient, type Welcome } from './client.ts'
import type { SpaceReplica } from './model.ts'
import type { PackLine } from './pack-lines.ts'

/** Streams that nobody asks over are closed after this, ms: a burst of news needs no second handshake. */
const IDLE = 20_000

/** What leads to one peer for one space, opened when it is needed. */
export interface Line {
  /** The stream for the space, and what the peer said of itself when it was opened. */
  space(): Promise<{ readonly client: SpaceClient; readonly welcome: Welcome }>
  /** The stream for packs, which other spaces ask over too. */
  packs(): Promise<PackClient>
  /** Has proven to this peer who we are, as far as we know. */
  isProven(): boolean
  /** Nobody asks over it for now. */
  rest(): void
  /** Lets both streams go; the next question opens new ones. */
  drop(): void
}

export interface LineOptions {
  readonly net: Net
  readonly timers: Timers
  readonly random: () => number
  readonly peer: string
  readonly space: string
  readonly prove: NonNullable<SpaceReplica['prove']>
  readonly packs: PackLine
  readonly signal: AbortSignal
  /** A stream for the space was opened; proves who is who. */
  readonly greet: (client: SpaceClient) => Promise<Welcome>
}

export function createLine(options: LineOptions): Line {
  const { net, timers, random, peer, space: name, prove, packs, signal, greet } = options
  let space: Promise<{ readonly client: SpaceClient; readonly welcome: Welcome }> | undefined
  let proven = false
  let stopIdling = (): void => {}

  const closeSpace = (): void => {
    stopIdling()
    // One that never opened needs no closing.
    void space?.then(({ client }) => client.close()).catch(() => {})
    space = undefined
  }
  const open = async (): Promise<{ readonly client: SpaceClient; readonly welcome: Welcome }> => {
    const client = await openSpace(net, peer, { space: name, prove }, { timers, random, signal })
    try {
      const welcome = await greet(client)
      proven = true
      return { client, welcome }
    } catch (error) {
      client.close()
      throw error
    }
  }
  return {
    space() {
      stopIdling()
      space ??= open()
      return space
    },
    packs() {
      stopIdling()
      return packs.client()
    },
    isProven: () => proven,
    rest() {
      stopIdling()
      stopIdling = timers.after(IDLE, () => {
        // What was proven holds as long as the connection does.
        closeSpace()
        packs.leave()
      })
    },
    drop() {
      closeSpace()
      packs.drop()
      proven = false
    },
  }
}
