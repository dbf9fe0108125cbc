import { useState } from 'react'
import { Confirm } from '../../components/confirm.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatBytes, plural } from '../../lib/format.ts'
import { forgetLive } from '../../lib/live.ts'
import { useRepos } from '../../lib/reads.ts'

/** The way to leave no trace on a device. */
export function WipeCard() {
  const [asking, setAsking] = useState(false)
  const { value: repos } = useRepos()
  const wipe = useAction()
  const bytes = (repos ?? []).reduce((sum, repo) => sum + repo.storedBytes, 0)
  return (
    <section className="card pad setting" aria-labelledby="set-wipe">
      <div>
        <h2 id="set-wipe">Delete everything</h2>
        <p className="small">Before you give the device away.</p>
      </div>
      <div className="stack">
        <p className="small">
          Every repository, snapshot, blob and setting that Cairn keeps on this device. Files that you
          exported stay.
        </p>
        <div className="line">
          <button type="button" className="btn danger" onClick={() => setAsking(true)}>
            Delete everything
          </button>
        </div>
      </div>
      {asking && (
        <Confirm
          title="Delete everything on this device?"
          confirm="Delete everything"
          typed="delete everything"
          busy={wipe.running}
          error={wipe.error}
          onClose={() => {
            setAsking(false)
            wipe.clear()
          }}
          onConfirm={() =>
            void wipe
              .run((cairn) => cairn.device.wipe())
              .then((done) => {
                if (!done) return
                forgetLive()
                // what was begun and not posted lies beside the database
                sessionStorage.clear()
                localStorage.clear()
                // from a clean start, so that nothing that was read stays in memory
                location.assign('/')
              })
          }
        >
          <p>
            {plural(repos?.length ?? 0, 'repository', 'repositories')} with all snapshots and blobs,{' '}
            {formatBytes(bytes)}, will be gone for good. Accounts that no longer exist upstream cannot be
            fetched again.
          </p>
        </Confirm>
      )}
    </section>
  )
}
