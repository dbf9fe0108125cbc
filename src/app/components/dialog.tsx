import { useEffect, useId, useRef, type MouseEvent, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { giveBackFocus } from '../lib/give-back-focus.ts'

interface DialogProps {
  readonly title: string
  /** id of the element that says what it is about */
  readonly describedBy?: string
  readonly children: ReactNode
  readonly onClose: () => void
}

/**
 * The platform's own modal dialog: it holds the focus, makes the rest inert, closes on Escape, and gives the
 * focus back: to what opened it, or where that is gone to the heading of the screen.
 */
export function Dialog({ title, describedBy, children, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const opener = document.activeElement
    dialog.current?.showModal()
    return () => giveBackFocus(opener)
  }, [])
  // outside of what opened it, whose styles are not meant for it
  return createPortal(
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      {...(describedBy === undefined ? {} : { 'aria-describedby': describedBy })}
      onClose={onClose}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>,
    document.body,
  )
}

/** For a button in a dialog that leaves it, as Escape does. */
export function closeDialog({ currentTarget }: MouseEvent<HTMLElement>): void {
  currentTarget.closest('dialog')?.close()
}
