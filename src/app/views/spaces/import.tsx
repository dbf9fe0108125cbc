import { useId, useState, type FormEvent } from 'react'
import { closeDialog, Dialog } from '../../components/dialog.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { goTo } from '../../lib/navigate.ts'
import { spaceHref } from '../../lib/routes.ts'
import { lastName, rememberName } from '../../spaces/last-name.ts'
import { NameField } from './create.tsx'

/** A new space with what an exported one held. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const id = useId()
  const [file, setFile] = useState<File>()
  const [name, setName] = useState(lastName)
  const [passphrase, setPassphrase] = useState('')
  const [checked, setChecked] = useState(false)
  const action = useAction()
  const noName = name.trim() === ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setChecked(true)
    if (file === undefined || noName) {
      document.getElementById(file === undefined ? `${id}f` : `${id}n`)?.focus()
      return
    }
    let made = ''
    void action
      .run(async (cairn) => {
        const options = { name: name.trim(), ...(passphrase === '' ? {} : { passphrase }) }
        made = (await cairn.spaces.import(file, options)).space
      })
      .then((done) => {
        if (!done) return
        rememberName(name)
        onClose()
        goTo(spaceHref(made))
      })
  }
  return (
    <Dialog title="Import a space" describedBy={`${id}d`} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <p id={`${id}d`}>
          A new space is made with the posts, notes, tasks and files of a zip that was exported before. Its
          members are not in the zip: you invite them again.
        </p>
        <div className="field">
          <label htmlFor={`${id}f`}>Zip file</label>
          <input
            id={`${id}f`}
            type="file"
            className="input"
            accept=".zip,application/zip,.cairn-space"
            aria-invalid={checked && file === undefined}
            aria-describedby={checked && file === undefined ? `${id}fp` : undefined}
            onChange={(event) => setFile(event.target.files?.[0])}
          />
          {checked && file === undefined && (
            <span id={`${id}fp`} className="problem">
              Choose the file first.
            </span>
          )}
        </div>
        <NameField id={`${id}n`} value={name} isMissing={checked && noName} onChange={setName} />
        <div className="field">
          <label htmlFor={`${id}p`}>Passphrase, if it was sealed with one</label>
          <input
            id={`${id}p`}
            className="input"
            type="password"
            autoComplete="off"
            value={passphrase}
            onChange={(event) => setPassphrase(event.target.value)}
          />
        </div>
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="btn go" disabled={action.running}>
            {action.running ? 'Importing' : 'Import'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
