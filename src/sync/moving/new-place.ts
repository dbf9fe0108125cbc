import { isDid, isHandle } from '../../core/syntax.ts'
import { checkUrl } from '../../pds/addresses.ts'
import { PdsError } from '../../pds/errors.ts'
import type { Network } from '../../pds/network.ts'
import { queryJson } from '../../pds/xrpc.ts'

/** What a server says of itself before one has an account there (`com.atproto.server.describeServer`). */
export interface ServerFacts {
  /** origin */
  readonly pds: string
  readonly host: string
  /** DID of the server itself */
  readonly did: string
  readonly inviteNeeded: boolean
  readonly phoneNeeded: boolean
  /** endings of handles that it gives out, such as `.example.org` */
  readonly domains: readonly string[]
}

const MAX_DOMAINS = 20
const MAX_BYTES = 64 * 1024

/**
 * Asks a server what it is. `input`: its address, or its host name alone.
 *
 * @throws PdsError `pds.bad-response` when it is no PDS, and those of the way there
 */
export async function describeServer(
  network: Network,
  input: string,
  signal?: AbortSignal,
): Promise<ServerFacts> {
  const text = input.trim()
  const url = checkUrl(/^https?:\/\//i.test(text) ? text : `https://${text}`, network.allowLocal)
  const query = { service: url.origin, method: 'com.atproto.server.describeServer', params: {} }
  const answer = await queryJson(network, query, { signal, maxBytes: MAX_BYTES })
  const { did, availableUserDomains, inviteCodeRequired, phoneVerificationRequired } = answer
  if (typeof did !== 'string' || !isDid(did)) {
    throw new PdsError('pds.bad-response', { host: url.host, reason: 'server' })
  }
  const domains = Array.isArray(availableUserDomains) ? availableUserDomains : []
  return {
    pds: url.origin,
    host: url.host,
    did,
    inviteNeeded: inviteCodeRequired === true,
    phoneNeeded: phoneVerificationRequired === true,
    domains: domains
      .filter((it): it is string => typeof it === 'string' && it.startsWith('.') && isHandle(`a${it}`))
      .slice(0, MAX_DOMAINS),
  }
}

/** Whether the server gives this handle out itself; any other must point to the account by its own domain. */
export const isServersOwn = ({ domains }: Pick<ServerFacts, 'domains'>, handle: string): boolean =>
  domains.some((domain) => handle.endsWith(domain))
