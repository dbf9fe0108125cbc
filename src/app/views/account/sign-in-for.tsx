import type { Need } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAccount, useSignIn } from '../../lib/accounts.ts'
import { NEED_WORDS } from '../../words/accounts.ts'

interface SignInForProps {
  readonly did: string
  readonly need: Need
  /** the session is with a server that the account has left */
  readonly elsewhere?: boolean
}

/**
 * What stands in the way of doing this in an account's name, and the button that clears it; or that nothing does.
 * For an account that is signed in, or was.
 */
export function SignInFor({ did, need, elsewhere = false }: SignInForProps) {
  const { value: account } = useAccount(did)
  const signIn = useSignIn()
  if (account === undefined || account === null) return null
  const { state, may } = account
  const isOver = state === 'expired' || elsewhere
  const isReady = !isOver && may.includes(need)
  return (
    <>
      {!elsewhere && (
        <p className="small">
          {isOver
            ? 'Your sign-in has ended.'
            : isReady
              ? `You are signed in: Cairn may ${NEED_WORDS[need]}.`
              : `You are signed in, but Cairn may not ${NEED_WORDS[need]} yet.`}
        </p>
      )}
      {!isReady && (
        <div className="line">
          <button
            type="button"
            className="btn"
            disabled={signIn.busy}
            onClick={() => signIn.go(did, [...new Set([...may, need])])}
          >
            {isOver ? 'Sign in again' : 'Allow it'}
          </button>
        </div>
      )}
      {signIn.error !== undefined && <ErrorNote error={signIn.error} />}
    </>
  )
}
