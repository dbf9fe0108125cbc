import { useId, useState, type FormEvent } from 'react'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { saveStream } from '../../../lib/save-stream.ts'
import { useHere } from '../../../spaces/here.ts'

/** A zip of everything, for people and for Cairn. */
export function ExportCard() {
  const { space } = useHere()
  const id = useId()
  const [passphrase, setPassphrase] = useState('')
  const [saved, setSaved] = useState(false)
  const action = useAction()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setSaved(false)
    const done = await action.run(async (cairn) => {
      await saveStream(await cairn.spaces.export(space, passphrase === '' ? {} : { passphrase }))
    })
    setSaved(done)
  }
  return (
    <section className="card pad setting" aria-labelledby={`${id}h`}>
      <div>
        <h2 id={`${id}h`}>Take it with you</h2>
        <p className="small">Notes as Markdown, files as files, all else as JSON.</p>
      </div>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <div className="field">
          <label htmlFor={id}>Seal it with a passphrase (optional)</label>
          <input
            id={id}
            type="password"
            className="input"
            autoComplete="new-password"
            value={passphrase}
            onChange={(event) => setPassphrase(event.target.value)}
          />
          <span className="small">
            Without one, whoever has the file can read it. Nobody can open a sealed one without the
            passphrase.
          </span>
        </div>
        <div className="line">
          <button type="submit" className="btn" disabled={action.running}>
            Export a zip
          </button>
          <span className="small" role="status">
            {action.running ? 'Saving. Keep this tab open until it is done.' : saved ? 'Saved.' : ''}
          </span>
        </div>
        {action.error !== undefined && <ErrorNote error={action.error} />}
      </form>
    </section>
  )
}
