import type { NewKey } from '../../../cairn/api.ts'
import { downloadBytes } from '../../lib/download.ts'

interface ShowKeyProps {
  readonly made: NewKey
  readonly onKept: () => void
}

/** The key, this once: as a file and as words. */
export function ShowKey({ made, onKept }: ShowKeyProps) {
  const save = () => downloadBytes(new Blob([made.file]), 'cairn-account-key.json')
  return (
    <div className="stack">
      <p>
        Save it as a file, or write the words down in their order, and keep that where you keep what matters.
        Whoever has it can take your account. It is shown this once, and is kept nowhere else.
      </p>
      <ol className="key-words" translate="no" dir="ltr" aria-label="The words of the key">
        {made.words.split(' ').map((word, index) => (
          <li key={`${index} ${word}`} className="mono">
            {word}
          </li>
        ))}
      </ol>
      <div className="line">
        <button type="button" className="btn" onClick={save}>
          Save the key file
        </button>
        <button type="button" className="btn go" onClick={onKept}>
          I have kept it
        </button>
      </div>
    </div>
  )
}
