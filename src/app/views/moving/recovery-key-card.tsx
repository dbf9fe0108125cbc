import { useState, type FormEvent } from 'react'
import type { NewKey, Standing } from '../../../cairn/api.ts'
import { Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatDayTime, plural } from '../../lib/format.ts'
import { useStanding } from '../../lib/moving.ts'
import { AddKey } from './add-key.tsx'
import { KeyField } from './key-field.tsx'
import { ShowKey } from './show-key.tsx'

/** A key of one's own above the server's: made, kept, given back once, and put into the identity. */
export function RecoveryKeyCard({ did }: { readonly did: string }) {
  const { value: standing, error, loading, reload } = useStanding(did)
  return (
    <section className="card pad setting" aria-labelledby="mv-key">
      <div>
        <h2 id="mv-key">Recovery key</h2>
        <p className="small">
          With it you can take your account to another server when this one is gone, or will not let you go.
        </p>
      </div>
      <div className="stack">
        {loading && <Loading label="Asking the directory" />}
        {error !== undefined && standing === undefined && (
          <ErrorNote error={error}>
            <button type="button" className="btn slim" onClick={reload}>
              Try again
            </button>
          </ErrorNote>
        )}
        {standing?.method === 'web' && (
          <p>
            This account’s identity is a document on a domain. Whoever holds the domain holds the account:
            keep the domain, and no other key is needed.
          </p>
        )}
        {standing?.method === 'plc' && <PlcKey standing={standing} />}
      </div>
    </section>
  )
}

function PlcKey({ standing }: { readonly standing: Standing }) {
  const { did, keys, recovery, recent } = standing
  const [made, setMade] = useState<NewKey>()
  const [isChecking, setChecking] = useState(false)
  const make = useAction()
  const isListed = recovery?.rank !== undefined
  const makeOne = () =>
    void make.run(async (cairn) => {
      setMade(await cairn.moving.makeKey(did))
      setChecking(false)
    })
  return (
    <>
      <p>
        {isListed
          ? recovery.rank === 0
            ? 'Your key is the most powerful one of this account: it comes before its server’s.'
            : `Your key is listed, after ${plural(recovery.rank ?? 0, 'other')}.`
          : `The identity lists ${plural(keys.length, 'key')}, none of which was made on this device.`}
      </p>
      {recent.some(({ own }) => !own) && (
        <p className="small">
          The identity was changed in the last 72 hours, last on {formatDayTime(recent.at(-1)?.at ?? 0)}.{' '}
          {recovery?.rank === 0
            ? 'If that was not you, a rescue with your key undoes it.'
            : 'Only a more powerful key can undo that.'}
        </p>
      )}
      {made !== undefined && !isChecking && <ShowKey made={made} onKept={() => setChecking(true)} />}
      {recovery !== undefined && !isListed && (made === undefined || isChecking) && (
        <>{recovery.checkedAt === undefined ? <CheckKey did={did} /> : <AddKey did={did} />}</>
      )}
      {made === undefined && !isListed && (
        <div className="line">
          <button
            type="button"
            className={recovery === undefined ? 'btn go' : 'btn'}
            disabled={make.running}
            onClick={makeOne}
          >
            {recovery === undefined ? 'Make a recovery key' : 'Make another key instead'}
          </button>
        </div>
      )}
      {make.error !== undefined && <ErrorNote error={make.error} />}
    </>
  )
}

/** Only what can be given back was kept. */
function CheckKey({ did }: { readonly did: string }) {
  const [text, setText] = useState('')
  const check = useAction()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void check
      .run((cairn) => cairn.moving.checkKey(did, text))
      .then((done) => {
        if (done) setText('')
      })
  }
  return (
    <form className="stack" onSubmit={submit} autoComplete="off">
      <p>Give the key back once, from where you keep it. What cannot be given back saves nobody.</p>
      <KeyField value={text} onChange={setText} />
      {check.error !== undefined && <ErrorNote error={check.error} />}
      <div className="line">
        <button type="submit" className="btn go" disabled={check.running || text.trim() === ''}>
          Check it
        </button>
      </div>
    </form>
  )
}
