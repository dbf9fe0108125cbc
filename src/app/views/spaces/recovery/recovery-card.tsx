import { useState } from 'react'
import { formatDay, plural } from '../../../lib/format.ts'
import { useRecovery } from '../../../spaces/reads.ts'
import '../../../styles/spaces.css'
import { MakeWordsDialog } from './make-words.tsx'
import { NotListed } from './not-listed.tsx'
import { RecoverDialog } from './recover.tsx'

/** The way back into one's spaces: words on paper or a file, and opening them on a bare device. */
export function RecoveryCard() {
  const { value: recovery } = useRecovery()
  const [asking, setAsking] = useState<'words' | 'recover'>()
  const close = () => setAsking(undefined)
  const confirmed = recovery?.confirmedAt
  return (
    <section className="card pad setting" aria-labelledby="set-recovery">
      <div>
        <h2 id="set-recovery">Recovery of spaces</h2>
        <p className="small">Twelve words that open them again when this device is gone.</p>
      </div>
      <div className="stack">
        <p>
          {confirmed === undefined
            ? recovery?.isDue === true
              ? 'None yet. Your spaces are lost when this browser’s storage is.'
              : 'None yet. They are worth making once you are in a space.'
            : `You have had them since ${formatDay(confirmed)}${
                recovery?.byOther === true ? ', from another device of yours' : ''
              }. ${
                recovery?.spaces === 0
                  ? 'Which spaces they open is read from a relay.'
                  : `They open ${plural(recovery?.spaces ?? 0, 'space')}.`
              }`}
        </p>
        <NotListed />
        <div className="line">
          <button
            type="button"
            className={recovery?.isDue === true ? 'btn go' : 'btn'}
            onClick={() => setAsking('words')}
          >
            {confirmed === undefined ? 'Make recovery words' : 'Make new words'}
          </button>
          <button type="button" className="btn plain" onClick={() => setAsking('recover')}>
            Open my spaces again
          </button>
        </div>
        {asking === 'words' && <MakeWordsDialog isAgain={confirmed !== undefined} onClose={close} />}
        {asking === 'recover' && <RecoverDialog onClose={close} />}
      </div>
    </section>
  )
}
