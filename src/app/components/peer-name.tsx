import { Pencil } from 'lucide-react'
import { useEffect, useRef, useState, type FormEvent } from 'react'
import { useAction } from '../lib/engine-context.ts'
import { ErrorNote } from './error-note.tsx'

/** As long as a name is kept. */
const MAX_NAME = 60

interface PeerNameProps {
  readonly peer: string
  readonly name: string | undefined
  /** what it is called while it has no name */
  readonly label: string
}

/** What a peer is called, changed in place. Enter keeps it, Escape leaves it as it was, empty forgets it. */
export function PeerName({ peer, name, label }: PeerNameProps) {
  const [draft, setDraft] = useState<string>()
  const action = useAction()
  const pencil = useRef<HTMLButtonElement>(null)
  const field = useRef<HTMLInputElement>(null)
  const editing = draft !== undefined
  useEffect(() => {
    // the person has just asked to type here
    if (editing) field.current?.focus()
  }, [editing])
  const done = () => {
    setDraft(undefined)
    // the field is gone by then, and the focus with it
    requestAnimationFrame(() => pencil.current?.focus())
  }
  const save = async (event: FormEvent) => {
    event.preventDefault()
    if (await action.run((cairn) => cairn.network.namePeer(peer, draft?.trim() ?? ''))) done()
  }
  if (draft === undefined) {
    return (
      <span className="peer-name">
        <bdi className="strong clip" title={peer}>
          {label}
        </bdi>
        <button
          ref={pencil}
          type="button"
          className="icon-btn small-icon"
          aria-label={`Rename ${label}`}
          onClick={() => setDraft(name ?? '')}
        >
          <Pencil size={14} />
        </button>
      </span>
    )
  }
  return (
    <form className="line peer-rename" onSubmit={(event) => void save(event)}>
      <input
        className="input"
        aria-label={`Name for ${label}`}
        placeholder="Whose device is it?"
        ref={field}
        value={draft}
        maxLength={MAX_NAME}
        autoComplete="off"
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          done()
        }}
      />
      <button type="submit" className="btn slim" disabled={action.running}>
        Keep
      </button>
      <button type="button" className="btn slim plain" onClick={done}>
        Cancel
      </button>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </form>
  )
}
