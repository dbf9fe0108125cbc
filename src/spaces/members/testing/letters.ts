import { p256 } from '@noble/curves/nist.js'
import { fromHex } from '../../../core/bytes.ts'
import { encodeDagCbor } from '../../../repo/cbor/encode.ts'
import type { ClosingReason } from '../../links/closing.ts'
import type { LinkRecord } from '../../links/record.ts'
import type { Act } from '../model.ts'
import type { SignedOperation } from '../operation.ts'
import { did, keyOf, SPACE } from './story.ts'

/** Acts of links, joins and closings, whose own signatures do not hold either. */

const NO_SIGNATURE = new Uint8Array(64)
export const MADE = 1_700_000_000_000

/** A link whose key is that of somebody with this name. */
export function link(by: string, name: string, more: Partial<LinkRecord> = {}): Act {
  const { role, approval, created, expires, uses, epoch } = {
    ...{ role: 'writer', approval: false, created: MADE, expires: MADE + 1_000, uses: 4, epoch: null },
    ...more,
  }
  const map = { ver: 1, space: SPACE, link: did(name), role, approval, created, expires, uses, epoch }
  return { kind: 'link', body: { record: encodeDagCbor({ ...map, by: did(by), sig: NO_SIGNATURE }) } }
}

const cards = new Map<string, Uint8Array>()

function cardOf(device: string): Uint8Array {
  const held = cards.get(device)
  if (held !== undefined) return held
  const key = p256.getPublicKey(keyOf(device).privateKey, false)
  const card = encodeDagCbor({ ver: 1, device: did(device), key, sig: NO_SIGNATURE })
  cards.set(device, card)
  return card
}

/** `at`: ms after the link was made. */
export function join(device: string, name: string, at = 1, epoch: Uint8Array | null = null): Act {
  const map = { ver: 1, space: SPACE, link: did(name), device: did(device), card: cardOf(device) }
  const signed = { ...map, at: MADE + at, linkSig: NO_SIGNATURE, sig: NO_SIGNATURE }
  return { kind: 'join', body: { join: encodeDagCbor(signed), epoch } }
}

export function close(
  by: string,
  name: string,
  joins: readonly SignedOperation[] = [],
  reason: ClosingReason = 'revoked',
): Act {
  const ids = joins.map(joinId).sort().map(fromHex)
  const map = { ver: 1, space: SPACE, link: did(name), reason, joins: ids, by: did(by), sig: NO_SIGNATURE }
  return { kind: 'close', body: { closing: encodeDagCbor(map) } }
}

export function joinId({ operation: { letter } }: SignedOperation): string {
  return letter?.of === 'join' ? letter.join.id : ''
}
