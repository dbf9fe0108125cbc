import type { ReactNode } from 'react'
import type { Need } from '../../../cairn/api.ts'
import { useAccount } from '../../lib/accounts.ts'
import { SignInFor } from '../account/sign-in-for.tsx'
import { SignInForm } from '../account/sign-in-form.tsx'

interface OldServerProps {
  readonly did: string
  /** why one has to sign in */
  readonly why: string
  readonly need?: Need
  readonly children: ReactNode
}

/** What takes the account's server to help; the way in, as long as one is not in. */
export function OldServer({ did, why, need = 'move', children }: OldServerProps) {
  const { value: account } = useAccount(did)
  if (account === undefined) return null
  if (account?.state === 'active' && account.may.includes(need)) return <>{children}</>
  return (
    <div className="stack">
      <p>{why}</p>
      {account === null || account.by === 'password' ? (
        <>
          {account !== null && need === 'move' && !account.ownPassword && (
            <p className="small">
              An app password may not do this: use the page of your server, or your own password.
            </p>
          )}
          <SignInForm who={did} needs={need === 'move' ? ['move', 'preferences'] : [need]} />
        </>
      ) : (
        <SignInFor did={did} need={need} />
      )}
    </div>
  )
}
