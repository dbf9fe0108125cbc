import { useId, useState, type FormEvent } from 'react'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { OldServer } from './old-server.tsx'

/** The server signs the change, when its owner has shown by a mailed code that it is wanted. */
export function AddKey({ did }: { readonly did: string }) {
  const id = useId()
  const [host, setHost] = useState<string>()
  const [code, setCode] = useState('')
  const ask = useAction()
  const add = useAction()
  const request = () => void ask.run(async (cairn) => setHost((await cairn.moving.requestCode(did)).host))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void add.run((cairn) => cairn.moving.addKey(did, code))
  }
  return (
    <OldServer did={did} why="Your server puts the key into the identity. For that you sign in.">
      <p>
        The key was checked. It comes before all others in your identity: then it can overrule the server for
        72 hours after anything that the server does.
      </p>
      {host === undefined ? (
        <div className="line">
          <button type="button" className="btn go" disabled={ask.running} onClick={request}>
            Send me a code by mail
          </button>
        </div>
      ) : (
        <form className="stack" onSubmit={submit}>
          <div className="field">
            <label htmlFor={id}>Code from the mail of {host}</label>
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
            <button type="submit" className="btn go" disabled={add.running || code.trim() === ''}>
              Add the key
            </button>
            <button type="button" className="btn" disabled={ask.running} onClick={request}>
              Send another code
            </button>
          </div>
        </form>
      )}
      {ask.error !== undefined && <ErrorNote error={ask.error} />}
      {add.error !== undefined && <ErrorNote error={add.error} />}
    </OldServer>
  )
}
