import { toBase64Url } from '@atcute/multibase'
import { p256 } from '@noble/curves/nist.js'
import { importPoint } from './hpke.ts'

const ECDH = { name: 'ECDH', namedCurve: 'P-256' } as const
const USES: KeyUsage[] = ['deriveBits']

/** A new pair to agree on keys with. Its private half can be read out only where bytes have to be kept. */
export const makeAgreement = (extractable: boolean): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(ECDH, extractable, USES)

/** 65 bytes: the point of a public key. */
export const pointOf = async (publicKey: CryptoKey): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))

/** PKCS #8 of a pair's private half. */
export const agreementBytes = async (pair: CryptoKeyPair): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey))

/** The pair of `agreementBytes`; `point` is its public half. Rejects for what is no such key. */
export async function agreementOf(bytes: Uint8Array, point: Uint8Array): Promise<CryptoKeyPair> {
  const privateKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(bytes), ECDH, false, USES)
  return { privateKey, publicKey: await importPoint(point) }
}

/** The pair of a private key that is 32 bytes in range. */
export async function agreementOfScalar(scalar: Uint8Array): Promise<CryptoKeyPair> {
  const point = p256.getPublicKey(scalar, false)
  const half = {
    kty: 'EC',
    crv: 'P-256',
    x: toBase64Url(point.slice(1, 33)),
    y: toBase64Url(point.slice(33)),
  }
  const jwk = { ...half, d: toBase64Url(scalar) }
  const privateKey = await crypto.subtle.importKey('jwk', jwk, ECDH, false, USES)
  return { privateKey, publicKey: await importPoint(point) }
}
