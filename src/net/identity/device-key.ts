import { p256 } from '@noble/curves/nist.js'
import { formatDidKey } from '../../repo/signature.ts'
import type { ByteStore } from './transport-key.ts'

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SHA256 = { name: 'ECDSA', hash: 'SHA-256' } as const

/** Where a pair of keys is kept as it is, so that the private one need never leave the browser's keeping. */
export interface KeyPairStore {
  load(): Promise<CryptoKeyPair | undefined>
  save(pair: CryptoKeyPair): Promise<void>
}

/** The key that a device is known by. */
export interface DeviceKey {
  /** `did:key:zDn…` of its public half */
  readonly id: string
  /** ECDSA over SHA-256 on P-256, 64 bytes compact, low-S: what `verifySignature` takes */
  sign(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
}

/**
 * The device key in a store that holds keys themselves, as IndexedDB does; made on first use. It cannot be
 * read out: not by this code, nor by any that is smuggled into the page.
 */
export async function loadDeviceKey(store: KeyPairStore): Promise<DeviceKey> {
  const kept = await store.load()
  if (kept !== undefined) return fromPair(kept)
  const pair = await crypto.subtle.generateKey(ECDSA, false, ['sign', 'verify'])
  await store.save(pair)
  return fromPair(pair)
}

/** The device key in a store that holds bytes only, as files do: PKCS #8. What is kept and is none is replaced. */
export async function loadDeviceKeyBytes(store: ByteStore): Promise<DeviceKey> {
  const kept = await store.load()
  const key = kept === undefined ? undefined : await importPkcs8(kept)
  if (key !== undefined) return fromPair(key)
  const pair = await crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])
  await store.save(new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey)))
  return fromPair(pair)
}

async function fromPair({ publicKey, privateKey }: CryptoKeyPair): Promise<DeviceKey> {
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))
  return {
    id: formatDidKey({ curve: 'p256', point: p256.Point.fromBytes(raw).toBytes(true) }),
    async sign(bytes) {
      const made = new Uint8Array(await crypto.subtle.sign(SHA256, privateKey, new Uint8Array(bytes)))
      return lowS(made)
    },
  }
}

/** WebCrypto gives either of the two signatures that hold; the lower is the one that is accepted. */
function lowS(signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const { r, s } = p256.Signature.fromBytes(signature, 'compact')
  const order = p256.Point.Fn.ORDER
  const low = s > order / 2n ? order - s : s
  return new Uint8Array(new p256.Signature(r, low).toBytes('compact'))
}

async function importPkcs8(bytes: Uint8Array): Promise<CryptoKeyPair | undefined> {
  try {
    // Extractable only to find its public half, and kept no longer than that.
    const open = await crypto.subtle.importKey('pkcs8', new Uint8Array(bytes), ECDSA, true, ['sign'])
    const { d: _secret, key_ops: _uses, ...half } = await crypto.subtle.exportKey('jwk', open)
    const publicKey = await crypto.subtle.importKey('jwk', half, ECDSA, true, ['verify'])
    const privateKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(bytes), ECDSA, false, ['sign'])
    return { publicKey, privateKey }
  } catch {
    return undefined
  }
}
