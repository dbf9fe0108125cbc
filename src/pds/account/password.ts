import { requirePds } from '../identity.ts'
import { parseAccountName } from '../input.ts'
import { isObject } from '../values.ts'
import { callProcedure, type Send, textIn } from './call.ts'
import { callError, isCallError } from './call-error.ts'
import { AccountError } from './errors.ts'
import { guardedFetch } from './guarded-fetch.ts'
import type { AccountHost } from './host.ts'
import { leave, type LeavingRow } from './leaving.ts'
import { accountRow, sessionLock, type AccountRow } from './model.ts'
import { beginsAt, expired } from './rows.ts'
import { APP_PASSWORD_SCOPES, FULL_PASSWORD_SCOPES } from './scopes.ts'
import { openSeal, type Seal } from './seal.ts'

/** What is sealed of a session by password. The password itself is kept nowhere. */
interface PasswordTokens {
  readonly access: string
  readonly refresh: string
}

export interface PasswordSignIn {
  /** a handle, a DID, or what else names an account */
  readonly who: string
  readonly password: string
  /** the code that the server has sent by mail, where it asks for one */
  readonly code?: string
}

/** Sessions by password: an app password, or the account's own. */
export interface PasswordSessions {
  /** See `SignIn.withPassword`. */
  signIn(input: PasswordSignIn): Promise<string>
  /** One request of the account; as `OAuthSessions.send`. */
  send(did: string, path: string, init: RequestInit): Promise<Response>
  /** Ends the session at its server. Resolves when the server has confirmed it, or says that it had ended. */
  revoke(row: LeavingRow): Promise<void>
}

export async function createPasswordSessions(host: AccountHost): Promise<PasswordSessions> {
  const { store } = host
  const seal = await openSeal(store)
  const fetch = guardedFetch(() => host.network())
  const to =
    (pds: string): Send =>
    (path, init) =>
      fetch(new URL(path, pds), init)
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

  /** New tokens in place of those that a request was just refused with, unless another tab was faster. */
  function renewed(did: string, used: string): Promise<PasswordTokens | undefined> {
    return store.lock(sessionLock(did), async () => {
      const row = await accountRow(store, did)
      const tokens = await tokensOf(seal, row)
      if (row === undefined || tokens === undefined) return undefined
      if (tokens.access !== used) return tokens
      try {
        const fresh = tokensIn(
          await callProcedure(to(row.pds), 'com.atproto.server.refreshSession', bearer(tokens.refresh)),
        )
        await store.write([{ key: did, value: { ...row, sealed: await seal.seal(did, fresh) } }])
        return fresh
      } catch (error) {
        if (!hasEnded(error)) throw callError(error, { did, host: new URL(row.pds).host })
        await store.write([{ key: did, value: expired(row) }])
        host.changed()
        return undefined
      }
    })
  }

  return {
    async signIn({ who, password, code }) {
      const name = parseAccountName(who)
      const identity = await host.resolve(name.type === 'did' ? name.did : name.handle)
      const pds = requirePds(identity)
      const { did } = identity
      const at = new URL(pds).host
      const begun = async () => {
        const answer = await callProcedure(to(pds), 'com.atproto.server.createSession', {
          json: { identifier: did, password, authFactorToken: code },
        })
        return { found: textIn(answer, 'did'), tokens: tokensIn(answer) }
      }
      const { found, tokens } = await begun().catch((error: unknown) => {
        throw signInError(error, at, did, code !== undefined)
      })
      if (found !== did) throw new AccountError('account.wrong-account', { did, found })
      const sealed = await seal.seal(did, tokens)
      await store.lock(sessionLock(did), async () => {
        const before = await accountRow(store, did)
        const now = beginsAt(host.clock.now(), before)
        const row: AccountRow = {
          did,
          handle: identity.handleVerified ? identity.handle : before?.handle,
          pds,
          by: 'password',
          scopes: scopesOf(tokens.access),
          state: 'active',
          signedInAt: now,
          coarse: before?.coarse ?? false,
          sealed,
          key: undefined,
        }
        await store.write([{ key: did, value: row }, ...leave(before, now)])
      })
      return did
    },

    async send(did, path, init) {
      const row = await accountRow(store, did)
      if (row === undefined) throw new AccountError('account.not-signed-in', { did })
      const end = (): AccountError => new AccountError('account.expired', { did, handle: row.handle })
      const tokens = await tokensOf(seal, row)
      if (tokens === undefined) throw end()
      const ask = (token: string): Promise<Response> => {
        const headers = new Headers(init.headers)
        headers.set('authorization', `Bearer ${token}`)
        return fetch(new URL(path, row.pds), { ...init, headers })
      }
      const answer = await ask(tokens.access)
      if (!(await isExpiredToken(answer))) return answer
      const fresh = await renewed(did, tokens.access)
      if (fresh === undefined) throw end()
      // a stream can be sent once only
      return init.body instanceof ReadableStream ? answer : ask(fresh.access)
    },

    async revoke(row) {
      const tokens = await tokensOf(seal, row)
      if (tokens === undefined) return
      try {
        await callProcedure(to(row.pds), 'com.atproto.server.deleteSession', bearer(tokens.refresh))
      } catch (error) {
        if (!hasEnded(error)) throw callError(error, { did: row.did, host: new URL(row.pds).host })
      }
    },
  }
}

/** What a server gives at the start of a session, and when it is renewed. */
const tokensIn = (answer: Readonly<Record<string, unknown>>): PasswordTokens => ({
  access: textIn(answer, 'accessJwt'),
  refresh: textIn(answer, 'refreshJwt'),
})

async function tokensOf(
  seal: Seal,
  row: Pick<AccountRow, 'did' | 'by' | 'sealed'> | undefined,
): Promise<PasswordTokens | undefined> {
  if (row?.by !== 'password' || row.sealed === undefined) return undefined
  // sealed by this module
  return (await seal.open(row.did, row.sealed)) as PasswordTokens | undefined
}

/** What the access token says that it is for; its signature is the server's own business. */
function scopesOf(jwt: string): readonly string[] {
  try {
    const text = atob((jwt.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    const payload: unknown = JSON.parse(text)
    const scope = isObject(payload) ? payload['scope'] : undefined
    if (scope === 'com.atproto.access') return FULL_PASSWORD_SCOPES
    if (scope === 'com.atproto.appPassPrivileged') return [...APP_PASSWORD_SCOPES, 'transition:chat.bsky']
  } catch {
    // a token that says nothing is taken for the weaker kind; the server has the last word anyway
  }
  return APP_PASSWORD_SCOPES
}

const hasEnded = (error: unknown): boolean =>
  isCallError(error) && ['ExpiredToken', 'InvalidToken', 'AccountNotFound'].includes(error.error)

/** An answer that says so and nothing else; the answer itself stays unread. */
async function isExpiredToken(answer: Response): Promise<boolean> {
  if (answer.status !== 400 && answer.status !== 401) return false
  try {
    const body: unknown = await answer.clone().json()
    return isObject(body) && body['error'] === 'ExpiredToken'
  } catch {
    return false
  }
}

function signInError(error: unknown, host: string, did: string, withCode: boolean): Error {
  if (isCallError(error)) {
    if (error.error === 'AuthFactorTokenRequired')
      return new AccountError('account.code-needed', { host, again: false })
    if (withCode && ['InvalidToken', 'ExpiredToken'].includes(error.error)) {
      return new AccountError('account.code-needed', { host, again: true })
    }
    if (error.status === 401) return new AccountError('account.password-wrong', { host }, { cause: error })
  }
  return callError(error, { did, host })
}
