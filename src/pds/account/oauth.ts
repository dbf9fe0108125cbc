import type { AccountHost } from './host.ts'
import { createOAuthSessions, type OAuthSessions } from './oauth-session.ts'
import { createOAuthSignIn, type OAuthSignIn } from './oauth-sign-in.ts'
import { openSeal } from './seal.ts'

/** All that needs the OAuth client: loaded when it is first used. */
export interface OAuth {
  readonly signIn: OAuthSignIn
  readonly sessions: OAuthSessions
}

export async function createOAuth(host: AccountHost): Promise<OAuth> {
  const parts = { store: host.store, clock: host.clock, seal: await openSeal(host.store) }
  return { signIn: createOAuthSignIn(host, parts), sessions: createOAuthSessions(host, parts) }
}
