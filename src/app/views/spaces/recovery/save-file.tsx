import { useId, useState, type FormEvent } from 'react'
import { ErrorNote } from '../../../components/error-note.tsx'
import { downloadBytes } from '../../../lib/download.ts'
import { useAction } from '../../../lib/engine-context.ts'

/** Saves what the words stand for as a file. Only while they are fresh: afterwards nobody has them but the person. */
export function SaveFileForm() {
  const id = useId()
  const [passphrase, setPassphrase] = useState('')
  const [saved, setSaved] = useState(false)
  const action = useAction()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const done = await action.run(async (cairn) => {
      const file = await cairn.spaces.recoveryFile(passphrase === '' ? undefined : passphrase)
      downloadBytes(file, 'cairn-recovery.json')
    })
    setSaved(done)
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <div className="field">
        <label htmlFor={id}>Passphrase for the file</label>
        <input
          id={id}
          type="password"
          className="input"
          autoComplete="new-password"
          aria-describedby={`${id}s`}
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
        />
        <span id={`${id}s`} className="small">
          Without one, whoever has the file can open your spaces as you. Several words are better than one.
        </span>
      </div>
      {action.error !== undefined && <ErrorNote error={action.error} />}
      <div className="line">
        <span className="small" role="status">
          {saved ? 'Saved.' : ''}
        </span>
        <button type="submit" className="btn" disabled={action.running}>
          {passphrase === '' ? 'Save a file, unsealed' : 'Save a file, sealed'}
        </button>
      </div>
    </form>
  )
}
