import { useState } from 'react'
import type { Account } from '../../../cairn/api.ts'
import { Ago } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { accountName, hostOf, useAccounts, useLeaving, useSignIn } from '../../lib/accounts.ts'
import { useAction } from '../../lib/engine-context.ts'
import { NEED_WORDS } from '../../words/accounts.ts'
import '../../styles/accounts.css'
import { SignInForm } from './sign-in-form.tsx'

/** Who is signed in on this device, and the way in and out. */
export function AccountsCard() {
  const { value: accounts, error } = useAccounts()
  const { value: leaving = [] } = useLeaving()
  const [adding, setAdding] = useState(false)
  const none = accounts?.length === 0
  return (
    <section className="card pad setting" aria-labelledby="set-accounts">
      <div>
        <h2 id="set-accounts">Accounts</h2>
        <p className="small">To write in your own name. Copies are kept and proven without.</p>
      </div>
      <div className="stack">
        {error !== undefined && <ErrorNote error={error} />}
        {accounts !== undefined && !none && (
          <ul className="accounts">
            {accounts.map((account) => (
              <AccountRow key={account.did} account={account} />
            ))}
          </ul>
        )}
        {leaving.map(({ did, handle, pds, since }) => (
          <p key={`${did} ${since}`} className="note behind">
            <bdi>{accountName({ did, handle })}</bdi> is signed out here, but {hostOf(pds)} could not be told
            yet. It will be, as soon as it answers.
          </p>
        ))}
        {none || adding ? (
          <SignInForm onCancel={none ? undefined : () => setAdding(false)} onDone={() => setAdding(false)} />
        ) : (
          accounts !== undefined && (
            <div className="line">
              <button type="button" className="btn" onClick={() => setAdding(true)}>
                Sign in to another account
              </button>
            </div>
          )
        )}
      </div>
    </section>
  )
}

function AccountRow({ account }: { readonly account: Account }) {
  const { did, pds, state, signedInAt, may } = account
  const out = useAction()
  const signIn = useSignIn()
  const name = accountName(account)
  const problem = out.error ?? signIn.error
  return (
    <li className="account">
      <div className="account-words">
        <p className="strong clip">
          <bdi>{name}</bdi>
        </p>
        {state === 'expired' ? (
          <p className="problem">{hostOf(pds)} has ended this sign-in. Nothing here was lost.</p>
        ) : (
          <>
            <p className="small">
              {howWords(account)} {hostOf(pds)}, <Ago at={signedInAt} />
            </p>
            <p className="small">
              {may.length === 0
                ? 'Cairn may see who you are, and nothing else.'
                : `Cairn may ${may.map((need) => NEED_WORDS[need]).join('; ')}.`}
            </p>
          </>
        )}
      </div>
      <div className="line">
        {state === 'expired' && (
          <button
            type="button"
            className="btn go"
            disabled={signIn.busy}
            aria-label={`Sign in again to ${name}`}
            onClick={() => signIn.go(did, may)}
          >
            Sign in again
          </button>
        )}
        <button
          type="button"
          className="btn"
          disabled={out.running}
          aria-label={state === 'expired' ? `Forget ${name}` : `Sign out of ${name}`}
          onClick={() => void out.run((cairn) => cairn.accounts.signOut(did))}
        >
          {state === 'expired' ? 'Forget' : out.running ? 'Signing out' : 'Sign out'}
        </button>
      </div>
      {problem !== undefined && <ErrorNote error={problem} />}
    </li>
  )
}

function howWords({ by, ownPassword }: Account): string {
  if (by === 'oauth') return 'Signed in on the page of'
  return ownPassword ? 'Signed in with the account’s own password at' : 'Signed in with an app password at'
}
