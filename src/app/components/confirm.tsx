import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from 'react'
import type { CairnError } from '../../core/errors.ts'
import { ErrorNote } from './error-note.tsx'

interface ConfirmProps {
  readonly title: string
  /** what is lost, and what is not */
  readonly children: ReactNode
  readonly confirm: string
  /** must be typed before the button works, for what cannot be undone at all */
  readonly typed?: string
  readonly busy: boolean
  readonly error: CairnError | undefined
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/**
 * Asks before something is lost. The platform's own modal dialog: it holds the focus, makes the rest
 * inert, closes on Escape, and gives the focus back.
 */
export function Confirm({ title, children, confirm, typed, busy, error, onConfirm, onClose }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const [text, setText] = useState('')
  useEffect(() => {
    const opener = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!busy && (typed === undefined || text.trim() === typed)) onConfirm()
  }
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={`${id}t`}
      aria-describedby={`${id}d`}
      onClose={onClose}
    >
      <form onSubmit={submit}>
        <h2 id={`${id}t`}>{title}</h2>
        <div id={`${id}d`} className="stack-tight">
          {children}
        </div>
        {typed !== undefined && (
          <div className="field">
            <label htmlFor={`${id}i`}>
              Type <span className="mono">{typed}</span> to go on
            </label>
            <input
              id={`${id}i`}
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
          <button type="button" className="btn" onClick={() => dialog.current?.close()}>
            Keep it
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
    </dialog>
  )
}
