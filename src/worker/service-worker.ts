import { NavigationRoute, registerRoute } from 'workbox-routing'
import type { PrecacheEntry } from 'workbox-precaching'
import { downloadPrefix } from '../cairn/download-messages.ts'
import type { DownloadAlive, DownloadRequest } from '../cairn/download-messages.ts'
import { backgroundScript, syncTag } from '../cairn/background-sync.ts'
import { createDownloads } from './downloads.ts'
import { precache } from './precache.ts'

declare const self: ServiceWorkerGlobalScope & {
  /** every built file with its revision, put here by the build */
  readonly __WB_MANIFEST: readonly (PrecacheEntry | string)[]
  /** put here by the script at `backgroundScript` */
  readonly cairnCatchUp?: () => Promise<void>
}

/** Of Background Sync and Periodic Background Sync, which not every browser has. */
interface SyncEvent extends ExtendableEvent {
  readonly tag: string
}

type Message = { readonly type: 'SKIP_WAITING' | 'CLAIM' } | DownloadRequest | DownloadAlive

const downloads = createDownloads()

// Before the precache route: nothing under this prefix is a file.
registerRoute(
  ({ url, sameOrigin }) => sameOrigin && url.pathname.startsWith(downloadPrefix),
  ({ url }) => Promise.resolve(downloads.respond(url.pathname)),
)

const files = precache(self.__WB_MANIFEST)

// Any other page of the app opens from the precached shell, online or not.
registerRoute(
  new NavigationRoute(files.createHandlerBoundToURL('/index.html'), {
    denylist: [/^\/healthz$/, /^\/xrpc\//],
  }),
)

/**
 * A new version waits until the person agrees (the page then posts SKIP_WAITING), because a running
 * import belongs to the version that started it. The first version of all takes its open page over at
 * once, so that the first export already streams to disk.
 */
self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

self.addEventListener('message', (event: ExtendableMessageEvent) => {
  // Only our own pages can post to this worker, so the shape is ours.
  const message = event.data as Message
  if (message.type === 'SKIP_WAITING') event.waitUntil(self.skipWaiting())
  else if (message.type === 'CLAIM') event.waitUntil(self.clients.claim())
  else if (message.type === 'download-alive') event.waitUntil(downloads.alive(message, event.ports[0]))
  else if (message.type === 'download') {
    const port = event.ports[0]
    if (port !== undefined) event.waitUntil(downloads.offer(message, port))
  }
})

/**
 * The engine is large, and most starts of this worker only answer a fetch. So its script is kept with this
 * worker when it is installed, and run when the browser asks for a sync; it is there offline too.
 */
self.addEventListener('install', () => importScripts(backgroundScript))

/** Of static routing, which not every browser has and TypeScript's library does not describe. */
interface InstallEvent extends ExtendableEvent {
  addRoutes?(rules: readonly { condition: object; source: 'network' | 'cache' }[]): Promise<void>
}

/**
 * What is not one of the app's files goes to the network without waking this worker, and files whose names change
 * with their bytes come from where this worker keeps them. It is faster, and a new version takes over at once:
 * Chromium starts an old worker that must end again for any request to it, those of other pages too, and the new
 * one then waits until the old one has long been idle.
 */
self.addEventListener('install', (event) => {
  const { protocol, hostname, port } = self.location
  const elsewhere = { not: { urlPattern: { protocol: protocol.slice(0, -1), hostname, port } } }
  const services = ['/relay.json', '/healthz', '/xrpc/*'].map((urlPattern) => ({ urlPattern }))
  const toNetwork = [elsewhere, ...services].map((condition) => ({ condition, source: 'network' as const }))
  const toFiles = { condition: { urlPattern: '/assets/*' }, source: 'cache' as const }
  const added = (event as InstallEvent).addRoutes?.([...toNetwork, toFiles])
  // a browser that knows other conditions only serves all the same
  if (added !== undefined) event.waitUntil(added.catch(() => {}))
})

const catchUp = async (): Promise<void> => {
  if (self.cairnCatchUp === undefined) importScripts(backgroundScript)
  await self.cairnCatchUp?.()
}
for (const type of ['sync', 'periodicsync']) {
  self.addEventListener(type, (event) => {
    // the two names that are listened for carry this event
    const { tag, waitUntil } = event as SyncEvent
    if (tag === syncTag) waitUntil.call(event, catchUp())
  })
}
