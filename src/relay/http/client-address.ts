import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Tells who is asking: an IP address as text, or `unknown`. */
export type ClientAddress = (request: IncomingMessage) => string

/** Whether an address, as `normalAddress` gives it, is of a reverse proxy that is believed. */
export type IsProxy = (address: string) => boolean

/**
 * Reverse proxies: those on this machine, and any that is named.
 *
 * @param trusted addresses or CIDR blocks of more proxies
 * @throws RangeError for one that is neither
 */
export function createProxies(trusted: readonly string[] = []): IsProxy {
  const proxies = new BlockList()
  proxies.addSubnet('127.0.0.0', 8, 'ipv4')
  proxies.addAddress('::1', 'ipv6')
  for (const block of trusted) addBlock(proxies, block)
  return (address) => isIn(proxies, address)
}

/**
 * The address that a request came from. A proxy is believed about who asked it: the last entry of its
 * `X-Forwarded-For`, which is the one it wrote itself.
 */
export function createClientAddress(isProxy: IsProxy): ClientAddress {
  return (request) => {
    const direct = normalAddress(request.socket.remoteAddress ?? '')
    if (!isProxy(direct)) return direct === '' ? 'unknown' : direct
    const last = String(request.headers['x-forwarded-for'] ?? '')
      .split(',')
      .at(-1)
    const told = normalAddress((last ?? '').trim())
    return isIP(told) === 0 ? direct : told
  }
}

/** Adds an address or a CIDR block. Throws `RangeError` for what is neither. */
function addBlock(list: BlockList, block: string): void {
  const [address = '', bits, ...more] = block.split('/')
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  const most = family === 'ipv6' ? 128 : 32
  const prefix = bits === undefined ? most : Number(bits)
  if (isIP(address) === 0 || more.length > 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > most) {
    throw new RangeError(`${block} is no address and no block of addresses`)
  }
  list.addSubnet(address, prefix, family)
}

/** An IPv4 address that came over an IPv6 socket, as IPv4; without port, brackets or zone. */
export function normalAddress(text: string): string {
  const bare = text.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/%.*$/, '')
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(bare)
  return mapped?.[1] ?? bare.toLowerCase()
}

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** What limits count by: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function limitKey(address: string): string {
  if (isIP(address) !== 6) return address
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0')
  return `${[...before, ...gap, ...after].slice(0, 4).join(':')}::/64`
}
