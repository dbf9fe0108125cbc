import { useId, useState, type FormEvent } from 'react'
import type { MoveGifts, Wait } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { downloadBytes } from '../../lib/download.ts'
import { useAction } from '../../lib/engine-context.ts'
import { KeyField } from './key-field.tsx'

interface NeedsProps {
  readonly did: string
  readonly waits: Wait
  /** the old server helps: then a key is another way than a code */
  readonly isPlcMove: boolean
}

/** What a move waits for, and only the person has. */
export function Needs({ did, waits, isPlcMove }: NeedsProps) {
  const go = useAction()
  const give = (gifts: MoveGifts) => void go.run((cairn) => cairn.moving.go(did, gifts))
  return (
    <div className="stack" role="region" aria-label="What is needed from you">
      {waits.for === 'password' && (
        <PasswordForm busy={go.running} onGive={(password) => give({ password })} />
      )}
      {waits.for === 'key' && <KeyForm busy={go.running} onGive={(key) => give({ key })} />}
      {waits.for === 'code' && (
        <CodeForm did={did} host={waits.host} busy={go.running} onGive={(code) => give({ code })} />
      )}
      {waits.for === 'code' && isPlcMove && (
        <details className="more">
          <summary>Use my recovery key instead</summary>
          <KeyForm busy={go.running} onGive={(key) => give({ key })} />
        </details>
      )}
      {waits.for === 'document' && <DocumentForm wait={waits} busy={go.running} onDone={() => give({})} />}
      {go.error !== undefined && <ErrorNote error={go.error} />}
    </div>
  )
}

interface FormProps {
  readonly busy: boolean
  readonly onGive: (value: string) => void
}

function PasswordForm({ busy, onGive }: FormProps) {
  const id = useId()
  const [password, setPassword] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (password !== '') onGive(password)
  }
  return (
    <form className="stack" onSubmit={submit}>
      <div className="field">
        <label htmlFor={id}>Password for the new server</label>
        <input
          id={id}
          className="input"
          type="password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          aria-describedby={`${id}h`}
          autoComplete="new-password"
          dir="ltr"
        />
        <span id={`${id}h`} className="small">
          A new one. It goes to the new server and is not kept here: put it where you keep your passwords.
        </span>
      </div>
      <div className="line">
        <button type="submit" className="btn go" disabled={busy || password === ''}>
          Go on
        </button>
      </div>
    </form>
  )
}

function KeyForm({ busy, onGive }: FormProps) {
  const [key, setKey] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onGive(key)
  }
  return (
    <form className="stack" onSubmit={submit} autoComplete="off">
      <KeyField value={key} onChange={setKey} />
      <div className="line">
        <button type="submit" className="btn go" disabled={busy || key.trim() === ''}>
          Go on with the key
        </button>
      </div>
    </form>
  )
}

function CodeForm({ did, host, busy, onGive }: FormProps & { readonly did: string; readonly host: string }) {
  const id = useId()
  const [code, setCode] = useState('')
  const again = useAction()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onGive(code.trim())
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p>
        Everything is at the new server. The last word is yours: {host} has sent you a code by mail, and signs
        the change of your identity with it.
      </p>
      <div className="field">
        <label htmlFor={id}>Code from the mail</label>
        <input
          id={id}
          className="input mono"
          value={code}
          onChange={(event) => setCode(event.target.value)}
          autoComplete="one-time-code"
          autoCapitalize="characters"
          spellCheck={false}
          dir="ltr"
        />
      </div>
      <div className="line">
        <button type="submit" className="btn go" disabled={busy || code.trim() === ''}>
          Change the identity
        </button>
        <button
          type="button"
          className="btn"
          disabled={again.running}
          onClick={() => void again.run((cairn) => cairn.moving.requestCode(did))}
        >
          Send another code
        </button>
      </div>
      {again.error !== undefined && <ErrorNote error={again.error} />}
    </form>
  )
}

interface DocumentFormProps {
  readonly wait: Extract<Wait, { for: 'document' }>
  readonly busy: boolean
  readonly onDone: () => void
}

function DocumentForm({ wait, busy, onDone }: DocumentFormProps) {
  const id = useId()
  const text = `${JSON.stringify(wait.document, null, 2)}\n`
  return (
    <div className="stack">
      <p>
        Publish this document at <span className="mono break">{wait.url}</span>, in place of what is there. It
        is looked at before anything goes on.
      </p>
      <div className="field">
        <label htmlFor={id}>The document</label>
        <textarea id={id} className="input mono doc" rows={14} readOnly value={text} dir="ltr" />
      </div>
      <div className="line">
        <button type="button" className="btn" onClick={() => downloadBytes(new Blob([text]), 'did.json')}>
          Save the document
        </button>
        <button type="button" className="btn go" disabled={busy} onClick={onDone}>
          It is published
        </button>
      </div>
    </div>
  )
}
