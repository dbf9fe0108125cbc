import { refusalOf } from '../addresses.ts'
import { CALLBACK_PATH, LOCALHOST_CALLBACK_PATH } from './callback.ts'
import { ALL_SCOPES } from './scopes.ts'

/** Where a relay says what the app is that it serves. */
export const CLIENT_METADATA_PATH = '/oauth/client-metadata.json'

/** What servers are told of the app (atproto OAuth: client ID metadata document). */
export interface ClientMetadata {
  readonly client_id: string
  readonly client_name?: string
  readonly client_uri?: string
  readonly redirect_uris: readonly string[]
  readonly scope: string
  readonly grant_types: readonly ['authorization_code', 'refresh_token']
  readonly response_types: readonly ['code']
  readonly token_endpoint_auth_method: 'none'
  readonly application_type: 'web' | 'native'
  readonly dpop_bound_access_tokens: true
}

/**
 * The metadata of an app at an https address, which is served under {@link CLIENT_METADATA_PATH} of it.
 *
 * @param app with a slash at the end
 */
export function hostedClient(app: URL): ClientMetadata {
  return {
    client_id: new URL(`.${CLIENT_METADATA_PATH}`, app).href,
    client_name: 'Cairn',
    client_uri: app.href,
    redirect_uris: [new URL(`.${CALLBACK_PATH}`, app).href],
    application_type: 'web',
    ...COMMON,
  }
}

/**
 * Whether servers of today fetch the metadata of an app at this address: they ask no other port than 443, no address
 * without a name, and nobody under a name that is private.
 *
 * @param app with a slash at the end; the app itself needs a host name of its own
 */
export const isFetched = (app: URL): boolean =>
  app.protocol === 'https:' &&
  app.port === '' &&
  app.pathname === '/' &&
  !/^\[|^\d+(\.\d+){3}$/.test(app.hostname) &&
  refusalOf(app, false) === undefined

/**
 * An app that was opened from this machine: its metadata stands in its id, nobody fetches it. Undefined for an
 * origin that is no loopback one without TLS.
 */
export function loopbackClient(origin: string): ClientMetadata | undefined {
  const { protocol, hostname, port } = new URL(origin)
  if (protocol !== 'http:' || !['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return undefined
  const named = hostname === 'localhost'
  const host = named ? '127.0.0.1' : hostname
  const redirect = `http://${host}${port === '' ? '' : `:${port}`}${named ? LOCALHOST_CALLBACK_PATH : CALLBACK_PATH}`
  const query = new URLSearchParams({ scope: COMMON.scope, redirect_uri: redirect })
  return {
    client_id: `http://localhost?${query}`,
    redirect_uris: [redirect],
    application_type: 'native',
    ...COMMON,
  }
}

const COMMON = {
  scope: ALL_SCOPES.join(' '),
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  dpop_bound_access_tokens: true,
} as const
