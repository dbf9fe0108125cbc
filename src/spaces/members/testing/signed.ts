import { p256 } from '@noble/curves/nist.js'
import { sha256 } from '../../../pack/testing/sha256.ts'
import type { SpaceSigner } from '../../../repo/space/commit.ts'
import { signKeyCard } from '../../key-card.ts'
import { type ClosingReason, signLinkClosing } from '../../links/closing.ts'
import { signJoin } from '../../links/join.ts'
import { type LinkRecord, signLinkRecord } from '../../links/record.ts'
import { signConsent } from '../consent.ts'
import type { Act } from '../model.ts'
import { type SignedOperation, signOperation } from '../operation.ts'
import { MADE } from './letters.ts'
import { did, keyOf, SPACE } from './story.ts'

/** Operations and cards whose signatures hold. */

export const signerOf = (name: string): SpaceSigner => ({
  id: did(name),
  sign: async (bytes) => keyOf(name).sign(bytes),
})

export function signed(
  author: string,
  seq: number,
  parents: readonly SignedOperation[],
  act: Act,
  by?: string,
): Promise<SignedOperation> {
  const names = parents.map((it) => it.cid).sort()
  const fields = { space: SPACE, author: did(author), seq, parents: names, at: 0, act }
  return signOperation(fields, signerOf(author), by === undefined ? undefined : signerOf(by), sha256)
}

/** `seed` makes another HPKE key, and another card. */
export const signedCard = (device: string, seed = device): Promise<Uint8Array<ArrayBuffer>> =>
  signKeyCard(
    { device: did(device), key: p256.getPublicKey(keyOf(seed).privateKey, false) },
    signerOf(device),
  )

export async function signedDevice(by: string, person: string, device: string): Promise<Act> {
  const consent = await signConsent(
    { space: SPACE, by: did(by), person: did(person), device: did(device) },
    signerOf(device),
  )
  return { kind: 'device', body: { person: did(person), device: did(device), consent } }
}

export async function signedLink(by: string, name: string, more: Partial<LinkRecord> = {}): Promise<Act> {
  const record: LinkRecord = {
    ...{ space: SPACE, link: did(name), role: 'writer', approval: false, created: MADE, expires: null },
    ...{ uses: 2, epoch: null, by: did(by) },
    ...more,
  }
  return { kind: 'link', body: { record: await signLinkRecord(record, signerOf(by)) } }
}

export async function signedJoin(
  device: string,
  name: string,
  at = 1,
  epoch: Uint8Array | null = null,
): Promise<Act> {
  const fields = { space: SPACE, link: did(name), device: did(device), at: MADE + at }
  const card = await signedCard(device)
  return {
    kind: 'join',
    body: { join: await signJoin({ ...fields, card }, signerOf(name), signerOf(device)), epoch },
  }
}

export async function signedClose(
  by: string,
  name: string,
  joins: readonly SignedOperation[] = [],
  reason: ClosingReason = 'used-up',
): Promise<Act> {
  const ids = joins.flatMap(({ operation: { letter } }) => (letter?.of === 'join' ? [letter.join.id] : []))
  const closing = { space: SPACE, link: did(name), reason, joins: ids.sort(), by: did(by) }
  return { kind: 'close', body: { closing: await signLinkClosing(closing, signerOf(by)) } }
}
