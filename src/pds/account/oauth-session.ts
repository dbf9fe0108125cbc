import { OAuthResponseError, type OAuthClient, type OAuthSession } from '@atproto/oauth-client'
import type { ClientMetadata } from './client.ts'
import { AccountError } from './errors.ts'
import type { AccountHost } from './host.ts'
import type { LeavingRow } from './leaving.ts'
import { accountRow, sessionLock, type AccountRow } from './model.ts'
import { nonceCache, oauthClient } from './oauth-client.ts'
import { oauthError } from './oauth-error.ts'
import { expired } from './rows.ts'
import { attemptStore, openSession, sessionStore, type StoreParts } from './oauth-stores.ts'

/** Sends the requests of an OAuth session, and ends it. */
export interface OAuthSessions {
  /**
   * One request of the account: `path` begins with `/xrpc/`. Tokens are renewed before they end, in one tab at a
   * time. Errors: `account.not-signed-in`, `account.expired`, those of `guardedFetch`.
   */
  send(did: string, path: string, init: RequestInit): Promise<Response>
  /** Ends the session at its server (RFC 7009). Resolves when the server has confirmed it, or it does not open. */
  revoke(row: LeavingRow): Promise<void>
}

export function createOAuthSessions(host: AccountHost, parts: StoreParts): OAuthSessions {
  const nonces = nonceCache()
  const clients = new Map<string, OAuthClient>()
  const live = new Map<string, { readonly signedInAt: number; readonly session: OAuthSession }>()

  const clientOf = async (client: ClientMetadata): Promise<OAuthClient> => {
    const { allowLocal } = await host.network()
    const key = `${allowLocal} ${client.client_id}`
    const made =
      clients.get(key) ??
      oauthClient({
        host,
        client,
        sessions: sessionStore({ ...parts, client }),
        attempts: attemptStore(parts),
        nonces,
        holdsKeys: parts.seal.holdsKeys,
        allowLocal,
      })
    clients.set(key, made)
    return made
  }

  async function sessionOf(row: AccountRow): Promise<OAuthSession> {
    const known = live.get(row.did)
    if (known?.signedInAt === row.signedInAt) return known.session
    const opened = await openSession(parts, row)
    if (opened === undefined) {
      await parts.store.lock(sessionLock(row.did), async () => {
        const now = await accountRow(parts.store, row.did)
        if (now?.signedInAt === row.signedInAt)
          await parts.store.write([{ key: row.did, value: expired(now) }])
      })
      throw expiredError(row)
    }
    const oauth = await clientOf(opened.client)
    const session = await oauth.restore(row.did, false)
    live.set(row.did, { signedInAt: row.signedInAt, session })
    return session
  }

  /** Whether this session, which was there a moment ago, is no more; told once. */
  async function hasEnded(row: AccountRow): Promise<boolean> {
    const now = await accountRow(parts.store, row.did)
    const ended = now?.signedInAt === row.signedInAt && now.state === 'expired'
    if (ended && row.state === 'active') host.changed()
    return ended
  }

  return {
    async send(did, path, init) {
      const row = await accountRow(parts.store, did)
      if (row === undefined) throw new AccountError('account.not-signed-in', { did })
      try {
        const answer = await (await sessionOf(row)).fetchHandler(path, init)
        // the client gives up a session whose token was refused and could not be renewed
        if (answer.status === 401 && (await hasEnded(row))) throw expiredError(row)
        return answer
      } catch (error) {
        if (await hasEnded(row)) throw expiredError(row, error)
        throw oauthError(error, new URL(row.pds).host, host.app ?? '')
      }
    },
    async revoke(row) {
      const opened = await openSession(parts, row)
      if (opened === undefined) return
      const { client, tokenSet, authMethod, dpopKey } = opened
      try {
        const oauth = await clientOf(client)
        const server = await oauth.serverFactory.fromIssuer(tokenSet.iss, authMethod, dpopKey)
        await server.request('revocation', { token: tokenSet.refresh_token ?? tokenSet.access_token })
      } catch (error) {
        // a server that no longer knows the token has ended the session
        if (error instanceof OAuthResponseError && error.error === 'invalid_token') return
        throw oauthError(error, new URL(row.pds).host, host.app ?? '')
      }
    },
  }
}

const expiredError = ({ did, handle }: AccountRow, cause?: unknown): AccountError =>
  new AccountError('account.expired', { did, handle }, { cause })
