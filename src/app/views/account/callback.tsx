import { useEffect, useRef, useState } from 'react'
import type { CairnError } from '../../../core/errors.ts'
import type { SignedIn } from '../../../cairn/api.ts'
import { Empty, Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { accountName, hostOf, useSignIn } from '../../lib/accounts.ts'
import { useEngine } from '../../lib/engine-context.ts'
import { goTo } from '../../lib/navigate.ts'
import { dropOAuthAnswer, oauthAnswer } from '../../lib/oauth-answer.ts'
import { toCairnError } from '../../lib/to-cairn-error.ts'
import { NEED_WORDS } from '../../words/accounts.ts'

const SETTINGS = '/settings'

type State =
  | { readonly is: 'working' }
  | { readonly is: 'nothing' }
  | { readonly is: 'failed'; readonly error: CairnError }
  | { readonly is: 'less'; readonly signedIn: SignedIn }

/** Where the server's page leads back to: ends the sign-in, and goes on where it was begun. */
export function CallbackScreen() {
  const { cairn } = useEngine()
  const [answer] = useState(oauthAnswer)
  const [state, setState] = useState<State>(() => ({ is: answer === undefined ? 'nothing' : 'working' }))
  // it counts once, however often this is rendered anew
  const begun = useRef(false)
  useEffect(() => {
    if (cairn === undefined || answer === undefined || begun.current) return
    begun.current = true
    dropOAuthAnswer()
    cairn.accounts.finish(answer).then(
      (signedIn) => {
        if (signedIn.lacking.length > 0) setState({ is: 'less', signedIn })
        else goTo(signedIn.back ?? SETTINGS, { replace: true })
      },
      (error: unknown) => setState({ is: 'failed', error: toCairnError(error) }),
    )
  }, [cairn, answer])
  return (
    <>
      <div className="head">
        <Title>Signing in</Title>
      </div>
      <Said state={state} />
    </>
  )
}

function Said({ state }: { readonly state: State }) {
  const toSettings = (
    <button type="button" className="btn go" onClick={() => goTo(SETTINGS, { replace: true })}>
      Go to your accounts
    </button>
  )
  switch (state.is) {
    case 'working':
      return <Loading label="Signing in" />
    case 'failed':
      return <ErrorNote error={state.error}>{toSettings}</ErrorNote>
    case 'less':
      return <Less signedIn={state.signedIn} />
    case 'nothing':
      return (
        <div className="card">
          <Empty title="There is no sign-in to end here" action={toSettings}>
            This is where a server sends you back to. Its answer counts once.
          </Empty>
        </div>
      )
  }
}

/** Signed in, and allowed less than was asked: by the person, or because the server knows no such permissions. */
function Less({ signedIn: { account, back, lacking } }: { readonly signedIn: SignedIn }) {
  const signIn = useSignIn()
  return (
    <div className="card pad stack">
      <p>
        You are signed in as <bdi className="strong">{accountName(account)}</bdi>, but Cairn may not{' '}
        {lacking.map((need) => NEED_WORDS[need]).join('; nor ')}.
      </p>
      <p className="small">
        If you did not refuse it yourself, {hostOf(account.pds)} knows permissions in an older, wider form
        only. Asked again, it is asked in that.
      </p>
      {signIn.error !== undefined && <ErrorNote error={signIn.error} />}
      <div className="line">
        <button
          type="button"
          className="btn go"
          disabled={signIn.busy}
          onClick={() => signIn.go(account.did, lacking)}
        >
          Ask again
        </button>
        <button type="button" className="btn" onClick={() => goTo(back ?? SETTINGS, { replace: true })}>
          Go on without
        </button>
      </div>
    </div>
  )
}
