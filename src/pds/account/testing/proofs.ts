import { createHash } from 'node:crypto'
import { fromBase64Url } from '@atcute/multibase'
import type { Asked } from '../../testing/world.ts'
import { isObject } from '../../values.ts'

export const s256 = (value: string): string => createHash('sha256').update(value).digest('base64url')

const REFUSED = { error: 'invalid_dpop_proof' } as const
const part = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64url').toString())

/**
 * Judges proofs of possession as RFC 9449 wants it: the thumbprint of the key that made one, or what is wrong. Each
 * counts once, for one method, one address and one token, and only with this nonce.
 */
export function createProofs(
  nonce: string,
): (asked: Asked, token?: string) => Promise<{ jkt: string } | { error: string }> {
  const seen = new Set<string>()
  return async ({ url, message }, token) => {
    const [head = '', body = '', signature = ''] = String(message.headers['dpop'] ?? '').split('.')
    const header = part(head)
    const claims = part(body)
    if (!isObject(header) || !isObject(claims) || !isObject(header['jwk'])) return REFUSED
    const jwk = header['jwk']
    if ('d' in jwk || header['typ'] !== 'dpop+jwt' || header['alg'] !== 'ES256') return REFUSED
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const key = await crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify'])
    const isSigned = await crypto.subtle.verify(
      { name: 'ECDSA', hash: 'SHA-256' },
      key,
      new Uint8Array(fromBase64Url(signature)),
      new TextEncoder().encode(`${head}.${body}`),
    )
    const id = String(claims['jti'])
    const isFresh = !seen.has(id) && Math.abs(Number(claims['iat']) - Date.now() / 1000) < 60
    seen.add(id)
    const isAbout = claims['htm'] === message.method && claims['htu'] === `${url.origin}${url.pathname}`
    const isOfToken = token === undefined || claims['ath'] === s256(token)
    if (!isSigned || !isFresh || !isAbout || !isOfToken) return REFUSED
    if (claims['nonce'] !== nonce) return { error: 'use_dpop_nonce' }
    const { crv, kty, x, y } = jwk
    return { jkt: s256(JSON.stringify({ crv, kty, x, y })) }
  }
}
