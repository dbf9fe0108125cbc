import { useSyncExternalStore } from 'react'

/** A link whose secret part must be seen by nobody but the engine. */
export interface SecretLink {
  /** `join`: into a space; `device`: as another device of a person who is in it */
  readonly kind: 'join' | 'device'
  readonly url: string
}

/** Where what such a link opens is shown. A reload asks for the link again, since it is held in memory only. */
export const JOIN_PATH = '/join'

/** The longest form has 2,048 bytes in base64url; what is longer is none. */
const MAX_LINK = 4_096
const SECRET = /#\/(join|device)\/[\w.~-]/

let held: SecretLink | undefined
const listeners = new Set<() => void>()

/** What a text with such a link in it is; undefined for anything else. */
export function readSecretLink(text: string): SecretLink | undefined {
  const url = text.trim()
  const kind = url.length > MAX_LINK ? undefined : SECRET.exec(url)?.[1]
  return kind === 'join' || kind === 'device' ? { kind, url } : undefined
}

/** Keeps a link for the screen that opens it. What cannot be one is kept too: that screen says so. */
export function holdSecretLink(text: string): void {
  held = readSecretLink(text) ?? { kind: 'join', url: text.trim().slice(0, MAX_LINK) }
  for (const changed of listeners) changed()
}

export function dropSecretLink(): void {
  held = undefined
  for (const changed of listeners) changed()
}

export function useSecretLink(): SecretLink | undefined {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      return () => void listeners.delete(changed)
    },
    () => held,
    () => undefined,
  )
}

/**
 * Takes a link out of the address bar at once, now and whenever one is put there. Called before the first render
 * and before anything listens to the address: what comes after sees an address without a secret.
 */
export function guardAddress(): () => void {
  const take = () => {
    if (!/^#\/(join|device)(\/|$)/.test(location.hash)) return
    const { href } = location
    history.replaceState(null, '', JOIN_PATH)
    holdSecretLink(href)
  }
  take()
  addEventListener('popstate', take)
  addEventListener('hashchange', take)
  return () => {
    removeEventListener('popstate', take)
    removeEventListener('hashchange', take)
  }
}
