import { toBase58Btc } from '@atcute/multibase'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import type { Prng } from './prng.ts'

export type Curve = 'p256' | 'k256'

/** A signing key of a made-up account. */
export interface TestKey {
  readonly curve: Curve
  readonly privateKey: Uint8Array
  /** compressed point, 33 bytes */
  readonly publicKey: Uint8Array
  readonly didKey: `did:key:${string}`
  /** 64 bytes, low-S, over SHA-256 of `message`, deterministic (RFC 6979) */
  sign(message: Uint8Array): Uint8Array<ArrayBuffer>
  /** the same signature with S in the upper half: valid mathematics, refused by atproto */
  signHighS(message: Uint8Array): Uint8Array<ArrayBuffer>
}

/** Multicodec prefixes of compressed public keys, as varints. */
const MULTICODEC: Record<Curve, readonly number[]> = { p256: [0x80, 0x24], k256: [0xe7, 0x01] }

export function createTestKey(prng: Prng, curve: Curve): TestKey {
  const algorithm = curve === 'p256' ? p256 : secp256k1
  const order = algorithm.Point.Fn.ORDER
  let privateKey = prng.bytes(32)
  while (!algorithm.utils.isValidSecretKey(privateKey)) privateKey = prng.bytes(32)
  const publicKey = algorithm.getPublicKey(privateKey, true)
  const sign = (message: Uint8Array): Uint8Array<ArrayBuffer> =>
    new Uint8Array(algorithm.sign(message, privateKey, { prehash: true, lowS: true, format: 'compact' }))
  return {
    curve,
    privateKey,
    publicKey,
    didKey: `did:key:${multikey(curve, publicKey)}`,
    sign,
    signHighS: (message) => {
      const signature = sign(message)
      const s = bytesToNumberBE(signature.subarray(32))
      signature.set(numberToBytesBE(order - s, 32), 32)
      return signature
    },
  }
}

/** `z…`: base58btc of the multicodec prefix and the compressed point. */
function multikey(curve: Curve, publicKey: Uint8Array): string {
  return `z${toBase58Btc(Uint8Array.from([...MULTICODEC[curve], ...publicKey]))}`
}

/** `did:plc:` and 24 base32 characters from the seed (of no real log). */
export function createTestDid(prng: Prng): `did:plc:${string}` {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  let id = ''
  for (let i = 0; i < 24; i++) id += alphabet[prng.int(32)]
  return `did:plc:${id}`
}

export interface TestDidDocument {
  readonly '@context': readonly string[]
  readonly id: string
  readonly alsoKnownAs: readonly string[]
  readonly verificationMethod: readonly {
    readonly id: string
    readonly type: 'Multikey'
    readonly controller: string
    readonly publicKeyMultibase: string
  }[]
  readonly service: readonly {
    readonly id: string
    readonly type: string
    readonly serviceEndpoint: string
  }[]
}

/** The DID document that a PLC directory would serve for this account. */
export function didDocument(
  did: string,
  handle: string,
  key: TestKey,
  endpoint = 'https://pds.example.com',
): TestDidDocument {
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did,
    alsoKnownAs: [`at://${handle}`],
    verificationMethod: [
      {
        id: `${did}#atproto`,
        type: 'Multikey',
        controller: did,
        publicKeyMultibase: key.didKey.slice('did:key:'.length),
      },
    ],
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: endpoint }],
  }
}
