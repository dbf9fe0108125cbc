import { openChannel } from '../cairn/network/channel.ts'
import type { NetworkHost } from '../cairn/network/host.ts'
import type { StartNode } from '../cairn/network/page-node.ts'
import type { CairnEvent } from '../cairn/api.ts'
import type { CairnHost, Siblings } from '../cairn/host.ts'
import { createSha256 } from '../core/hash.ts'
import { openStandardSocket } from '../pds/firehose/socket.ts'
import { createLanes } from '../core/sha256-lanes.ts'
import { createDigestAside, type DigestThread } from './digest-aside.ts'
import { openIndexedDb } from '../storage/indexeddb/open.ts'

export const timers: CairnHost['timers'] = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/**
 * What the engine gets of a browser's worker: of a page, with its node, or of the service worker.
 *
 * @param startDigest starts a thread that hashes, where there can be one
 */
export async function browserHost(
  context: NetworkHost['context'],
  startNode: StartNode,
  startDigest?: () => DigestThread,
): Promise<CairnHost> {
  const [storage, sha256, lanes] = await Promise.all([openIndexedDb(), createSha256(), createLanes()])
  const siblings = openChannel('cairn')
  return {
    storage,
    sha256,
    fetch: (url, init) => fetch(url, init),
    timers,
    clock: { now: () => Date.now() },
    random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    ...(lanes === undefined ? {} : { lanes }),
    ...(startDigest === undefined ? {} : { digestAside: createDigestAside(startDigest, timers) }),
    siblings: {
      send: (event) => siblings.post(event),
      // The only sender on this channel is this very code in another context.
      listen: (listener) => siblings.listen((data) => listener(data as CairnEvent)),
    } satisfies Siblings,
    persistence: {
      supported: typeof navigator.storage?.persisted === 'function',
      persisted: () => navigator.storage.persisted(),
    },
    network: network(context, startNode),
  }
}

function network(context: NetworkHost['context'], startNode: StartNode): NetworkHost {
  return {
    locks: navigator.locks,
    channel: openChannel('cairn-network'),
    app: self.location.origin,
    context,
    direct: context === 'page',
    background: background(),
    // The service worker runs for seconds, and asks each server once.
    ...(context === 'page' ? { live: { open: openStandardSocket, onOnline } } : {}),
    startNode,
    newId: () => crypto.randomUUID(),
  }
}

function onOnline(listener: () => void): () => void {
  self.addEventListener('online', listener)
  return () => self.removeEventListener('online', listener)
}

/** What this browser can do with no page open. */
function background(): NetworkHost['background'] {
  if (!('ServiceWorkerRegistration' in self)) return 'none'
  const { prototype } = ServiceWorkerRegistration
  if ('periodicSync' in prototype) return 'periodic'
  return 'sync' in prototype ? 'sync' : 'none'
}
