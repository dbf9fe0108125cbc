import { cleanupOutdatedCaches, PrecacheController, PrecacheRoute } from 'workbox-precaching'
import type { PrecacheEntry } from 'workbox-precaching'
import { registerRoute } from 'workbox-routing'

declare const self: ServiceWorkerGlobalScope

/** As many as a browser has connections to one host over HTTP/1.1. */
const REQUESTS_AT_ONCE = 6

/**
 * Keeps the app's files when this worker is installed, all or none, and answers with them from then on.
 *
 * Workbox's own installation asks for one file after another; with a hundred and fifty small files every one of them would
 * wait for the line's delay.
 */
export function precache(entries: readonly (PrecacheEntry | string)[]): PrecacheController {
  const controller = new PrecacheController()
  controller.addToCacheList([...entries])
  registerRoute(new PrecacheRoute(controller))
  self.addEventListener('install', (event) => event.waitUntil(keepAll(event, controller, entries)))
  self.addEventListener('activate', (event) => event.waitUntil(controller.activate(event)))
  cleanupOutdatedCaches()
  return controller
}

async function keepAll(
  event: ExtendableEvent,
  controller: PrecacheController,
  entries: readonly (PrecacheEntry | string)[],
): Promise<void> {
  const waiting = entries.map((entry) => (typeof entry === 'string' ? { url: entry } : entry)).values()
  const lane = async (): Promise<void> => {
    for (const { url, revision } of waiting) await keep(event, controller, url, typeof revision === 'string')
  }
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, lane))
}

/** @param fixed its name stays when its bytes change: the HTTP cache may hold an older one */
async function keep(
  event: ExtendableEvent,
  controller: PrecacheController,
  url: string,
  fixed: boolean,
): Promise<void> {
  const { href } = new URL(url, self.location.href)
  const cacheKey = controller.getCacheKeyForURL(href)
  if (cacheKey === undefined) throw new RangeError(`not to be kept: ${url}`)
  const request = new Request(href, { cache: fixed ? 'reload' : 'default', credentials: 'same-origin' })
  await Promise.all(controller.strategy.handleAll({ params: { cacheKey }, request, event }))
}
