import type { OAuthClient } from '@atproto/oauth-client'
import { CairnError } from '../../core/errors.ts'
import { checkUrl } from '../addresses.ts'
import { PdsError } from '../errors.ts'
import { requirePds, type Identity } from '../identity.ts'
import { parseAccountName } from '../input.ts'
import { getJson } from '../request.ts'
import { isObject } from '../values.ts'
import { CLIENT_METADATA_PATH, loopbackClient, type ClientMetadata } from './client.ts'
import { AccountError } from './errors.ts'
import type { AccountHost } from './host.ts'
import { nonceCache, oauthClient } from './oauth-client.ts'
import { oauthError } from './oauth-error.ts'
import { attemptStore, newcomerStore, type Newcomer, type StoreParts } from './oauth-stores.ts'
import { accountRow, sessionLock } from './model.ts'
import { ALL_SCOPES, BASE_SCOPE, COARSE_SCOPE, missingScopes } from './scopes.ts'

/** Client metadata is about a kilobyte, bytes. */
const MAX_METADATA = 16 * 1024
/** Longest answer that is read, characters. */
const MAX_ANSWER = 8192

/** What goes along with an attempt, and comes back with its answer. */
interface AppState {
  readonly client: ClientMetadata
  readonly asked: readonly string[]
  readonly expected: string | undefined
  readonly host: string
  readonly back: string | undefined
}

export interface BeginOptions {
  /** scopes besides `atproto`; what the account's session has already is asked for along with them */
  readonly scopes: readonly string[]
  /** given back by `finish`: where in the app this began */
  readonly back: string | undefined
}

export interface OAuthSignIn {
  /** See `SignIn.begin`. */
  begin(who: string, options: BeginOptions): Promise<{ readonly url: string; readonly host: string }>
  /** See `SignIn.finish`. */
  finish(answer: string): Promise<Finished>
}

export interface Finished {
  readonly did: string
  readonly back: string | undefined
  /** scopes that were asked for and that nothing granted covers */
  readonly lacking: readonly string[]
}

/** Signing in on the page of an account's server: PAR, PKCE and DPoP (atproto OAuth profile). */
export function createOAuthSignIn(host: AccountHost, parts: StoreParts): OAuthSignIn {
  const { store } = parts
  const nonces = nonceCache()
  const app = host.app ?? ''

  const clientWith = async (
    newcomer: Newcomer,
    onIdentity?: (identity: Identity) => void,
  ): Promise<OAuthClient> => {
    const { allowLocal } = await host.network()
    return oauthClient({
      host,
      client: newcomer.client,
      sessions: newcomerStore({ ...parts, ...newcomer }),
      attempts: attemptStore(parts),
      nonces,
      holdsKeys: parts.seal.holdsKeys,
      allowLocal,
      ...(onIdentity === undefined ? {} : { onIdentity }),
    })
  }

  return {
    async begin(who, { scopes, back }) {
      const client = await clientOf(host)
      const at = await whereTo(host, who)
      const had = at.did === undefined ? undefined : await accountRow(store, at.did)
      const held = had?.by === 'oauth' ? had.scopes : []
      const asked = scopesToAsk([...held, ...scopes], had?.coarse === true, client)
      const state: AppState = { client, asked, expected: at.did, host: at.host, back }
      try {
        const oauth = await clientWith({ client, asked, expected: at.did })
        await refuseWithout(oauth, at.service, at.host)
        const url = await oauth.authorize(at.did ?? at.service, {
          // a client's scope is a list with `atproto` in it
          scope: asked.join(' '),
          state: JSON.stringify(state),
        })
        return { url: checkUrl(url, (await host.network()).allowLocal).href, host: url.host }
      } catch (error) {
        throw oauthError(error, at.host, app)
      }
    },

    async finish(answer) {
      const params = new URLSearchParams(answer.slice(0, MAX_ANSWER))
      const attempt = await attemptStore(parts).get(params.get('state') ?? '')
      // sealed by `begin`
      const state = attempt?.appState === undefined ? undefined : (JSON.parse(attempt.appState) as AppState)
      if (state === undefined) throw new AccountError('account.attempt-unknown')
      let identity: Identity | undefined
      try {
        const oauth = await clientWith(state, (found) => {
          identity = found
        })
        const { session } = await oauth.callback(params)
        const did = session.did
        const handle = identity?.handleVerified === true ? identity.handle : undefined
        const scopes = await store.lock(sessionLock(did), async () => {
          const row = await accountRow(store, did)
          if (row !== undefined)
            await store.write([{ key: did, value: { ...row, handle: handle ?? row.handle } }])
          return row?.scopes ?? []
        })
        return { did, back: state.back, lacking: missingScopes(scopes, state.asked) }
      } catch (error) {
        throw oauthError(error, state.host, app)
      }
    },
  }
}

/** The client that this app is to servers. Throws `account.no-client`, or what fetching its metadata throws. */
async function clientOf(host: AccountHost): Promise<ClientMetadata> {
  const { app } = host
  if (app === undefined) throw new AccountError('account.no-client', { app: '' })
  const here = loopbackClient(app)
  if (here !== undefined) return here
  const url = new URL(CLIENT_METADATA_PATH, app).href
  // our own address may be one of a home network
  const network = { ...(await host.network()), allowLocal: true }
  const { status, json } = await getJson(network, url, { maxBytes: MAX_METADATA })
  if (status !== 200 || !isObject(json) || json['client_id'] !== url) {
    throw new AccountError('account.no-client', { app })
  }
  // the OAuth client checks the rest of it
  return json as unknown as ClientMetadata
}

interface WhereTo {
  readonly did: string | undefined
  /** origin of the PDS, or of whatever signs people in for it */
  readonly service: string
  readonly host: string
}

/** Whose page is to be opened: that of an account's server, or of one that was named by its address. */
async function whereTo(host: AccountHost, who: string): Promise<WhereTo> {
  const text = who.trim()
  if (/^https?:\/\/[^/]+\/?$/i.test(text)) {
    const { origin, host: name } = checkUrl(text, (await host.network()).allowLocal)
    return { did: undefined, service: origin, host: name }
  }
  const name = parseAccountName(text)
  const identity = await host.resolve(name.type === 'did' ? name.did : name.handle)
  const service = requirePds(identity)
  return { did: identity.did, service, host: new URL(service).host }
}

/** Without duplicates, declared by the client, and in the older words for servers that know no others. */
function scopesToAsk(wanted: readonly string[], coarse: boolean, client: ClientMetadata): string[] {
  const declared = client.scope.split(' ')
  const asked = new Set<string>([BASE_SCOPE])
  for (const scope of wanted) {
    const older = coarse && missingScopes([COARSE_SCOPE], [scope]).length === 0
    const one = older ? COARSE_SCOPE : scope
    if (declared.includes(one) && ALL_SCOPES.includes(one)) asked.add(one)
  }
  return [...asked]
}

/** Throws `account.no-oauth` when the server says nothing of signing in that can be used. */
async function refuseWithout(oauth: OAuthClient, service: string, host: string): Promise<void> {
  try {
    await oauth.oauthResolver.resolveFromService(service)
  } catch (error) {
    const known = oauthError(error, host, '')
    const isAnswer =
      known instanceof AccountError || (known instanceof PdsError && known.fields['retriable'] !== true)
    if (known instanceof CairnError && !isAnswer) throw known
    if (known instanceof PdsError && known.code !== 'pds.http') throw known
    throw new AccountError('account.no-oauth', { host }, { cause: error })
  }
}
