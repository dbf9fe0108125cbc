import { PdsError } from './errors.ts'

/**
 * Keeps a hostile DID document, handle or redirect from pointing us into someone's own network.
 * This works on the URL alone: a public name that resolves to a private address cannot be seen from
 * a browser, whose own private-network rules have to catch it.
 *
 * The WHATWG URL parser has already turned odd IPv4 spellings (`0x7f.1`, `2130706433`, `0177.0.0.1`)
 * and odd IPv6 spellings into their one canonical form before anything is compared.
 */

/** IPv4 blocks that no public PDS lives in (IANA special-purpose registry): [base, prefix bits]. */
const REFUSED_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Name endings that belong to a machine or a private network (RFC 6761, 6762, 8375, ICANN .internal). */
const REFUSED_SUFFIXES = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'private',
  'lan',
  'home',
  'corp',
  'home.arpa',
  'localdomain',
  'onion',
  'invalid',
  'test',
  'example',
]

/** URLs longer than this are refused; the longest real request (64 CIDs) stays under 5 KB. */
const MAX_URL_LENGTH = 8192

/** Why a URL may not be asked, or undefined when it may. */
export function refusalOf(url: URL, allowLocal: boolean): string | undefined {
  if (url.protocol !== 'https:' && !(allowLocal && url.protocol === 'http:')) return 'scheme'
  if (url.username !== '' || url.password !== '') return 'credentials'
  if (url.href.length > MAX_URL_LENGTH) return 'too-long'
  if (url.hostname === '') return 'no-host'
  return allowLocal ? undefined : refusalOfHost(url.hostname)
}

/**
 * Parses and checks a URL. Throws `pds.address-refused { host, reason }` with the reasons `syntax`,
 * `scheme`, `credentials`, `too-long`, `no-host`, `private-address`, `local-name`.
 */
export function checkUrl(input: string | URL, allowLocal: boolean): URL {
  let url: URL
  try {
    url = new URL(input)
  } catch (cause) {
    throw new PdsError('pds.address-refused', { host: undefined, reason: 'syntax' }, { cause })
  }
  const reason = refusalOf(url, allowLocal)
  if (reason !== undefined) throw new PdsError('pds.address-refused', { host: url.host, reason })
  return url
}

function refusalOfHost(hostname: string): string | undefined {
  if (hostname.startsWith('[')) {
    const groups = parseV6(hostname.slice(1, -1))
    return groups === undefined || isRefusedV6(groups) ? 'private-address' : undefined
  }
  const v4 = parseV4(hostname)
  if (v4 !== undefined) return isRefusedV4(v4) ? 'private-address' : undefined
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname
  // a name of one label is looked up in the private network's search list
  if (!name.includes('.')) return 'local-name'
  return REFUSED_SUFFIXES.some((suffix) => name.endsWith(`.${suffix}`)) ? 'local-name' : undefined
}

function parseV4(host: string): number | undefined {
  const parts = host.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return undefined
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0)
}

function isRefusedV4(address: number): boolean {
  return REFUSED_V4.some(([base, bits]) => {
    const size = 2 ** (32 - bits)
    return Math.floor(address / size) === Math.floor((parseV4(base) ?? 0) / size)
  })
}

/** The eight 16-bit groups of a canonical IPv6 text, or undefined. */
function parseV6(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const groups = halves.map((half) => (half === '' ? [] : half.split(':').map((part) => parseInt(part, 16))))
  const head = groups[0] ?? []
  const tail = groups[1] ?? []
  const all = halves.length === 2 ? [...head, ...zeros(8 - head.length - tail.length), ...tail] : head
  return all.length === 8 && all.every((group) => group >= 0 && group <= 0xffff) ? all : undefined
}

function zeros(count: number): number[] {
  return Array.from({ length: Math.max(0, Math.min(8, count)) }, () => 0)
}

function isRefusedV6(groups: readonly number[]): boolean {
  const at = (index: number): number => groups[index] ?? 0
  const v4At = (index: number): number => at(index) * 65536 + at(index + 1)
  // only 2000::/3 is global unicast; loopback, link-local, unique-local and multicast all lie outside,
  // and the ranges below embed an IPv4 address or are for documents
  if (at(0) === 0x64 && at(1) === 0xff9b) return isRefusedV4(v4At(6))
  if (at(0) < 0x2000 || at(0) > 0x3fff) return true
  if (at(0) === 0x2002) return isRefusedV4(v4At(1))
  return at(0) === 0x2001 && (at(1) === 0x0db8 || at(1) < 0x0200)
}
