/** Characters of one entry. */
const MAX_LENGTH = 300
/** Servers in one list, and asked for one connection: browsers warn that more slow it down. */
export const MAX_STUN = 6

/**
 * True for `stun:HOST[:PORT]` and `stuns:HOST[:PORT]` (RFC 7064) with a name, an IPv4 address or an IPv6
 * address in brackets, and nothing else: one entry that a browser cannot read fails every direct connection.
 */
export function isStunServer(text: string): boolean {
  const address = /^stuns?:((?:\[[\dA-Fa-f:.]+\]|[\dA-Za-z._-]+)(?::[1-9]\d{0,4})?)$/.exec(text)?.[1]
  // What is left to check, numbers and brackets, is the same in every URL.
  return address !== undefined && text.length <= MAX_LENGTH && URL.canParse(`http://${address}/`)
}

/**
 * The servers of several lists, each once and at most `MAX_STUN`: the first of each list before the second of
 * any, so that no long list keeps the others out.
 */
export function mergeStun(lists: readonly (readonly string[])[]): string[] {
  const merged = new Set<string>()
  const longest = Math.max(0, ...lists.map((list) => list.length))
  for (let place = 0; place < longest; place++)
    for (const list of lists) {
      const server = list[place]
      if (server !== undefined && merged.size < MAX_STUN) merged.add(server)
    }
  return [...merged]
}
