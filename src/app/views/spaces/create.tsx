import { useId, useState, type FormEvent } from 'react'
import { closeDialog, Dialog } from '../../components/dialog.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { goTo } from '../../lib/navigate.ts'
import { spaceHref } from '../../lib/routes.ts'
import { lastName, rememberName } from '../../spaces/last-name.ts'
import { MAX_NAME, MAX_TITLE } from '../../spaces/limits.ts'

/** A new space: what it is called, and what its members call you. Needs no network. */
export function CreateDialog({ onClose }: { readonly onClose: () => void }) {
  const id = useId()
  const [title, setTitle] = useState('')
  const [name, setName] = useState(lastName)
  const [hidePast, setHidePast] = useState(false)
  const [checked, setChecked] = useState(false)
  const action = useAction()
  const noTitle = title.trim() === ''
  const noName = name.trim() === ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setChecked(true)
    if (noTitle || noName) {
      document.getElementById(noTitle ? `${id}t` : `${id}n`)?.focus()
      return
    }
    let made = ''
    void action
      .run(async (cairn) => {
        made = (await cairn.spaces.create({ title: title.trim(), name: name.trim(), hidePast })).space
      })
      .then((done) => {
        if (!done) return
        rememberName(name)
        onClose()
        goTo(spaceHref(made))
      })
  }
  return (
    <Dialog title="New space" onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <div className="field">
          <label htmlFor={`${id}t`}>What is it called?</label>
          <input
            id={`${id}t`}
            className="input"
            value={title}
            maxLength={MAX_TITLE}
            placeholder="Tidewater Choir"
            autoComplete="off"
            aria-invalid={checked && noTitle}
            aria-describedby={checked && noTitle ? `${id}tp` : undefined}
            onChange={(event) => setTitle(event.target.value)}
          />
          {checked && noTitle && (
            <span id={`${id}tp`} className="problem">
              Give it a name; it can be changed later.
            </span>
          )}
        </div>
        <NameField id={`${id}n`} value={name} isMissing={checked && noName} onChange={setName} />
        <details className="more">
          <summary>More</summary>
          <label className="check">
            <input
              type="checkbox"
              checked={hidePast}
              onChange={(event) => setHidePast(event.target.checked)}
            />
            <span>
              Hide the past from newcomers
              <span className="small block">
                Who joins later reads only what is written after that. It cannot be changed afterwards.
              </span>
            </span>
          </label>
        </details>
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="btn go" disabled={action.running}>
            Make the space
          </button>
        </div>
      </form>
    </Dialog>
  )
}

interface NameFieldProps {
  readonly id: string
  readonly value: string
  readonly isMissing: boolean
  readonly onChange: (name: string) => void
}

/** How the other members will see this person; a name for each space, nothing is looked up. */
export function NameField({ id, value, isMissing, onChange }: NameFieldProps) {
  return (
    <div className="field">
      <label htmlFor={id}>Your name in it</label>
      <input
        id={id}
        className="input"
        value={value}
        maxLength={MAX_NAME}
        autoComplete="name"
        aria-invalid={isMissing}
        aria-describedby={`${id}s`}
        onChange={(event) => onChange(event.target.value)}
      />
      <span id={`${id}s`} className={isMissing ? 'problem' : 'small'}>
        {isMissing ? 'Enter a name, so that the others know who you are.' : 'Only the members see it.'}
      </span>
    </div>
  )
}
