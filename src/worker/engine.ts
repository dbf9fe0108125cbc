import type { Cairn, CairnEvent } from '../cairn/api.ts'
import { createCairn } from '../cairn/create.ts'
import type { Siblings } from '../cairn/host.ts'
import { deferCairn } from '../cairn/deferred.ts'
import { serveCairn } from '../cairn/remote.ts'
import { createSha256 } from '../core/hash.ts'
import { createLanesCheck } from '../core/sha256-lanes.ts'
import { openIndexedDb } from '../storage/indexeddb/open.ts'

/** The engine of one tab: everything that is not drawing runs here. */
async function start(): Promise<Cairn> {
  const [storage, sha256, digests] = await Promise.all([openIndexedDb(), createSha256(), createLanesCheck()])
  return createCairn({
    storage,
    sha256,
    fetch: (url, init) => fetch(url, init),
    timers: {
      after(ms, run) {
        const timer = setTimeout(run, ms)
        return () => clearTimeout(timer)
      },
    },
    clock: { now: () => Date.now() },
    random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    ...(digests === undefined ? {} : { digests }),
    siblings: siblings(),
    persistence: {
      supported: typeof navigator.storage?.persisted === 'function',
      persisted: () => navigator.storage.persisted(),
    },
  })
}

// Serving begins at once: a message that came while the database opens would otherwise be lost.
serveCairn(deferCairn(start()), self)

function siblings(): Siblings {
  const channel = new BroadcastChannel('cairn')
  return {
    send: (event) => channel.postMessage(event),
    listen(listener) {
      // The only sender on this channel is this very code in another tab.
      const hear = ({ data }: MessageEvent): void => listener(data as CairnEvent)
      channel.addEventListener('message', hear)
      return () => channel.removeEventListener('message', hear)
    },
  }
}
