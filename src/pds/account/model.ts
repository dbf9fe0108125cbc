import type { Agent } from '@atproto/api'
import type { CallInput } from './call.ts'
import type { Need } from './scopes.ts'
import type { Sealed } from './seal.ts'

/** Who is signed in. Table `accounts`, key: DID. Holds no token in the clear. */
export interface AccountRow {
  readonly did: string
  readonly handle: string | undefined
  /** origin of the PDS that the session is with */
  readonly pds: string
  readonly by: 'oauth' | 'password'
  /** as granted; of a password what such a session may do, in the same terms */
  readonly scopes: readonly string[]
  /** `expired`: the server ended the session; the row stays, so that signing in again is one press */
  readonly state: 'active' | 'expired'
  /** ms; also tells one session of an account from the next */
  readonly signedInAt: number
  /** the server knows none of the narrow scopes: it is asked for `transition:generic` */
  readonly coarse: boolean
  /** {@link OAuthTokens} or {@link PasswordTokens}; undefined when expired */
  readonly sealed: Sealed | undefined
  /** what OAuth tokens are bound to, where the storage can hold keys */
  readonly key: CryptoKeyPair | undefined
}

/** One account's session. */
export interface Session {
  readonly did: string
  /** origin of the PDS that it speaks to */
  readonly pds: string
  /**
   * Calls a procedure of the server, signed in; tokens are renewed on the way. What it throws becomes a typed error
   * with `callError` (`call-error.ts`).
   */
  call(method: string, input?: CallInput): Promise<Readonly<Record<string, unknown>>>
  /**
   * The client library, its calls signed in the same way: large, and only for whoever needs much of it. Makes no
   * request. What its calls throw is as what `call` throws.
   */
  agent(): Promise<Agent>
  readonly by: 'oauth' | 'password'
  readonly scopes: readonly string[]
}

export interface Sessions {
  list(): Promise<readonly AccountRow[]>
  /** undefined: not signed in, or no longer */
  of(did: string): Promise<Session | undefined>
  /**
   * The session, when it may do this: a {@link Need}, or scopes with spaces between.
   *
   * @throws AccountError `account.not-signed-in`, `account.expired`, `account.scope`
   */
  require(did: string, what: Need | (string & {})): Promise<Session>
}

/**
 * Where sign-ins are kept: one table, several tabs. Keys: a DID ({@link AccountRow}), `attempt/…`, `leaving/…` and
 * `seal`.
 */
export interface AccountStore {
  get(key: string): Promise<unknown>
  /** in the order of the keys */
  list(prefix: string): Promise<readonly { readonly key: string; readonly value: unknown }[]>
  /** all or nothing; undefined deletes. Fails with `storage.failed { reason: 'value' }` for a key it cannot hold */
  write(changes: readonly { readonly key: string; readonly value: unknown }[]): Promise<void>
  /** Runs `work` while no other tab runs any under this name. */
  lock<T>(name: string, work: () => Promise<T>): Promise<T>
}

export async function accountRow(store: AccountStore, did: string): Promise<AccountRow | undefined> {
  // only this room writes the table
  return (await store.get(did)) as AccountRow | undefined
}

/** Held by whatever reads, uses up and replaces the tokens of an account; the OAuth client names it the same. */
export const sessionLock = (did: string): string => `@atproto-oauth-client-${did}`
