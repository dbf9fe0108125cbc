import { useId, useState, type FormEvent } from 'react'
import { goTo } from '../../lib/navigate.ts'
import { holdSecretLink, JOIN_PATH, readSecretLink } from '../../lib/secret-link.ts'

/** Takes a pasted link into a space. It goes to the engine, and into no address or history. */
export function OpenLinkForm() {
  const id = useId()
  const [text, setText] = useState('')
  const [problem, setProblem] = useState(false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() === '') return
    if (readSecretLink(text) === undefined) {
      setProblem(true)
      return
    }
    holdSecretLink(text)
    setText('')
    goTo(JOIN_PATH)
  }
  return (
    <form className="open-link" onSubmit={submit} autoComplete="off">
      <div className="card ask">
        <input
          aria-label="Link into a space"
          placeholder="Paste a link that someone sent you"
          value={text}
          maxLength={4_096}
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          enterKeyHint="go"
          dir="ltr"
          aria-invalid={problem}
          aria-describedby={problem ? id : undefined}
          onChange={(event) => {
            setText(event.target.value)
            setProblem(false)
          }}
        />
        <button type="submit" className="btn">
          Open
        </button>
      </div>
      {problem && (
        <p id={id} className="problem" role="alert">
          That is no link into a space. One has #/join/ in it, and is copied whole.
        </p>
      )}
    </form>
  )
}
