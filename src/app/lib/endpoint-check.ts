/** Names and addresses that lead back to this machine or its network. */
const LOCAL =
  /^(localhost|.*\.localhost|.*\.local|.*\.internal|127\.\d+\.\d+\.\d+|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+\.\d+|\[::1\]|\[f[cd][\da-f:]*\])$/i

/** The name or address opens on this machine or network, and nowhere else. */
export function isLocalHost(hostname: string): boolean {
  return LOCAL.test(hostname)
}

/**
 * What is wrong with an endpoint that a person typed, as a sentence; undefined when it will do. The
 * engine checks again before it asks anyone.
 */
export function endpointProblem(value: string, allowLocal: boolean, optional: boolean): string | undefined {
  const text = value.trim()
  if (text === '') return optional ? undefined : 'An address is needed here.'
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'That is not a web address. It starts with https://'
  if (url.username !== '' || url.password !== '')
    return 'An address with a name and password in it is not taken.'
  const local = isLocalHost(url.hostname)
  if (local && !allowLocal) return 'That is an address on this machine or network. Allow those below first.'
  if (url.protocol === 'http:' && !local) return 'Only https:// is safe for an address on the internet.'
  return undefined
}
