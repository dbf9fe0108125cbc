import { useState } from 'react'
import { useAccount } from '../../lib/accounts.ts'
import { SignInFor } from './sign-in-for.tsx'
import { SignInForm } from './sign-in-form.tsx'

interface WriteAsProps {
  readonly did: string
  readonly handle: string | undefined
}

/** On a repo's page: whether one can write in its name here, and the way to it. */
export function WriteAs({ did, handle }: WriteAsProps) {
  const { value: account } = useAccount(did)
  const [asking, setAsking] = useState(false)
  const name = handle === undefined ? 'this account' : `@${handle}`
  if (account === undefined) return null
  return (
    <section className="card stack-tight" aria-labelledby="write-as">
      <h2 id="write-as">Your account?</h2>
      {account === null ? (
        <>
          <p className="small">
            Sign in to write as <bdi>{name}</bdi>. The copy here needs none.
          </p>
          {asking ? (
            <SignInForm who={did} needs={['write']} onCancel={() => setAsking(false)} />
          ) : (
            <div className="line">
              <button type="button" className="btn" onClick={() => setAsking(true)}>
                Sign in to write
              </button>
            </div>
          )}
        </>
      ) : (
        <SignInFor did={did} need="write" />
      )}
    </section>
  )
}
