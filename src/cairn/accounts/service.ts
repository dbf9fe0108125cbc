import { createAccountParts } from '../../pds/account/create.ts'
import { AccountError } from '../../pds/account/errors.ts'
import type { AccountRow, Sessions } from '../../pds/account/model.ts'
import { metNeeds, missingScopes, NEEDS } from '../../pds/account/scopes.ts'
import { createIdentityResolver } from '../../pds/identity.ts'
import { networkOf, type Host } from '../../sync/host.ts'
import type { Account, Accounts, Need } from '../account-model.ts'
import { readSettings } from '../settings.ts'
import { accountStore } from './store.ts'

export interface AccountService {
  readonly api: Accounts
  /** for all that acts in an account's name */
  readonly sessions: Sessions
  /** Tells servers what they were not told before. */
  start(): void
  /** Signs everyone out, before everything here is deleted; servers out of reach are not waited for. */
  leaveAll(): Promise<void>
  close(): void
}

/** How long a wipe waits for servers to end the sessions, ms. */
const LEAVE_MS = 5_000

/**
 * Who is signed in on this device.
 *
 * @param app web origin of the app; undefined where there is none to come back to
 * @param changed told when anyone was signed in or out
 */
export function createAccountService(
  host: Host,
  app: string | undefined,
  changed: () => void,
): AccountService {
  const { storage, clock, timers } = host
  const endpoints = async () => (await readSettings(storage)).endpoints
  const { sessions, signIn, start, close } = createAccountParts({
    store: accountStore(storage),
    clock,
    timers,
    app,
    changed,
    network: async () => networkOf(host, await endpoints()),
    async resolve(name) {
      const asked = await endpoints()
      return createIdentityResolver({ ...networkOf(host, asked), endpoints: asked }).resolve(name)
    },
  })

  const account = async (did: string): Promise<Account> => {
    const row = (await sessions.list()).find((it) => it.did === did)
    // signed out in another tab at the same moment
    if (row === undefined) throw new AccountError('account.not-signed-in', { did })
    return accountOf(row)
  }

  const api: Accounts = {
    list: async () => (await sessions.list()).map(accountOf).sort((a, b) => a.signedInAt - b.signedInAt),
    leaving: async () =>
      (await signIn.leaving()).map(({ did, handle, pds, since }) => ({ did, handle, pds, since })),
    begin: (who, { needs = [], back } = {}) =>
      signIn.begin(who, { scopes: needs.flatMap((need) => NEEDS[need]), back: pathOf(back) }),
    async finish(answer) {
      const { did, back, lacking } = await signIn.finish(answer)
      return { account: await account(did), back, lacking: lackedNeeds(lacking) }
    },
    signInWithPassword: async (input) => account(await signIn.withPassword(input)),
    signOut: (did) => signIn.signOut(did),
  }
  async function leaveAll(): Promise<void> {
    const gone = (async () => {
      for (const { did } of await sessions.list()) await signIn.signOut(did)
    })().catch(() => {
      // the storage may be what is broken, and wiping the way out
    })
    const late = Promise.withResolvers<void>()
    const cancel = timers.after(LEAVE_MS, () => late.resolve())
    await Promise.race([gone, late.promise])
    cancel()
  }

  return { api, sessions, start, leaveAll, close }
}

/** What screens see of a row: nothing that opens anything. */
const accountOf = ({ did, handle, pds, by, state, scopes, signedInAt }: AccountRow): Account => ({
  did,
  handle,
  pds,
  by,
  ownPassword: by === 'password' && missingScopes(scopes, ['identity:*']).length === 0,
  state,
  may: metNeeds(scopes),
  signedInAt,
})

/** Needs of which a scope is lacking. */
const lackedNeeds = (lacking: readonly string[]): Need[] =>
  (Object.keys(NEEDS) as Need[]).filter((need) => NEEDS[need].some((scope) => lacking.includes(scope)))

/** A path of this app, and of no other place. */
const pathOf = (back: string | undefined): string | undefined =>
  back !== undefined && /^\/(?![/\\])/.test(back) ? back : undefined
