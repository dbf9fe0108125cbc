import { toBase64Url } from '@atcute/multibase'
import { equalBytes } from '../../core/bytes.ts'
import { deriveBytes, importSecret, KEY_BYTES, type Random, randomBytes } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { afterRoute, checkApp, fromText, pairFrom, pairText } from './address.ts'
import type { ShortLink } from './place.ts'
import {
  type Capability,
  encodeCapability,
  MAX_LONG_CAPABILITY_BYTES,
  parseCapability,
} from './capability.ts'

const ID_TAG = 'cairn.space.join-id.v1'

const ID_BYTES = 16
const ROUTE = '#/join/'
const LONG = /^[A-Za-z0-9_-]+$/
/** Longest text that is looked at: a long capability, and an address before it. */
const MAX_LINK = 2048 + Math.ceil((MAX_LONG_CAPABILITY_BYTES * 4) / 3)

/** A long join link: ask to join, without a relay. */
export interface LongLink {
  readonly kind: 'long'
  readonly capability: Capability
}

/** A new short link. */
export async function createShortLink(random: Random): Promise<ShortLink> {
  const secret = randomBytes(random, KEY_BYTES)
  return { kind: 'short', id: await idOf(secret), secret }
}

const idOf = async (secret: Uint8Array): Promise<Uint8Array> =>
  deriveBytes(await importSecret(secret), [ID_TAG], ID_BYTES)

/** `https://{app}/#/join/…`. `app` is where the app is served: an origin, and a path that ends with a slash. */
export function formatLink(app: string, link: ShortLink | LongLink): string {
  checkApp(app)
  if (link.kind === 'short') return `${app}${ROUTE}${pairText(link)}`
  const bytes = encodeCapability(link.capability)
  checkLong(link.capability, bytes)
  return `${app}${ROUTE}${toBase64Url(bytes)}`
}

/**
 * The join link in an address, in its part from `#` on, or in what follows `#/join/`. Nothing is trimmed or guessed:
 * one link has one text.
 *
 * @throws SpacesError `spaces.link-malformed`, `spaces.link-damaged` (some character is another),
 *   `spaces.capability-malformed`, `spaces.version`
 */
export async function parseLink(text: string): Promise<ShortLink | LongLink> {
  const rest = afterRoute(text, ROUTE, MAX_LINK)
  const short = pairFrom(rest)
  if (short !== undefined) {
    const link: ShortLink = { kind: 'short', ...short }
    if (!equalBytes(link.id, await idOf(link.secret))) throw new SpacesError('spaces.link-damaged')
    return link
  }
  if (!LONG.test(rest)) throw new SpacesError('spaces.link-malformed', { reason: 'form' })
  const bytes = fromText(rest)
  const capability = parseCapability(bytes)
  checkLong(capability, bytes)
  return { kind: 'long', capability }
}

/** The long form carries no epoch key, and asks. */
function checkLong({ approval }: Capability, bytes: Uint8Array): void {
  if (!approval) throw new SpacesError('spaces.capability-malformed', { reason: 'approval' })
  if (bytes.length > MAX_LONG_CAPABILITY_BYTES)
    throw new SpacesError('spaces.capability-malformed', { reason: 'size' })
}
