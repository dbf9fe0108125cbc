import type { Editor } from '@tiptap/core'
import { useEffect, useId, useRef, useState, type FormEvent, type KeyboardEvent } from 'react'
import { toAddress } from './link-address.ts'

interface LinkFormProps {
  readonly editor: Editor
  readonly onDone: () => void
}

/** Where the selected words lead. Enter sets it, Escape leaves all as it was. */
export function LinkForm({ editor, onDone }: LinkFormProps) {
  const present: unknown = editor.getAttributes('link')['href']
  const [typed, setTyped] = useState(typeof present === 'string' ? present : '')
  const [isWrong, setIsWrong] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const id = useId()
  useEffect(() => input.current?.select(), [])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const href = toAddress(typed)
    if (href === undefined) {
      setIsWrong(true)
      return
    }
    const chain = editor.chain().focus().extendMarkRange('link')
    // Nothing is selected: the address is its own text.
    if (editor.state.selection.empty && !editor.isActive('link'))
      chain.insertContent({ type: 'text', text: href, marks: [{ type: 'link', attrs: { href } }] }).run()
    else chain.setLink({ href }).run()
    onDone()
  }
  const remove = () => {
    editor.chain().focus().extendMarkRange('link').unsetLink().run()
    onDone()
  }
  const leave = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    onDone()
    editor.commands.focus()
  }

  return (
    <form className="note-link" onSubmit={submit} noValidate>
      <label htmlFor={id}>Address</label>
      <input
        ref={input}
        id={id}
        type="url"
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        dir="ltr"
        placeholder="https://"
        value={typed}
        onKeyDown={leave}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? `${id}-wrong` : undefined}
        onChange={(event) => {
          setTyped(event.target.value)
          setIsWrong(false)
        }}
      />
      <button type="submit" className="btn slim go" onKeyDown={leave}>
        Set
      </button>
      {typeof present === 'string' && (
        <button type="button" className="btn slim" onClick={remove} onKeyDown={leave}>
          Remove the link
        </button>
      )}
      {isWrong && (
        <p id={`${id}-wrong`} className="note-wrong" role="alert">
          This is no address of the web or of mail.
        </p>
      )}
    </form>
  )
}
