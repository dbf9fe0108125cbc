import { CALLBACK_PATH, handedOn } from '../../pds/account/callback.ts'

let held: string | undefined

/**
 * Takes the answer of a sign-in out of the address bar, before anything is drawn or a history entry is made: what
 * it holds opens a session. True when this page is only on the way to another address, and nothing is to be drawn.
 */
export function takeOAuthAnswer(): boolean {
  const next = handedOn(location.href)
  if (next !== undefined) {
    location.replace(next)
    return true
  }
  if (location.pathname !== CALLBACK_PATH) return false
  held = location.hash.slice(1)
  history.replaceState(null, '', CALLBACK_PATH)
  return false
}

/** The answer that waits for its sign-in to be ended; undefined when there is none. It does not outlive a reload. */
export const oauthAnswer = (): string | undefined => (held === '' ? undefined : held)

/** It counts once: whoever has handed it on drops it. */
export function dropOAuthAnswer(): void {
  held = undefined
}
