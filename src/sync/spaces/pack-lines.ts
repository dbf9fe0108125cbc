import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import type { Net } from '../../net/net.ts'
import { openPacks, type PackClient } from '../packs/client.ts'
import { unlessAborted } from '../unless-aborted.ts'

/**
 * Streams for packs, one to each peer for all spaces: what they ask at once goes together in one request, and many
 * spaces with the same people take no more of a peer's places than one.
 */
export interface PackLines {
  /** A place at the stream to this peer, for one space. */
  at(peer: string, signal: AbortSignal): PackLine
}

export interface PackLine {
  /** The stream, opened when the first asks for it. What is under way over it ends here when the signal aborts. */
  client(): Promise<PackClient>
  /** Nobody of this space asks over it for now; it is closed when that is true of all. */
  leave(): void
  /** It is not to be trusted any more: whoever asks from now on asks over a new one. */
  drop(): void
}

interface Shared {
  readonly client: Promise<PackClient>
  users: number
}

export function createPackLines({ net, timers }: { readonly net: Net; readonly timers: Timers }): PackLines {
  const open = new Map<string, Shared>()

  return {
    at(peer, signal) {
      let mine: Shared | undefined

      const leave = (): void => {
        if (mine === undefined) return
        const shared = mine
        mine = undefined
        if (--shared.users > 0) return
        if (open.get(peer) === shared) open.delete(peer)
        // One that never opened needs no closing.
        void shared.client.then((client) => client.close()).catch(() => {})
      }
      const take = (): Shared => {
        const shared = open.get(peer) ?? {
          client: openPacks(net, peer, { timers, clientId: net.self }),
          users: 0,
        }
        open.set(peer, shared)
        shared.users++
        return shared
      }
      return {
        async client() {
          // Nobody would give the place back.
          if (signal.aborted) throw cancelled()
          mine ??= take()
          return endingWith(await unlessAborted(mine.client, signal, cancelled), signal)
        },
        leave,
        drop() {
          if (mine !== undefined && open.get(peer) === mine) open.delete(peer)
          leave()
        },
      }
    },
  }
}

/** The same client, whose answers are not waited for any longer than the signal says. */
const endingWith = (client: PackClient, signal: AbortSignal): PackClient => ({
  peer: client.peer,
  pull: (asks, options) => unlessAborted(client.pull(asks, options), signal, cancelled),
  push: (commit) => unlessAborted(client.push(commit), signal, cancelled),
  chunk: (id, scopes) => unlessAborted(client.chunk(id, scopes), signal, cancelled),
  close: () => client.close(),
})

const cancelled = (): NetError => new NetError('net.cancelled')
