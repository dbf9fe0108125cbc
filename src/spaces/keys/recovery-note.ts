import * as v from 'valibot'
import { fromHex, toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { encodeParts, KEY_BYTES } from '../crypto.ts'
import type { KeyUnwrap, KeyWrap } from '../epochs/wrap.ts'
import { SpacesError } from '../errors.ts'
import { HPKE_KEY_BYTES, type KeyCard } from '../key-card.ts'
import { bytesOf, bytesUpTo, deviceDid, readMap, time, version1 } from '../maps.ts'
import type { RecoveryFinder } from './finder.ts'

/** Inner records by which a device tells another of its person's that there is a recovery; rkey: the other device. */
export const RECOVERY_NOTE = 'app.cairn.space.recovery'
const TAG = 'cairn.space.recovery-note.v1'
const MAX_BYTES = 1024

/** What a device of a person has to know of the recovery that another has made. Bytes: docs/spaces.md. */
export interface RecoveryNote {
  readonly finder: RecoveryFinder
  /** ms since 1970; when the person confirmed that they have the words */
  readonly confirmedAt: number
  /** the recovery's device in this space; null where it has none yet */
  readonly device: string | null
}

/** Who tells whom, and where. */
export interface NotePlace {
  readonly space: string
  /** `did:key` of the device that tells */
  readonly by: string
}

const bytes32 = bytesOf(KEY_BYTES)
const shape = v.strictObject({
  ver: version1,
  place: bytes32,
  owner: bytes32,
  listKey: bytes32,
  publicKey: bytesOf(HPKE_KEY_BYTES),
  confirmedAt: time,
  device: v.nullable(deviceDid),
})
const sealedShape = v.strictObject({
  ver: version1,
  enc: bytesOf(HPKE_KEY_BYTES),
  sealed: bytesUpTo(MAX_BYTES),
})

const infoOf = ({ space, by }: NotePlace): Uint8Array => encodeParts([TAG, space, by])

/** For one device, by its card. Throws KeysError `keys.invalid`. */
export async function sealRecoveryNote(
  at: NotePlace,
  to: KeyCard,
  { finder, confirmedAt, device }: RecoveryNote,
  wrap: KeyWrap,
): Promise<Uint8Array<ArrayBuffer>> {
  const { listKey, publicKey } = finder
  const plain = encodeDagCbor({
    ...{ ver: 1, place: fromHex(finder.place), owner: fromHex(finder.owner), listKey, publicKey },
    ...{ confirmedAt, device },
  })
  const { enc, sealed } = await wrap.seal(to.key, infoOf(at), encodeParts([to.device]), plain)
  return encodeDagCbor({ ver: 1, enc, sealed })
}

/**
 * What another device of the person told this one. The caller has seen to it that it is one.
 *
 * @throws SpacesError `spaces.device-malformed`, `spaces.device-broken`, `spaces.version`
 */
export async function openRecoveryNote(
  at: NotePlace,
  bytes: Uint8Array,
  unwrap: KeyUnwrap,
): Promise<RecoveryNote> {
  const { enc, sealed } = readMap(bytes, sealedShape, 'spaces.device-malformed', 2 * MAX_BYTES)
  const plain = await unwrap.open({ enc, sealed }, infoOf(at), encodeParts([unwrap.device]))
  if (plain === undefined) throw new SpacesError('spaces.device-broken')
  const { place, owner, listKey, publicKey, confirmedAt, device } = readMap(
    plain,
    shape,
    'spaces.device-malformed',
    MAX_BYTES,
  )
  const finder = { place: toHex(place), owner: toHex(owner), listKey, publicKey }
  return { finder, confirmedAt, device }
}
