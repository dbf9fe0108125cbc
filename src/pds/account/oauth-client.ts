import {
  OAuthClient,
  type AtprotoDid,
  type DpopNonceCache,
  type OAuthClientMetadataInput,
  type SessionStore,
  type StateStore,
} from '@atproto/oauth-client'
import { requirePds, type Identity } from '../identity.ts'
import type { ClientMetadata } from './client.ts'
import { DPOP_ALGORITHM, DpopKey, makeDpopPair } from './dpop-key.ts'
import { AccountError } from './errors.ts'
import { guardedFetch } from './guarded-fetch.ts'
import type { AccountHost } from './host.ts'

/** What stands for a handle that does not lead back to its account (atproto). */
const NO_HANDLE = 'handle.invalid'
/** Servers change nonces every few minutes; what is older is asked for again. Servers that are remembered. */
const MAX_NONCES = 100

export interface ClientParts {
  readonly host: AccountHost
  readonly client: ClientMetadata
  readonly sessions: SessionStore
  readonly attempts: StateStore
  readonly nonces: DpopNonceCache
  /** pairs can be kept as they are */
  readonly holdsKeys: boolean
  readonly allowLocal: boolean
  /** told of every identity that was resolved on the way */
  readonly onIdentity?: (identity: Identity) => void
}

/**
 * The OAuth client for one set of metadata: with keys, network, identities, storage and locks of ours. Answers come
 * back behind the `#`, so that a code is in no request line and no server's log.
 */
export function oauthClient(parts: ClientParts): OAuthClient {
  const { host, client } = parts
  return new OAuthClient({
    // checked by the constructor
    clientMetadata: client as unknown as OAuthClientMetadataInput,
    responseMode: 'fragment',
    allowHttp: parts.allowLocal,
    fetch: guardedFetch(() => host.network()),
    identityResolver: {
      resolve: async (name) => {
        const identity = await host.resolve(name)
        parts.onIdentity?.(identity)
        return identityInfo(identity)
      },
    },
    stateStore: parts.attempts,
    sessionStore: parts.sessions,
    dpopNonceCache: parts.nonces,
    runtimeImplementation: {
      async createKey(algorithms) {
        if (!algorithms.includes(DPOP_ALGORITHM)) throw new AccountError('account.no-oauth', {})
        return await DpopKey.of(await makeDpopPair(!parts.holdsKeys))
      },
      getRandomValues: (length) => crypto.getRandomValues(new Uint8Array(length)),
      async digest(bytes, { name }) {
        return new Uint8Array(await crypto.subtle.digest(name.replace('sha', 'SHA-'), bytes))
      },
      requestLock: (name, work) => host.store.lock(name, async () => await work()),
    },
  })
}

/** Nonces of servers' proofs, for as long as this context lives. */
export function nonceCache(): DpopNonceCache {
  const nonces = new Map<string, string>()
  return {
    get: (origin) => nonces.get(origin),
    set(origin, nonce) {
      nonces.delete(origin)
      nonces.set(origin, nonce)
      for (const oldest of nonces.keys()) {
        if (nonces.size <= MAX_NONCES) break
        nonces.delete(oldest)
      }
    },
    del: (origin) => void nonces.delete(origin),
  }
}

type IdentityInfo = Awaited<ReturnType<OAuthClient['identityResolver']['resolve']>>

/** What the client reads of an identity: from the proven state, not from the document that came with it. */
function identityInfo(identity: Identity): IdentityInfo {
  // a resolved DID is a did:plc or did:web
  const did = identity.did as AtprotoDid
  const handle = identity.handleVerified ? (identity.handle ?? NO_HANDLE) : NO_HANDLE
  return {
    did,
    handle,
    didDoc: {
      '@context': ['https://www.w3.org/ns/did/v1'],
      id: did,
      alsoKnownAs: identity.handle === undefined ? [] : [`at://${identity.handle}`],
      service: [
        {
          id: '#atproto_pds',
          type: 'AtprotoPersonalDataServer',
          serviceEndpoint: requirePds(identity),
        },
      ],
    },
  }
}
