import type { Net } from '../../net/net.ts'
import { parseSpace, parseSpaceRepo } from '../../repo/space/uri.ts'
import type { SpaceReplica } from './model.ts'

/**
 * Which peers have proven, over a connection that is still there, that they may read a space. One for each node: packs,
 * digests, chunks and events ask it whatever they give away. What a key may is asked of the members each time, so one
 * who is removed is out with the next question.
 */
export interface SpaceAccess {
  /** The peer holds this key: a device's, or a live link's. */
  grant(peer: string, space: string, key: string): void
  /** We chose this store to keep the space: it may have what it cannot open. */
  grantStore(peer: string, space: string): void
  /** the key that the peer proved to hold here */
  keyOf(peer: string, space: string): string | undefined
  /** `id`: URI of a space, or of a space repo */
  mayRead(peer: string, id: string): boolean
  /** The same, for one whose proof may be on its way: waits for it for a while. */
  soonMayRead(peer: string, id: string, waitMs: number): Promise<boolean>
  /** Forgets what was proven for a space that is left. */
  forget(space: string): void
  close(): void
}

export interface SpaceAccessOptions {
  readonly net: Net
  readonly timers: { after(ms: number, run: () => void): () => void }
  readonly find: (space: string) => SpaceReplica | undefined
}

/** What one peer has proven. */
type Grant = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'store' }

/** Spaces that one peer proves to be in. */
const MAX_SPACES = 1024

export function createSpaceAccess({ net, timers, find }: SpaceAccessOptions): SpaceAccess {
  const grants = new Map<string, Map<string, Grant>>()
  const waiting = new Set<() => void>()
  let isClosed = false

  const set = (peer: string, space: string, grant: Grant): void => {
    const mine = grants.get(peer) ?? new Map<string, Grant>()
    if (!mine.has(space) && mine.size >= MAX_SPACES) return
    grants.set(peer, mine.set(space, grant))
    for (const look of [...waiting]) look()
  }
  const mayRead = (peer: string, id: string): boolean => {
    const space = spaceOf(id)
    const grant = space === undefined ? undefined : grants.get(peer)?.get(space)
    const replica = space === undefined || grant === undefined ? undefined : find(space)
    if (grant === undefined || replica === undefined) return false
    return grant.kind === 'store' || replica.mayRead(grant.key)
  }
  // Whoever connects again proves it again: a peer id may come back with another's blessing gone.
  const stop = net.onChange(() => {
    if (grants.size === 0) return
    const there = new Set(net.connections().map((it) => it.peer))
    for (const peer of grants.keys()) if (!there.has(peer)) grants.delete(peer)
  })

  return {
    grant: (peer, space, key) => set(peer, space, { kind: 'key', key }),
    grantStore: (peer, space) => set(peer, space, { kind: 'store' }),
    keyOf(peer, space) {
      const grant = grants.get(peer)?.get(space)
      return grant?.kind === 'key' ? grant.key : undefined
    },
    mayRead,
    soonMayRead(peer, id, waitMs) {
      const space = spaceOf(id)
      // What it proved is not enough: there is nothing to wait for.
      const isKnown = space === undefined || grants.get(peer)?.has(space) === true
      if (isClosed || isKnown) return Promise.resolve(mayRead(peer, id))
      return new Promise((resolve) => {
        const end = (may: boolean): void => {
          waiting.delete(look)
          cancel()
          resolve(may)
        }
        const look = (): void => {
          if (mayRead(peer, id)) end(true)
          else if (isClosed) end(false)
        }
        const cancel = timers.after(waitMs, () => end(mayRead(peer, id)))
        waiting.add(look)
      })
    },
    forget(space) {
      for (const mine of grants.values()) mine.delete(space)
    },
    close() {
      isClosed = true
      stop()
      grants.clear()
      for (const look of [...waiting]) look()
    },
  }
}

/** The space that a URI is, or that a repo's URI is of. */
export function spaceOf(id: string): string | undefined {
  return parseSpaceRepo(id)?.space ?? (parseSpace(id) === undefined ? undefined : id)
}
