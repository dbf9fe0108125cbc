import { toBase64Url } from '@atcute/multibase'
import { Key, type Jwk, type JwtHeader, type JwtPayload, type SignedJwt } from '@atproto/oauth-client'

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const
/** The one algorithm that every atproto server takes for proofs of possession. */
export const DPOP_ALGORITHM = 'ES256'

/** A key pair whose private part no script can read, unless it must be kept as bytes. */
export const makeDpopPair = (extractable: boolean): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(P256, extractable, ['sign', 'verify'])

/** What a pair is kept as where only bytes can be kept. */
export type PairJwk = JsonWebKey

export const pairToJwk = (pair: CryptoKeyPair): Promise<PairJwk> =>
  crypto.subtle.exportKey('jwk', pair.privateKey)

/** Throws what WebCrypto throws when that is no such key. */
export async function pairFromJwk(jwk: PairJwk): Promise<CryptoKeyPair> {
  const { d: _, key_ops: _ops, ...open } = jwk
  return {
    privateKey: await crypto.subtle.importKey('jwk', jwk, P256, true, ['sign']),
    publicKey: await crypto.subtle.importKey('jwk', open, P256, true, ['verify']),
  }
}

/** What tokens are bound to (RFC 9449), as the OAuth client uses it: it signs, and hands nothing out. */
export class DpopKey extends Key {
  readonly pair: CryptoKeyPair

  private constructor(jwk: Jwk, pair: CryptoKeyPair) {
    super(jwk)
    this.pair = pair
  }

  static async of(pair: CryptoKeyPair): Promise<DpopKey> {
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
    // an EC key of this curve has these four
    return new DpopKey({ kty, crv, x, y, alg: DPOP_ALGORITHM } as Jwk, pair)
  }

  /** It does sign, though its public half is all that can be seen of it. */
  override get isPrivate(): boolean {
    return true
  }

  override async createJwt(header: JwtHeader, payload: JwtPayload): Promise<SignedJwt> {
    const text = `${encoded(header)}.${encoded(payload)}` as const
    const algorithm = { name: P256.name, hash: 'SHA-256' }
    const bytes = new TextEncoder().encode(text)
    const signature = await crypto.subtle.sign(algorithm, this.pair.privateKey, bytes)
    return `${text}.${toBase64Url(new Uint8Array(signature))}`
  }

  /** Nothing here checks such proofs: servers do. */
  override verifyJwt(): Promise<never> {
    return Promise.reject(new TypeError('a key of proofs verifies none'))
  }
}

const encoded = (part: JwtHeader | JwtPayload): string =>
  toBase64Url(new TextEncoder().encode(JSON.stringify(part)))
