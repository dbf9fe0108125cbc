import { isStunServer, MAX_STUN } from '../../net/node/stun.ts'

/** What is wrong with a list of STUN servers, as a sentence; undefined when it will do. */
export function stunProblem(servers: readonly string[]): string | undefined {
  const wrong = servers.find((server) => !isStunServer(server))
  if (wrong !== undefined)
    return `“${wrong.slice(0, 60)}” is no STUN server. One looks like stun:stun.example.org:3478.`
  return servers.length > MAX_STUN ? `At most ${MAX_STUN} are kept.` : undefined
}
