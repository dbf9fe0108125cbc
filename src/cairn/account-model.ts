import type { Need } from '../pds/account/scopes.ts'

/** What one may want to do in one's own name; each is asked for when it is first wanted. */
export type { Need } from '../pds/account/scopes.ts'

/** An account that someone is signed in to on this device, or was until its server ended the session. */
export interface Account {
  readonly did: string
  readonly handle: string | undefined
  /** origin of its PDS */
  readonly pds: string
  /** `oauth`: on the server's own page */
  readonly by: 'oauth' | 'password'
  /** by the account's own password, which opens everything, and not by an app password */
  readonly ownPassword: boolean
  /** `expired`: it takes signing in again */
  readonly state: 'active' | 'expired'
  /** what the session may do besides saying who one is */
  readonly may: readonly Need[]
  /** ms */
  readonly signedInAt: number
}

/** A session that was given up here while its server could not be told. It is tried again until it is. */
export interface LeavingAccount {
  readonly did: string
  readonly handle: string | undefined
  readonly pds: string
  /** ms */
  readonly since: number
}

export interface SignInOptions {
  /** what for; nothing: only to say who one is */
  readonly needs?: readonly Need[]
  /** path in the app to come back to */
  readonly back?: string
}

export interface SignedIn {
  readonly account: Account
  /** where the sign-in was begun; a path in the app */
  readonly back: string | undefined
  /** what was asked for and not granted: by the person, or by a server that does not know such permissions */
  readonly lacking: readonly Need[]
}

/** Who is signed in, and how one gets in and out. Keeping copies never needs it. */
export interface Accounts {
  list(): Promise<readonly Account[]>
  /** given up here, their servers not yet told */
  leaving(): Promise<readonly LeavingAccount[]>
  /**
   * Where to go to sign in on the page of an account's server: a handle, a DID, or the address of a server. What the
   * account's session may do already is asked for along.
   *
   * Errors: `account.no-oauth`, `account.no-client`, `account.clock`, `account.refused`, `pds.*`
   */
  begin(who: string, options?: SignInOptions): Promise<{ readonly url: string; readonly host: string }>
  /**
   * Takes what came back from there: the part behind the `#`, without it. The session that the account had is given
   * up for the new one.
   *
   * Errors: `account.denied`, `account.attempt-unknown`, `account.wrong-account`, `account.not-its-server`,
   * `account.refused`, `pds.*`
   */
  finish(answer: string): Promise<SignedIn>
  /**
   * By an app password. `code`: what the server has sent by mail, where it asks for one.
   *
   * Errors: `account.password-wrong`, `account.code-needed`, `pds.*`
   */
  signInWithPassword(input: {
    readonly who: string
    readonly password: string
    readonly code?: string
  }): Promise<Account>
  /** `told`: its server has ended the session; else it will be told later */
  signOut(did: string): Promise<{ readonly told: boolean }>
}
