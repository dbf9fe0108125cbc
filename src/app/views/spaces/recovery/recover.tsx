import { useId, useState, type FormEvent } from 'react'
import type { RecoveredSpace } from '../../../../cairn/api.ts'
import { closeDialog, Dialog } from '../../../components/dialog.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { plural } from '../../../lib/format.ts'
import { goTo } from '../../../lib/navigate.ts'
import { lastName } from '../../../spaces/last-name.ts'
import { wordsFor } from '../../../words.ts'
import { NameField } from '../create.tsx'

const WORDS = 12

/** Opens one's spaces on a bare device, by the words or by a file. */
export function RecoverDialog({ onClose }: { readonly onClose: () => void }) {
  const id = useId()
  const [way, setWay] = useState<'words' | 'file'>('words')
  const [words, setWords] = useState('')
  const [file, setFile] = useState<File>()
  const [passphrase, setPassphrase] = useState('')
  const [name, setName] = useState(lastName)
  const [checked, setChecked] = useState(false)
  const [opened, setOpened] = useState<readonly RecoveredSpace[]>()
  const action = useAction()
  const toSpaces = () => {
    onClose()
    goTo('/spaces')
  }
  const typed = words
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const problem =
    way === 'file'
      ? file === undefined && 'Choose the file first.'
      : typed.length !== WORDS && `Enter all ${WORDS} words; there are ${typed.length}.`
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setChecked(true)
    if (problem !== false || name.trim() === '') {
      document.getElementById(problem === false ? `${id}n` : `${id}${way}`)?.focus()
      return
    }
    const from =
      way === 'words' || file === undefined
        ? { words: typed.join(' ') }
        : { file, ...(passphrase === '' ? {} : { passphrase }) }
    let found: readonly RecoveredSpace[] = []
    void action
      .run(async (cairn) => {
        found = await cairn.spaces.recover(from, name.trim())
      })
      .then((done) => {
        if (!done) return
        if (found.length > 0 && found.every(({ summary }) => summary?.state === 'member')) toSpaces()
        else setOpened(found)
      })
  }
  if (opened !== undefined) {
    return (
      <Dialog title="Your spaces" onClose={onClose}>
        <Opened spaces={opened} />
        <div className="line">
          <button type="button" className="btn go" onClick={toSpaces}>
            Go to Spaces
          </button>
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog title="Open my spaces again" onClose={onClose}>
      <form onSubmit={submit} noValidate autoComplete="off">
        <div className="segments" role="group" aria-label="By">
          <button type="button" aria-pressed={way === 'words'} onClick={() => setWay('words')}>
            Twelve words
          </button>
          <button type="button" aria-pressed={way === 'file'} onClick={() => setWay('file')}>
            Recovery file
          </button>
        </div>
        {way === 'words' ? (
          <div className="field">
            <label htmlFor={`${id}words`}>The words, in their order</label>
            <textarea
              id={`${id}words`}
              className="input mono"
              rows={3}
              value={words}
              maxLength={400}
              autoCapitalize="none"
              autoCorrect="off"
              autoComplete="off"
              spellCheck={false}
              dir="ltr"
              aria-invalid={checked && problem !== false}
              aria-describedby={`${id}p`}
              onChange={(event) => setWords(event.target.value)}
            />
          </div>
        ) : (
          <>
            <div className="field">
              <label htmlFor={`${id}file`}>Recovery file</label>
              <input
                id={`${id}file`}
                type="file"
                className="input"
                aria-invalid={checked && problem !== false}
                aria-describedby={`${id}p`}
                onChange={(event) => setFile(event.target.files?.[0])}
              />
            </div>
            <div className="field">
              <label htmlFor={`${id}pass`}>Passphrase, if it was sealed with one</label>
              <input
                id={`${id}pass`}
                type="password"
                className="input"
                autoComplete="off"
                value={passphrase}
                onChange={(event) => setPassphrase(event.target.value)}
              />
            </div>
          </>
        )}
        <p id={`${id}p`} className={checked && problem !== false ? 'problem' : 'small'} role="status">
          {checked && problem !== false
            ? problem
            : `A new device is made of this one; ${plural(WORDS, 'word')} never leave it.`}
        </p>
        <NameField id={`${id}n`} value={name} isMissing={checked && name.trim() === ''} onChange={setName} />
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="btn go" disabled={action.running}>
            {action.running ? 'Looking for them' : 'Open them'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** What became of each, where not all of them are open. */
function Opened({ spaces }: { readonly spaces: readonly RecoveredSpace[] }) {
  if (spaces.length === 0) return <p>There was no space yet when these were saved.</p>
  return (
    <ul className="stack-tight">
      {spaces.map(({ space, title, summary, error }) => (
        <li key={space}>
          <bdi className="strong">{title}</bdi>{' '}
          <span className="small">
            {error !== undefined
              ? wordsFor(error.code, error.fields).title
              : summary?.state === 'member'
                ? 'is open.'
                : 'opens by itself when someone who keeps it can be reached.'}
          </span>
        </li>
      ))}
    </ul>
  )
}
