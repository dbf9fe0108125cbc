/** As many as are kept. */
const MAX_SERVERS = 6

/** What is wrong with a list of STUN servers, as a sentence; undefined when it will do. */
export function stunProblem(servers: readonly string[]): string | undefined {
  const wrong = servers.find((server) => server.length > 300 || !/^stuns?:[^\s/?#]+$/.test(server))
  if (wrong !== undefined)
    return `“${wrong.slice(0, 60)}” is no STUN server. One looks like stun:stun.example.org:3478.`
  return servers.length > MAX_SERVERS ? `At most ${MAX_SERVERS} are kept.` : undefined
}
