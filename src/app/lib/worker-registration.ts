import type { Workbox } from 'workbox-window'

/** Looks for a new version this often while the app stays open, ms. */
const CHECK_EVERY = 60 * 60_000
/** An installation that failed is tried again after this, and after twice as long each time, up to `CHECK_EVERY`, ms. */
const FIRST_RETRY = 15_000

/**
 * A page that is being loaded while the first worker takes over is none of the pages that it takes over then, and
 * would stay without it: exports could not go to disk until the next load. So it asks.
 */
async function beClaimed(): Promise<void> {
  const { active } = await navigator.serviceWorker.ready
  if (navigator.serviceWorker.controller === null) active?.postMessage({ type: 'CLAIM' })
}

export interface NewVersions {
  /** one is installed, and waits to take over */
  readonly onWaiting: (workbox: Workbox) => void
  /** one has taken over from the worker that this page came from: the page is of an older version now */
  readonly onReplaced: () => void
}

/**
 * Registers the service worker, and looks for new versions of it until the returned function is called. A first
 * installation that fails (one of its files did not come) leaves no registration behind, so it is made again: after a
 * while, or when the network is back. Without a service worker the app works, online; there is nothing to tell.
 */
export function keepRegistered({ onWaiting, onReplaced }: NewVersions): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let delay = FIRST_RETRY
  let installed = false
  let left = false
  const workers = navigator.serviceWorker
  let { controller } = workers

  const register = async (): Promise<void> => {
    const { Workbox } = await import('workbox-window')
    if (left) return
    const workbox = new Workbox('/service-worker.js')
    workbox.addEventListener('waiting', () => onWaiting(workbox))
    workbox.addEventListener('redundant', () => {
      if (!installed) later()
    })
    const settle = (): void => {
      installed = true
      clearInterval(timer)
      timer = setInterval(() => void workbox.update().catch(() => {}), CHECK_EVERY)
    }
    workbox.addEventListener('installed', settle)
    const registration = await workbox.register()
    if (registration?.active) settle()
    await beClaimed()
  }
  const later = (): void => {
    if (left) return
    clearTimeout(timer)
    timer = setTimeout(attempt, delay)
    delay = Math.min(2 * delay, CHECK_EVERY)
  }
  const attempt = (): void => {
    clearTimeout(timer)
    timer = undefined
    register().catch(later)
  }
  /** Only one that waits is hurried: one under way goes on. */
  const hurry = (): void => {
    if (!installed && timer !== undefined) attempt()
  }

  const changed = (): void => {
    // the first of all takes over from none
    if (controller !== null) onReplaced()
    controller = workers.controller
  }

  addEventListener('online', hurry)
  workers.addEventListener('controllerchange', changed)
  attempt()
  return () => {
    left = true
    clearTimeout(timer)
    removeEventListener('online', hurry)
    workers.removeEventListener('controllerchange', changed)
  }
}
