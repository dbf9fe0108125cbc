import { useId, useState, type FormEvent } from 'react'
import { Loading } from '../../../components/bits.tsx'
import { closeDialog, Dialog } from '../../../components/dialog.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useOnce } from '../../../spaces/use-once.ts'
import { NotListed } from './not-listed.tsx'
import { SaveFileForm } from './save-file.tsx'
import { pickThree, wordsMatch } from './three-words.ts'

interface MakeWordsDialogProps {
  /** there are words already, which these take the place of */
  readonly isAgain: boolean
  readonly onClose: () => void
}

/** Shows twelve words once, and asks for three of them: only what was written down is a way back. */
export function MakeWordsDialog({ isAgain, onClose }: MakeWordsDialogProps) {
  const { value, error, again } = useOnce((cairn) => cairn.spaces.makeRecovery())
  const [step, setStep] = useState<'show' | 'ask' | 'done'>('show')
  const words = (value?.words ?? '').split(' ').filter((word) => word !== '')
  return (
    <Dialog
      title={
        step === 'done'
          ? 'You have a way back'
          : step === 'ask'
            ? 'Did you write them down?'
            : 'Write these twelve words down'
      }
      onClose={onClose}
    >
      {error !== undefined && (
        <ErrorNote error={error}>
          <button type="button" className="btn slim" onClick={again}>
            Try again
          </button>
        </ErrorNote>
      )}
      {value === undefined && error === undefined && <Loading label="Making the words" />}
      {value !== undefined && step === 'show' && (
        <div className="stack">
          <p>
            On paper, in this order. Whoever has them can open your spaces as you; nobody can give them to you
            again, and they are shown this once.
            {isAgain && ' The words that you had before open nothing once these are confirmed.'}
          </p>
          <ol className="words" translate="no" dir="ltr">
            {words.map((word, index) => (
              <li key={`${index} ${word}`} className="mono">
                {word}
              </li>
            ))}
          </ol>
          <div className="line">
            <button type="button" className="btn" onClick={closeDialog}>
              Not now
            </button>
            <button type="button" className="btn go" onClick={() => setStep('ask')}>
              I have written them down
            </button>
          </div>
        </div>
      )}
      {value !== undefined && step === 'ask' && (
        <AskForThree words={words} onBack={() => setStep('show')} onDone={() => setStep('done')} />
      )}
      {step === 'done' && (
        <div className="stack">
          <p>
            Keep the paper where you keep what matters. The words open all of your spaces, also those that you
            join later.
          </p>
          <NotListed />
          <details className="more">
            <summary>Save it as a file too</summary>
            <SaveFileForm />
          </details>
          <div className="line">
            <button type="button" className="btn go" onClick={closeDialog}>
              Done
            </button>
          </div>
        </div>
      )}
    </Dialog>
  )
}

interface AskForThreeProps {
  readonly words: readonly string[]
  readonly onBack: () => void
  readonly onDone: () => void
}

function AskForThree({ words, onBack, onDone }: AskForThreeProps) {
  const id = useId()
  const [asked] = useState(() => pickThree(words.length, (most) => Math.floor(Math.random() * most)))
  const [typed, setTyped] = useState<readonly string[]>(asked.map(() => ''))
  const [wrong, setWrong] = useState(false)
  const action = useAction()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const bad = asked.findIndex((at, index) => !wordsMatch(typed[index] ?? '', words[at] ?? ''))
    setWrong(bad >= 0)
    if (bad >= 0) {
      document.getElementById(`${id}${bad}`)?.focus()
      return
    }
    void action.run((cairn) => cairn.spaces.confirmRecovery(words.join(' '))).then((done) => done && onDone())
  }
  return (
    <form onSubmit={submit} autoComplete="off">
      <p>Type three of them from your paper.</p>
      {asked.map((at, index) => (
        <div key={at} className="field">
          <label htmlFor={`${id}${index}`}>Word {at + 1}</label>
          <input
            id={`${id}${index}`}
            className="input mono"
            value={typed[index] ?? ''}
            autoCapitalize="none"
            autoCorrect="off"
            autoComplete="off"
            spellCheck={false}
            dir="ltr"
            onChange={(event) => {
              setWrong(false)
              setTyped(typed.map((word, each) => (each === index ? event.target.value : word)))
            }}
          />
        </div>
      ))}
      {wrong && (
        <p className="problem" role="alert">
          That is not the word. Look at your paper once more, or see the words again.
        </p>
      )}
      {action.error !== undefined && <ErrorNote error={action.error} />}
      <div className="line">
        <button type="button" className="btn" onClick={onBack}>
          See them again
        </button>
        <button type="submit" className="btn go" disabled={action.running}>
          Confirm
        </button>
      </div>
    </form>
  )
}
