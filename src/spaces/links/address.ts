import { fromBase64Url, toBase64Url } from '@atcute/multibase'
import { SpacesError } from '../errors.ts'

const APP = /^https?:\/\/[^?#\s]+\/$/

/** Throws `spaces.invalid` unless this is where an app is served: an origin, and a path that ends with a slash. */
export function checkApp(app: string): void {
  if (!APP.test(app)) throw new SpacesError('spaces.invalid', { what: 'app' })
}

/**
 * What follows a route (`#/join/`) in an address, in its part from `#` on, or in a text that is that alone. Nothing is
 * trimmed or guessed: one link has one text. Throws `spaces.link-malformed` (`size`, `route`).
 */
export function afterRoute(text: string, route: string, most: number): string {
  if (text.length > most) throw new SpacesError('spaces.link-malformed', { reason: 'size' })
  const at = text.indexOf('#')
  if (at >= 0 && !text.startsWith(route, at))
    throw new SpacesError('spaces.link-malformed', { reason: 'route' })
  return at < 0 ? text : text.slice(at + route.length)
}

/** Decoders differ in what they let pass: only the text that these bytes are written as does here. */
export function fromText(text: string): Uint8Array {
  let bytes: Uint8Array | undefined
  try {
    bytes = fromBase64Url(text)
  } catch {
    // The same answer as for text that some decoders let pass.
  }
  if (bytes === undefined || toBase64Url(bytes) !== text)
    throw new SpacesError('spaces.link-malformed', { reason: 'base64url' })
  return bytes
}

const PAIR = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/

/** The bytes of `{id}.{secret}`: 16 and 32 of them; undefined for text of another form. */
export function pairFrom(text: string): { readonly id: Uint8Array; readonly secret: Uint8Array } | undefined {
  const found = PAIR.exec(text)
  return found === null ? undefined : { id: fromText(found[1] ?? ''), secret: fromText(found[2] ?? '') }
}

/** `{id}.{secret}`. */
export const pairText = (pair: { readonly id: Uint8Array; readonly secret: Uint8Array }): string =>
  `${toBase64Url(pair.id)}.${toBase64Url(pair.secret)}`
