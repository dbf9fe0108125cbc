import { useId, useState, type FormEvent } from 'react'
import type { Need } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useSignIn } from '../../lib/accounts.ts'
import { useAction } from '../../lib/engine-context.ts'

interface SignInFormProps {
  /** whom; typed when left out */
  readonly who?: string
  /** what for */
  readonly needs?: readonly Need[]
  readonly onCancel?: (() => void) | undefined
  /** signed in by password: the other way leaves the page */
  readonly onDone?: () => void
}

/** The way in: on the page of the account's server, or with an app password. */
export function SignInForm({ who, needs = [], onCancel, onDone = () => {} }: SignInFormProps) {
  const id = useId()
  const [typed, setTyped] = useState('')
  const [byPassword, setByPassword] = useState(false)
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const page = useSignIn()
  const app = useAction()
  const name = who ?? typed
  const busy = page.busy || app.running
  const error = byPassword ? app.error : page.error
  const asksCode = app.error?.code === 'account.code-needed'
  // What an app password does not open.
  const own = needs.includes('move')

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (busy || name.trim() === '') return
    if (!byPassword) {
      page.go(name, needs)
      return
    }
    if (password === '') return
    const input = { who: name, password, ...(code.trim() === '' ? {} : { code: code.trim() }) }
    void app
      .run((cairn) => cairn.accounts.signInWithPassword(input))
      .then((done) => {
        if (!done) return
        setPassword('')
        setCode('')
        setTyped('')
        onDone()
      })
  }

  return (
    <form className="stack" onSubmit={submit} noValidate>
      {who === undefined && (
        <div className="field">
          <label htmlFor={`${id}w`}>Your handle</label>
          <input
            id={`${id}w`}
            className="input"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            aria-describedby={`${id}wh`}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            dir="ltr"
          />
          <span id={`${id}wh`} className="small">
            {byPassword ? 'Or a DID.' : 'Or a DID, or the https address of your server.'}
          </span>
        </div>
      )}
      {byPassword && (
        <div className="field">
          <label htmlFor={`${id}p`}>{own ? 'Your account’s own password' : 'App password'}</label>
          <input
            id={`${id}p`}
            className="input"
            type="password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            aria-describedby={`${id}ph`}
            autoComplete="current-password"
            dir="ltr"
          />
          <span id={`${id}ph`} className="small">
            {own
              ? 'An app password may not move an account. It goes to your server and is not kept; it opens everything, so sign out when the move has ended.'
              : 'Made in the settings of your account. It goes to your server and is not kept; your account’s own password would open everything, so use it only to move away.'}
          </span>
        </div>
      )}
      {byPassword && asksCode && (
        <div className="field">
          <label htmlFor={`${id}c`}>Code from the mail</label>
          <input
            id={`${id}c`}
            className="input"
            value={code}
            onChange={(event) => setCode(event.target.value)}
            autoComplete="one-time-code"
            autoCapitalize="characters"
            spellCheck={false}
            dir="ltr"
          />
        </div>
      )}
      {error !== undefined && <ErrorNote error={error} />}
      <div className="line">
        <button type="submit" className="btn go" disabled={busy}>
          {busy ? (byPassword ? 'Signing in' : 'Asking your server') : 'Sign in'}
        </button>
        <button
          type="button"
          className="btn plain"
          disabled={busy}
          onClick={() => {
            setByPassword(!byPassword)
            setPassword('')
            app.clear()
            page.clear()
          }}
        >
          {byPassword ? 'Use the page of your server' : own ? 'Use your own password' : 'Use an app password'}
        </button>
        {onCancel !== undefined && (
          <button type="button" className="btn plain" disabled={busy} onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  )
}
