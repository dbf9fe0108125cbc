import { useState } from 'react'
import { Id } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { formatBytes, formatDay } from '../../../lib/format.ts'
import { useHere } from '../../../spaces/here.ts'
import '../../../styles/settings.css'
import { RecoveryDue } from '../recovery/recovery-due.tsx'
import { AboutForm } from './about-form.tsx'
import { ExportCard } from './export.tsx'
import { ForgetDialog } from './forget.tsx'
import { ReachCard } from './reach.tsx'

/** What the space is, how to take it with you, and how to be rid of it. */
export function SpaceSettings() {
  const { space, detail, isAdmin } = useHere()
  const [forgetting, setForgetting] = useState(false)
  const action = useAction()
  return (
    <div className="settings">
      <RecoveryDue />
      <AboutForm />
      <section className="card pad setting" aria-labelledby="sp-group">
        <div>
          <h2 id="sp-group">Group</h2>
          <p className="small">For everyone here.</p>
        </div>
        <div className="stack">
          <label className="check">
            <input
              type="checkbox"
              checked={detail.backup}
              disabled={!isAdmin || action.running}
              onChange={(event) => {
                const set = { backup: event.target.checked }
                void action.run((cairn) => cairn.spaces.edit(space, [{ kind: 'space', id: 'space', set }]))
              }}
            />
            <span>
              Members keep each other’s repositories
              <span className="small block">Each offers what they like, and keeps what they like.</span>
            </span>
          </label>
          <p className="small">
            {detail.hidesPast
              ? 'Newcomers read only what is written after they came. This was chosen when the space was made.'
              : 'Newcomers read everything that was written before they came.'}
          </p>
          {action.error !== undefined && <ErrorNote error={action.error} />}
        </div>
      </section>
      <ReachCard />
      <ExportCard />
      <section className="card pad setting" aria-labelledby="sp-forget">
        <div>
          <h2 id="sp-forget">On this device</h2>
          <p className="small">Since {formatDay(detail.joinedAt)}.</p>
        </div>
        <div className="stack">
          <p className="small">
            {formatBytes(detail.storedBytes)} are kept here.{' '}
            <Id value={space} what="address of the space" head={8} />
          </p>
          <div className="line">
            <button type="button" className="btn danger" onClick={() => setForgetting(true)}>
              Forget this space on this device
            </button>
          </div>
        </div>
      </section>
      {forgetting && <ForgetDialog space={detail} onClose={() => setForgetting(false)} />}
    </div>
  )
}
