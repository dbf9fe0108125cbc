import { concat, toHex } from '../../core/bytes.ts'
import { deriveBytes, encodeParts, GCM_TAG_BYTES, KEY_BYTES } from '../crypto.ts'
import { HPKE_KEY_BYTES } from '../key-card.ts'
import { agreementOfScalar, pointOf } from './agreement.ts'
import { deriveScalar, importRecovery } from './derived.ts'
import { KeysError } from './errors.ts'
import { createKeyUnwrap, createKeyWrap } from './hpke.ts'
import type { Recovery } from './model.ts'

const PLACE_TAG = 'cairn.recovery.place.v1'
const OWNER_TAG = 'cairn.recovery.owner.v1'
const LIST_TAG = 'cairn.recovery.list-key.v1'
const KEY_TAG = 'cairn.recovery.key.v1'
const SEAL_TAG = 'cairn.recovery.sealed-key.v1'

/** A key of 32 bytes, sealed for a recovery: the encapsulated key, then what HPKE sealed. */
export const SEALED_KEY_BYTES = HPKE_KEY_BYTES + KEY_BYTES + GCM_TAG_BYTES

/**
 * What a device keeps of a recovery once the secret is with the person alone: enough to keep the list at the relays
 * up to date and to put keys into it, and not enough to take a key out. It survives a structured clone.
 */
export interface RecoveryFinder {
  /** 64 hexadecimal digits: where relays keep the list */
  readonly place: string
  /** 64 hexadecimal digits: what a relay asks for before it replaces or deletes the list */
  readonly owner: string
  /** 32 bytes: opens and seals the list */
  readonly listKey: Uint8Array
  /** 65 bytes: the recovery's public HPKE key */
  readonly publicKey: Uint8Array
}

/** What a recovery's list is found, opened and written by. Throws KeysError `keys.invalid`. */
export async function recoveryFinder(recovery: Recovery): Promise<RecoveryFinder> {
  const secret = await importRecovery(recovery)
  const derive = (tag: string) => deriveBytes(secret, [tag], KEY_BYTES)
  return {
    place: toHex(await derive(PLACE_TAG)),
    owner: toHex(await derive(OWNER_TAG)),
    listKey: await derive(LIST_TAG),
    publicKey: await pointOf((await ownPair(recovery)).publicKey),
  }
}

const ownPair = async (recovery: Recovery): Promise<CryptoKeyPair> =>
  agreementOfScalar(await deriveScalar(await importRecovery(recovery), [KEY_TAG]))

/** What a sealed key is: the seed of a recovery device, or the authority's key of a space. */
export type SealedKeyKind = 'seed' | 'authority'

const infoOf = (kind: SealedKeyKind, space: string): Uint8Array => encodeParts([SEAL_TAG, kind, space])
const NOTHING = new Uint8Array()

/** Seals a key of 32 bytes so that only the recovery's secret opens it. Throws KeysError `keys.invalid`. */
export async function sealForRecovery(
  { publicKey }: RecoveryFinder,
  kind: SealedKeyKind,
  space: string,
  key: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  if (key.length !== KEY_BYTES) throw new KeysError('keys.invalid', { what: 'key' })
  const { enc, sealed } = await createKeyWrap().seal(publicKey, infoOf(kind, space), NOTHING, key)
  return concat([enc, sealed])
}

/** What `sealForRecovery` sealed. Throws KeysError `keys.sealed-broken`. */
export async function openForRecovery(
  recovery: Recovery,
  kind: SealedKeyKind,
  space: string,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const parts = { enc: bytes.subarray(0, HPKE_KEY_BYTES), sealed: bytes.subarray(HPKE_KEY_BYTES) }
  const own = createKeyUnwrap('', await ownPair(recovery))
  const key =
    bytes.length === SEALED_KEY_BYTES ? await own.open(parts, infoOf(kind, space), NOTHING) : undefined
  if (key?.length !== KEY_BYTES) throw new KeysError('keys.sealed-broken', { space, what: kind })
  return key
}
