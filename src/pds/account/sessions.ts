import { callProcedure, type Send } from './call.ts'
import { AccountError } from './errors.ts'
import { accountRow, type AccountRow, type AccountStore, type Session, type Sessions } from './model.ts'
import { isNeed, missingScopes, NEEDS } from './scopes.ts'

/** The sessions of this device, as everything uses them that acts in an account's name. */
export function createSessions(
  store: AccountStore,
  sendOf: (did: string, by: 'oauth' | 'password') => Send,
): Sessions {
  const sessionOf = ({ did, pds, by, scopes }: AccountRow): Session => ({
    did,
    pds,
    by,
    scopes,
    call: (method, input) => callProcedure(sendOf(did, by), method, input),
    async agent() {
      const { Agent: Client } = await import('@atproto/api')
      return new Client({ did, fetchHandler: sendOf(did, by) })
    },
  })

  return {
    // only rows of accounts have a DID for a key
    list: async () => (await store.list('did:')).map(({ value }) => value as AccountRow),
    async of(did) {
      const row = await accountRow(store, did)
      return row?.state === 'active' ? sessionOf(row) : undefined
    },
    async require(did, what) {
      const row = await accountRow(store, did)
      if (row === undefined) throw new AccountError('account.not-signed-in', { did })
      const { handle } = row
      if (row.state !== 'active') throw new AccountError('account.expired', { did, handle })
      const need = isNeed(what) ? what : undefined
      const missing = missingScopes(row.scopes, need === undefined ? what.split(' ') : NEEDS[need])
      if (missing.length > 0) {
        throw new AccountError('account.scope', { did, handle, need, missing: missing.join(' ') })
      }
      return sessionOf(row)
    },
  }
}
