import { useId, useState, type FormEvent, type ReactNode } from 'react'
import type { CairnError } from '../../core/errors.ts'
import { closeDialog, Dialog } from './dialog.tsx'
import { ErrorNote } from './error-note.tsx'

interface ConfirmProps {
  readonly title: string
  /** what is lost, and what is not */
  readonly children: ReactNode
  readonly confirm: string
  /** the way out; "Keep it" unless told */
  readonly cancel?: string
  /** must be typed before the button works, for what cannot be undone at all */
  readonly typed?: string
  readonly busy: boolean
  readonly error: CairnError | undefined
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/** Asks before something is lost. */
export function Confirm({
  title,
  children,
  confirm,
  cancel = 'Keep it',
  typed,
  busy,
  error,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const id = useId()
  const [text, setText] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!busy && (typed === undefined || text.trim() === typed)) onConfirm()
  }
  return (
    <Dialog title={title} describedBy={`${id}d`} onClose={onClose}>
      <form onSubmit={submit}>
        <div id={`${id}d`} className="stack-tight">
          {children}
        </div>
        {typed !== undefined && (
          <div className="field">
            <label htmlFor={id}>
              Type <span className="mono">{typed}</span> to go on
            </label>
            <input
              id={id}
              className="input"
              value={text}
              onChange={(event) => setText(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </div>
        )}
        {error !== undefined && <ErrorNote error={error} />}
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            {cancel}
          </button>
          <button
            type="submit"
            className="btn danger go"
            disabled={busy || (typed !== undefined && text.trim() !== typed)}
          >
            {confirm}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
