import { useState } from 'react'
import type { Retention, SnapshotSummary } from '../../../cairn/api.ts'
import { Id, Loading } from '../../components/bits.tsx'
import { Confirm } from '../../components/confirm.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { RetentionField } from '../../components/retention-field.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatBytes, formatDayTime, plural } from '../../lib/format.ts'
import { useSnapshots } from '../../lib/reads.ts'
import { SIGNATURE_WORDS, SOURCE_WORDS } from '../../lib/signature.ts'
import '../../styles/snapshots.css'
import type { RepoTabProps } from './tab-props.ts'
import { Changes } from './changes.tsx'

/** Each backup that is kept, what changed between any two, and how many to keep. */
export function Snapshots({ repo }: RepoTabProps) {
  const { did } = repo
  const { value: snapshots, error } = useSnapshots(repo)
  const [picked, setPicked] = useState<{ from: string; to: string }>()
  const [deleting, setDeleting] = useState<SnapshotSummary>()
  const deletion = useAction()
  const [lessening, setLessening] = useState<Retention>()
  const retention = useAction()
  const keep = (value: Retention) =>
    void retention
      .run((cairn) => cairn.library.setRetention(did, value))
      .then((done) => done && setLessening(undefined))
  if (snapshots === undefined) return error === undefined ? <Loading /> : <ErrorNote error={error} />
  const has = (id: string | undefined) => snapshots.some((snapshot) => snapshot.id === id)
  const pair = picked !== undefined && has(picked.from) && has(picked.to) ? picked : newestPair(snapshots)
  return (
    <div className="columns">
      <div className="stack">
        <ol className="card rows timeline" aria-label="Snapshots, newest first">
          {snapshots.map((snapshot, index) => (
            <li key={snapshot.id} className="moment">
              <span className={index === 0 ? 'stone-dot' : 'stone-dot old'} aria-hidden="true" />
              <div className="moment-words">
                <div className="line">
                  <span className="strong">{formatDayTime(snapshot.takenAt)}</span>
                  {index === 0 && <span className="pill">newest</span>}
                  {snapshot.version === 2 && <span className="pill quiet">old format</span>}
                  {snapshot.signature === 'unchecked' && (
                    <span className="pill behind">author not proven</span>
                  )}
                </div>
                <div className="small num">
                  {plural(snapshot.records, 'record')}, {formatBytes(snapshot.recordBytes)},{' '}
                  {SOURCE_WORDS[snapshot.source]}
                </div>
                <div className="small">signature {SIGNATURE_WORDS[snapshot.signature]}</div>
                <div className="small line faint">
                  revision <Id value={snapshot.rev} what="revision" />
                </div>
              </div>
              <div className="line moment-actions">
                {index < snapshots.length - 1 && (
                  <button
                    type="button"
                    className="btn slim"
                    onClick={() => {
                      const before = snapshots[index + 1]
                      if (before !== undefined) setPicked({ from: before.id, to: snapshot.id })
                    }}
                  >
                    What changed<span className="hidden-text"> by {formatDayTime(snapshot.takenAt)}</span>
                  </button>
                )}
                {index > 0 && (
                  <button
                    type="button"
                    className="btn slim plain danger"
                    onClick={() => setDeleting(snapshot)}
                  >
                    Delete
                    <span className="hidden-text"> the snapshot of {formatDayTime(snapshot.takenAt)}</span>
                  </button>
                )}
              </div>
            </li>
          ))}
        </ol>
        {pair !== undefined && <Changes did={did} snapshots={snapshots} pair={pair} onPick={setPicked} />}
      </div>
      <div className="aside">
        <section className="card stack-tight">
          <h2>How many to keep</h2>
          <RetentionField
            value={repo.retention}
            disabled={retention.running}
            onChange={(value) => {
              if (value.keep === 'last' && value.count < snapshots.length) setLessening(value)
              else keep(value)
            }}
          />
          <p className="small">
            Snapshots share what they have in common, so an old one costs only what has changed since.
          </p>
          {retention.error !== undefined && lessening === undefined && <ErrorNote error={retention.error} />}
        </section>
      </div>
      {deleting !== undefined && (
        <Confirm
          title="Delete this snapshot?"
          confirm="Delete the snapshot"
          busy={deletion.running}
          error={deletion.error}
          onClose={() => {
            setDeleting(undefined)
            deletion.clear()
          }}
          onConfirm={() =>
            void deletion
              .run((cairn) => cairn.library.deleteSnapshot(did, deleting.id))
              .then((done) => done && setDeleting(undefined))
          }
        >
          <p>
            The state of {formatDayTime(deleting.takenAt)} with its {plural(deleting.records, 'record')} goes.
            Records that were deleted upstream later, and that no other snapshot holds, go with it for good.
          </p>
          <p className="small">The newest snapshot and all others stay.</p>
        </Confirm>
      )}
      {lessening?.keep === 'last' && (
        <Confirm
          title={`Keep only the newest ${lessening.count === 1 ? 'snapshot' : plural(lessening.count, 'snapshot')}?`}
          confirm={`Delete ${plural(snapshots.length - lessening.count, 'snapshot')}`}
          busy={retention.running}
          error={retention.error}
          onClose={() => {
            setLessening(undefined)
            retention.clear()
          }}
          onConfirm={() => keep(lessening)}
        >
          <p>
            The {plural(snapshots.length - lessening.count, 'older snapshot')} of this repository go now, and
            records that were deleted upstream and are in none of the newest go with them for good.
          </p>
          <p className="small">Later backups push the oldest out in the same way.</p>
        </Confirm>
      )}
    </div>
  )
}

function newestPair(snapshots: readonly SnapshotSummary[]): { from: string; to: string } | undefined {
  const [to, from] = snapshots
  return to === undefined || from === undefined ? undefined : { from: from.id, to: to.id }
}
