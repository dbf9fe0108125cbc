import { createHash, timingSafeEqual } from 'node:crypto'
import { StoreError } from './errors.ts'
import type { Admission, Asker } from './model.ts'

/**
 * Lets an asker in, or not. A peer id is proven by the handshake; a token is a shared secret that whoever has
 * it may pass on. It is said once for each repo: `isKnown` tells that this peer's wish for it stands already.
 *
 * @throws StoreError `store.not-admitted` ({ reason: 'token' | 'not-listed' })
 */
export function admitAsker(admission: Admission, by: Asker, did: string, isKnown: boolean): void {
  if (by === 'operator' || admission.mode === 'open') return
  if (admission.mode === 'token') {
    if (isKnown && by.token === undefined) return
    const given = digest(by.token ?? '')
    // All are compared, in constant time: how long it takes tells nothing of any of them.
    const known = admission.tokens.filter((token) => timingSafeEqual(digest(token), given)).length > 0
    if (!known || by.token === undefined || by.token === '')
      throw new StoreError('store.not-admitted', { reason: 'token' })
    return
  }
  if (!admission.peers.includes(by.peer) && !admission.dids.includes(did))
    throw new StoreError('store.not-admitted', { reason: 'not-listed' })
}

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest()
