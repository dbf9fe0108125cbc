import type { Agent } from '@atproto/api'
import { callError, isCallError } from '../../pds/account/call-error.ts'
import type { StandardFetch } from '../../pds/account/guarded-fetch.ts'
import { PdsError } from '../../pds/errors.ts'
import { isObject } from '../../pds/values.ts'
import { MovingError } from './errors.ts'
import type { MoveSecrets, NewPlace } from './model.ts'

/** The server that an account moves to, as the account calls it. */
export interface NewHome {
  readonly host: string
  /**
   * Makes the account there, inactive. When it is there already and the password opens it, that is all that was
   * wanted: a stop may have come between the server's answer and our note of it.
   *
   * @param token proves that the account itself asks
   * @throws MovingError `moving.invite-needed`, `moving.handle-refused`, `moving.email-refused`, `moving.refused`;
   * PdsError
   */
  create(token: string, password: string): Promise<void>
  /** Signs in anew. Throws MovingError `moving.account-exists` for another password. */
  signIn(password: string): Promise<void>
  /** Is there a session, as far as is known here? */
  readonly open: boolean
  /** Calls in the account's name. Errors: `moving.session-lost`, and typed ones of every call. */
  call<T>(run: (agent: Agent) => Promise<T>): Promise<T>
}

export interface NewHomeParts {
  readonly did: string
  readonly to: NewPlace
  readonly fetch: StandardFetch
  readonly tokens: () => Pick<MoveSecrets, 'access' | 'refresh'>
  readonly keep: (tokens: Required<Pick<MoveSecrets, 'access' | 'refresh'>>) => Promise<void>
}

export function createNewHome({ did, to, fetch, tokens, keep }: NewHomeParts): NewHome {
  const host = new URL(to.pds).host
  const open = async (): Promise<Agent> => {
    const { Agent: Client } = await import('@atproto/api')
    return new Client((path, init) => fetch(new URL(path, to.pds), init))
  }
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

  let renewing: Promise<string | undefined> | undefined
  /** In place of the one that was refused. Of several requests at once one renews: the token for that counts once. */
  async function renewed(used: string | undefined): Promise<string | undefined> {
    const { access } = tokens()
    if (access !== undefined && access !== used) return access
    renewing ??= renew().finally(() => (renewing = undefined))
    return renewing
  }

  async function renew(): Promise<string | undefined> {
    const { refresh } = tokens()
    if (refresh === undefined) return undefined
    try {
      const { data } = await (await open()).com.atproto.server.refreshSession(undefined, bearer(refresh))
      await keep({ access: data.accessJwt, refresh: data.refreshJwt })
      return data.accessJwt
    } catch (error) {
      if (isCallError(error) && ['ExpiredToken', 'InvalidToken'].includes(error.error)) return undefined
      throw callError(error, { did, host })
    }
  }

  async function send(path: string, init: RequestInit): Promise<Response> {
    const ask = (token: string): Promise<Response> => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${token}`)
      return fetch(new URL(path, to.pds), { ...init, headers })
    }
    const { access } = tokens()
    const answer = access === undefined ? undefined : await ask(access)
    if (answer !== undefined && !(await isExpired(answer))) return answer
    const fresh = await renewed(access)
    if (fresh === undefined) throw new MovingError('moving.session-lost', { host })
    return ask(fresh)
  }

  async function enter(password: string): Promise<void> {
    const agent = await open()
    const { data } = await agent.com.atproto.server.createSession({ identifier: did, password })
    if (data.did !== did) throw new PdsError('pds.bad-response', { host, reason: 'account' })
    await keep({ access: data.accessJwt, refresh: data.refreshJwt })
  }

  return {
    host,
    get open() {
      return tokens().refresh !== undefined
    },
    async create(token, password) {
      const { handle, email, invite } = to
      try {
        const agent = await open()
        const { data } = await agent.com.atproto.server.createAccount(
          { did, handle, email, password, ...(invite === undefined ? {} : { inviteCode: invite }) },
          { ...bearer(token), encoding: 'application/json' },
        )
        if (data.did !== did) throw new PdsError('pds.bad-response', { host, reason: 'account' })
        await keep({ access: data.accessJwt, refresh: data.refreshJwt })
      } catch (error) {
        const refused = isCallError(error) && error.status >= 400 && error.status < 500
        if (!refused) throw callError(error, { did, host })
        await enter(password).catch(() => {
          throw refusal(error, to, host)
        })
      }
    },
    async signIn(password) {
      try {
        await enter(password)
      } catch (error) {
        if (isCallError(error) && error.status === 401)
          throw new MovingError('moving.account-exists', { host, did })
        throw callError(error, { did, host })
      }
    },
    async call(run) {
      const { Agent: Client } = await import('@atproto/api')
      try {
        return await run(new Client({ did, fetchHandler: send }))
      } catch (error) {
        throw callError(error, { did, host })
      }
    },
  }
}

/** Why there is no account, by what servers say: names where the lexicon has them, words where it has none. */
function refusal(
  error: { readonly error: string; readonly message: string },
  to: NewPlace,
  host: string,
): MovingError {
  const { error: name, message } = error
  const about = { host, error: name, message: message.slice(0, 256) }
  if (/invite/i.test(name) || /invite/i.test(message)) return new MovingError('moving.invite-needed', about)
  if (/handle|domain/i.test(name) || /handle/i.test(message)) {
    return new MovingError('moving.handle-refused', { ...about, handle: to.handle })
  }
  if (/email/i.test(message)) return new MovingError('moving.email-refused', about)
  return new MovingError('moving.refused', about)
}

async function isExpired(answer: Response): Promise<boolean> {
  if (answer.status !== 400 && answer.status !== 401) return false
  try {
    const body: unknown = await answer.clone().json()
    return isObject(body) && body['error'] === 'ExpiredToken'
  } catch {
    return false
  }
}
