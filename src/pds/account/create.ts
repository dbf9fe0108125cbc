import type { Send } from './call.ts'
import type { AccountHost } from './host.ts'
import { createSessions } from './sessions.ts'
import { leave, leavingRows, tellServers, type LeavingRow } from './leaving.ts'
import { accountRow, sessionLock, type Sessions } from './model.ts'
import type { OAuth } from './oauth.ts'
import type { BeginOptions, Finished } from './oauth-sign-in.ts'
import type { PasswordSessions, PasswordSignIn } from './password.ts'

export type { Finished } from './oauth-sign-in.ts'
export type { PasswordSignIn } from './password.ts'

/** Getting into a session and out of it. */
export interface SignIn {
  /**
   * Begins a sign-in on the page of an account's server, and says where that is.
   *
   * @param who a handle, a DID, what else names an account, or the address of a server
   * @throws AccountError `account.no-oauth`, `account.no-client`, `account.clock`, `account.refused`; PdsError, of the
   * identity and of the way to the server
   */
  begin(
    who: string,
    options?: Partial<BeginOptions>,
  ): Promise<{ readonly url: string; readonly host: string }>
  /**
   * Ends it with what the server sent back: the query of its answer. The session that the account had is given up.
   *
   * @throws AccountError `account.denied`, `account.attempt-unknown`, `account.wrong-account`,
   * `account.not-its-server`, `account.refused`; PdsError
   */
  finish(answer: string): Promise<Finished>
  /**
   * Signs in with an app password, or the account's own. Returns the DID.
   *
   * @throws AccountError `account.password-wrong`, `account.code-needed`, `account.wrong-account`; PdsError
   */
  withPassword(input: PasswordSignIn): Promise<string>
  /**
   * Forgets the session here at once, and has its server end it: `told` when that is done. Otherwise it is tried
   * again until it is, for as long as a token could live.
   */
  signOut(did: string): Promise<{ readonly told: boolean }>
  /** Sessions that were given up here, and of which their servers could not be told yet. */
  leaving(): Promise<readonly LeavingRow[]>
}

export interface AccountParts {
  readonly sessions: Sessions
  readonly signIn: SignIn
  /** Goes on with telling servers what they were not told before. */
  start(): void
  close(): void
}

/** Pauses between tries to tell a server, ms: from, and at most. */
const FIRST_PAUSE = 5_000
const LONGEST_PAUSE = 10 * 60_000

/** Being signed in: everything but where it is shown. Clients of others are loaded on use. */
export function createAccountParts(host: AccountHost): AccountParts {
  const { store, timers, clock } = host
  const oauth = once<OAuth>(async () => (await import('./oauth.ts')).createOAuth(host))
  const password = once<PasswordSessions>(async () =>
    (await import('./password.ts')).createPasswordSessions(host),
  )
  let pause = FIRST_PAUSE
  let closed = false
  let cancel = (): void => {}

  const revoke = async (row: LeavingRow): Promise<void> =>
    row.by === 'oauth' ? (await oauth()).sessions.revoke(row) : (await password()).revoke(row)

  /** Tells servers what they are to be told; what stays is tried again, ever less often. */
  async function tell(): Promise<void> {
    if (closed || (await leavingRows(store)).length === 0) return
    const left = await tellServers(store, clock.now(), revoke)
    host.changed()
    cancel()
    if (left === 0) pause = FIRST_PAUSE
    else if (!closed) {
      cancel = timers.after(pause, later)
      pause = Math.min(pause * 2, LONGEST_PAUSE)
    }
  }
  // whoever uses the storage next is told when it is lost
  const later = (): void => void tell().catch(() => {})

  const sendOf =
    (did: string, by: 'oauth' | 'password'): Send =>
    async (path, init) =>
      by === 'oauth'
        ? (await oauth()).sessions.send(did, path, init)
        : (await password()).send(did, path, init)

  return {
    sessions: createSessions(store, sendOf),
    signIn: {
      async begin(who, options = {}) {
        return await (await oauth()).signIn.begin(who, { scopes: [], back: undefined, ...options })
      },
      async finish(answer) {
        const finished = await (await oauth()).signIn.finish(answer)
        host.changed()
        later()
        return finished
      },
      async withPassword(input) {
        const did = await (await password()).signIn(input)
        host.changed()
        later()
        return did
      },
      async signOut(did) {
        const since = clock.now()
        const row = await store.lock(sessionLock(did), async () => {
          const now = await accountRow(store, did)
          if (now !== undefined) await store.write([{ key: did, value: undefined }, ...leave(now, since)])
          return now
        })
        host.changed()
        if (row?.sealed === undefined) return { told: true }
        await tell()
        const told = !(await leavingRows(store)).some((it) => it.row.did === did && it.row.since === since)
        return { told }
      },
      leaving: async () => (await leavingRows(store)).map(({ row }) => row).filter(({ tried }) => tried),
    },
    start: later,
    close() {
      closed = true
      cancel()
    },
  }
}

/** Makes a thing when it is first wanted; a failure is not kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return async () => {
    made ??= make()
    try {
      return await made
    } catch (error) {
      made = undefined
      throw error
    }
  }
}
