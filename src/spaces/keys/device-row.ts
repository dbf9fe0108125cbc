import { hasCode } from '../../core/errors.ts'
import { type DeviceKey, loadDeviceKey, loadDeviceKeyBytes } from '../../net/identity/device-key.ts'
import { readKeyCard, signKeyCard } from '../key-card.ts'
import { agreementBytes, agreementOf, makeAgreement, pointOf } from './agreement.ts'
import { KeysError } from './errors.ts'
import { createKeyUnwrap } from './hpke.ts'
import type { SpaceDevice } from './model.ts'

/**
 * A device's keys for one space, as they are kept: pairs where the storage holds keys themselves, else PKCS #8. The
 * card is kept with them: signed anew it would have other bytes, and logs compare cards by their bytes.
 */
export type DeviceRow =
  | { readonly sign: CryptoKeyPair; readonly agree: CryptoKeyPair; readonly card: Uint8Array<ArrayBuffer> }
  | {
      readonly sign: Uint8Array<ArrayBuffer>
      readonly agree: Uint8Array<ArrayBuffer>
      readonly card: Uint8Array<ArrayBuffer>
    }

export interface MadeDevice {
  readonly row: DeviceRow
  readonly device: SpaceDevice
}

/** New keys whose private halves nobody can read out. */
export async function makePairs(): Promise<MadeDevice> {
  const kept = slot<CryptoKeyPair>()
  const key = await loadDeviceKey(kept)
  return assemble(key, await makeAgreement(false), (agree, card) => ({ sign: kept.value(), agree, card }))
}

/** New keys for a storage that takes bytes only. */
export async function makeBytes(): Promise<MadeDevice> {
  const kept = slot<Uint8Array<ArrayBuffer>>()
  const key = await loadDeviceKeyBytes({ load: kept.load, save: async (it) => kept.save(new Uint8Array(it)) })
  const open = await makeAgreement(true)
  const agree = await agreementBytes(open)
  const pair = await agreementOf(agree, await pointOf(open.publicKey))
  return assemble(key, pair, (_pair, card) => ({ sign: kept.value(), agree, card }))
}

async function assemble(
  key: DeviceKey,
  agree: CryptoKeyPair,
  rowOf: (agree: CryptoKeyPair, card: Uint8Array<ArrayBuffer>) => DeviceRow,
): Promise<MadeDevice> {
  const card = await signKeyCard({ device: key.id, key: await pointOf(agree.publicKey) }, key)
  return { row: rowOf(agree, card), device: deviceOf(key, agree, card) }
}

/** Throws KeysError `keys.damaged`: what is kept must not be replaced, since others know the device by it. */
export async function readDevice(space: string, value: unknown): Promise<SpaceDevice> {
  try {
    const row = rowOf(value)
    const { device, key: point } = await readKeyCard(row.card)
    const key = row.sign instanceof Uint8Array ? await fromBytes(row.sign) : await fromPair(row.sign)
    if (key.id !== device) throw new TypeError('signing key')
    const agree = row.agree instanceof Uint8Array ? await agreementOf(row.agree, point) : row.agree
    return deviceOf(key, agree, row.card)
  } catch (cause) {
    throw new KeysError('keys.damaged', { space }, { cause })
  }
}

const deviceOf = (key: DeviceKey, agree: CryptoKeyPair, card: Uint8Array<ArrayBuffer>): SpaceDevice => ({
  id: key.id,
  signer: key,
  unwrap: createKeyUnwrap(key.id, agree),
  card,
})

const fromPair = (sign: CryptoKeyPair): Promise<DeviceKey> =>
  loadDeviceKey({ load: async () => sign, save: refuse })

const fromBytes = (sign: Uint8Array): Promise<DeviceKey> =>
  loadDeviceKeyBytes({ load: async () => new Uint8Array(sign), save: refuse })

/** Nothing is made in place of what is kept. */
const refuse = (): Promise<never> => Promise.reject(new TypeError('no key'))

function rowOf(value: unknown): DeviceRow {
  if (typeof value === 'object' && value !== null && 'sign' in value && 'agree' in value && 'card' in value) {
    const { sign, agree, card } = value
    if (card instanceof Uint8Array) {
      const own = new Uint8Array(card)
      if (isPair(sign) && isPair(agree)) return { sign, agree, card: own }
      if (sign instanceof Uint8Array && agree instanceof Uint8Array)
        return { sign: new Uint8Array(sign), agree: new Uint8Array(agree), card: own }
    }
  }
  throw new TypeError('row')
}

const isPair = (value: unknown): value is CryptoKeyPair =>
  typeof value === 'object' &&
  value !== null &&
  'publicKey' in value &&
  'privateKey' in value &&
  value.publicKey instanceof CryptoKey &&
  value.privateKey instanceof CryptoKey

/** The storage cannot hold such a value. */
export const isNoValue = (error: unknown): boolean =>
  hasCode(error, 'storage.failed') && error.fields['reason'] === 'value'

/** Where a key that is being made is put, to go into one row with the rest. */
function slot<T>() {
  let kept: T | undefined
  return {
    load: async (): Promise<T | undefined> => undefined,
    save: async (value: T): Promise<void> => {
      kept = value
    },
    value(): T {
      if (kept === undefined) throw new TypeError('no key')
      return kept
    },
  }
}
