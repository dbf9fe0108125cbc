/**
 * What of a multiaddr stands for one host when announcements are counted: an IPv4 address, or the /64 of an
 * IPv6 address, since a host has a /64 at least. Undefined for loopback and for what names no IP: behind a
 * proxy on the same machine everyone has that address.
 */
export function countedHost(address: string): string | undefined {
  const [, kind, host] = address.split('/')
  if (host === undefined) return undefined
  if (kind === 'ip4') return host.startsWith('127.') ? undefined : host
  if (kind !== 'ip6') return undefined
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1]
  if (mapped !== undefined) return countedHost(`/ip4/${mapped}`)
  const groups = expandIp6(host)
  if (groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1) return undefined
  return groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')
}

function expandIp6(host: string): number[] {
  const [head = '', tail] = host.split('%')[0]?.split('::') ?? []
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16) || 0)
  const first = groups(head)
  const last = tail === undefined ? [] : groups(tail)
  const zeros = Array.from<number>({ length: Math.max(0, 8 - first.length - last.length) }).fill(0)
  return [...first, ...zeros, ...last]
}
