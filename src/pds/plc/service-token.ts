import { toBase64Url } from '@atcute/multibase'
import { utf8 } from '../../core/bytes.ts'
import { type PrivateKey, signWith } from './private-key.ts'

/** What a token is good for. */
export interface ServiceTokenClaims {
  /** DID of the account that speaks */
  readonly iss: string
  /** DID of the server that is spoken to */
  readonly aud: string
  /** NSID of the one method that it opens */
  readonly lxm: string
}

/** Long enough for one call over a slow line, s. */
const LIFETIME = 5 * 60

/**
 * A token by which an account proves itself to another server, signed with its #atproto key (atproto,
 * "Inter-Service Authentication"): a JWT with the same signature as commits.
 *
 * @param now ms
 * @param nonce random, so that no two tokens are the same
 */
export function serviceToken(
  claims: ServiceTokenClaims,
  key: PrivateKey,
  now: number,
  nonce: string,
): string {
  const seconds = Math.floor(now / 1000)
  const head = { typ: 'JWT', alg: key.curve === 'p256' ? 'ES256' : 'ES256K' }
  const body = { iat: seconds, exp: seconds + LIFETIME, ...claims, jti: nonce }
  const signed = [head, body].map((part) => toBase64Url(utf8(JSON.stringify(part)))).join('.')
  return `${signed}.${toBase64Url(signWith(key, utf8(signed)))}`
}
