import { syncInterval, syncTag } from '../../cairn/background-sync.ts'
import type { Cairn } from '../../cairn/api.ts'

/** What Background Sync and Periodic Background Sync add; TypeScript's library does not describe them. */
interface SyncingRegistration {
  readonly sync?: { register(tag: string): Promise<void> }
  readonly periodicSync?: {
    register(tag: string, options: { readonly minInterval: number }): Promise<void>
    unregister(tag: string): Promise<void>
    getTags(): Promise<readonly string[]>
  }
}

export interface BackgroundHost {
  registration(): Promise<SyncingRegistration | undefined>
  /** the browser lets this site sync now and then by itself */
  mayRunPeriodically(): Promise<boolean>
  /** the browser knows that it has no network */
  isOffline(): boolean
  /** Told when nobody looks at the page any more. Returns how to stop. */
  onHidden(listener: () => void): () => void
}

const browserBackground: BackgroundHost = {
  async registration() {
    const registration: unknown = await navigator.serviceWorker?.getRegistration()
    // a registration, with what this browser has of the two interfaces
    return registration as SyncingRegistration | undefined
  },
  async mayRunPeriodically() {
    // a name that TypeScript's library does not know
    const name = 'periodic-background-sync' as PermissionName
    return (await navigator.permissions.query({ name })).state === 'granted'
  },
  isOffline: () => !navigator.onLine,
  onHidden(listener) {
    const onChange = () => {
      if (document.visibilityState === 'hidden') listener()
    }
    document.addEventListener('visibilitychange', onChange)
    return () => document.removeEventListener('visibilitychange', onChange)
  },
}

/**
 * Asks the browser to run the service worker when the page is left, when something is written that cannot go now and,
 * where it may, now and then; no longer when the network is off. Where a browser has none of it, nothing happens: the app catches up on open.
 */
export function keepInBackground(
  cairn: Pick<Cairn, 'network' | 'subscribe' | 'writing'>,
  host: BackgroundHost = browserBackground,
): () => void {
  // known before the page is left: there is no time to ask then
  let enabled = false
  let periodic: boolean | undefined

  const settle = async (): Promise<void> => {
    enabled = (await cairn.network.settings()).enabled
    if (enabled === periodic) return
    const { periodicSync } = (await host.registration()) ?? {}
    if (periodicSync === undefined || !(await host.mayRunPeriodically())) return
    const has = (await periodicSync.getTags()).includes(syncTag)
    if (enabled && !has) await periodicSync.register(syncTag, { minInterval: syncInterval })
    if (!enabled && has) await periodicSync.unregister(syncTag)
    periodic = enabled
  }
  const once = async (): Promise<void> => {
    if (enabled) await (await host.registration())?.sync?.register(syncTag)
  }
  /** A page that ends has no time to ask, so it asks as soon as it is known that something will be left. */
  const onceUnsent = async (): Promise<void> => {
    if (host.isOffline() && (await cairn.writing.counts()).length > 0) await once()
  }
  // a refusal of the browser is its answer; the Network screen says what it can do
  const quietly = (work: Promise<void>): void => void work.catch(() => {})

  quietly(settle())
  const stopHearing = cairn.subscribe((event) => {
    if (event.type === 'settings') quietly(settle())
    if (event.type === 'drafts') quietly(onceUnsent())
  })
  const stopHidden = host.onHidden(() => quietly(once()))
  return () => {
    stopHearing()
    stopHidden()
  }
}
