import type { IncomingMessage } from 'node:http'
import { refusalOf } from '../../pds/addresses.ts'

/**
 * Who can use the address that this relay is reached under:
 * - `anyone`: https on a public name
 * - `this-network`: https on a private name or address, for whoever is in that network
 * - `insecure`: http on another machine: browsers give such pages no storage, no service worker, no crypto
 * - `this-device`: loopback
 */
export type Reach = 'anyone' | 'this-network' | 'insecure' | 'this-device'

export function reachOf(url: URL): Reach {
  const host = url.hostname
  if (/^(localhost|127(\.\d+){3}|\[::1\])$/.test(host) || host.endsWith('.localhost')) return 'this-device'
  if (url.protocol !== 'https:') return 'insecure'
  return refusalOf(url, false) === undefined ? 'anyone' : 'this-network'
}

/** A host as browsers send it: a name, an IPv4 address or a bracketed IPv6 address, and a port. */
const HOST = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\.?|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/i

/**
 * Where the client reached us: by its Host header, since only it knows. `fallback` when that is none.
 * A proxy in front that ends TLS says so with `X-Forwarded-Proto`; believing it from anyone does no harm,
 * as the answer goes to nobody else.
 */
export function requestOrigin(request: IncomingMessage, secure: boolean, fallback: URL): URL {
  const host = request.headers.host ?? ''
  const told = String(request.headers['x-forwarded-proto'] ?? '')
    .split(',')
    .at(-1)
    ?.trim()
  const text = `${secure || told === 'https' ? 'https' : 'http'}://${host}/`
  return HOST.test(host) && URL.canParse(text) ? new URL(text) : fallback
}
