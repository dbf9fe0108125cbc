import { useId } from 'react'
import type { RepoSummary } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { JobBar } from '../../components/job-progress.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatDayTime, plural } from '../../lib/format.ts'
import { useJobOf } from '../../lib/jobs.ts'
import { useSnapshots } from '../../lib/reads.ts'

interface OwnCopyProps {
  readonly did: string
  readonly repo: RepoSummary | undefined
  /** id; empty for the newest */
  readonly snapshot: string
  readonly onSnapshot: (id: string) => void
}

/** Which copy is to be restored, and a CAR file to make one of. */
export function OwnCopy({ did, repo, snapshot, onSnapshot }: OwnCopyProps) {
  const id = useId()
  const open = useAction()
  const job = useJobOf(did)
  const take = (file: File | undefined) => {
    if (file !== undefined) void open.run((cairn) => cairn.moving.takeFile(did, file, file.name))
  }
  return (
    <>
      {repo?.head === undefined ? (
        <p>Nothing of this account is kept here yet. Open a CAR file of it.</p>
      ) : (
        <SnapshotChoice repo={repo} snapshot={snapshot} onSnapshot={onSnapshot} />
      )}
      <div className="field">
        <label htmlFor={id}>A CAR file of this account</label>
        <input
          id={id}
          type="file"
          accept=".car,application/vnd.ipld.car"
          aria-describedby={`${id}h`}
          onChange={(event) => take(event.target.files?.[0])}
        />
        <span id={`${id}h`} className="small">
          It is proven before anything of it counts.
        </span>
      </div>
      {job !== undefined && <JobBar job={job} label="Opening the file" />}
      {open.error !== undefined && <ErrorNote error={open.error} />}
    </>
  )
}

interface SnapshotChoiceProps {
  readonly repo: RepoSummary
  readonly snapshot: string
  readonly onSnapshot: (id: string) => void
}

/** A server that is an enemy may have written in one's name: then the snapshot from before is wanted. */
function SnapshotChoice({ repo, snapshot, onSnapshot }: SnapshotChoiceProps) {
  const id = useId()
  const { value: snapshots } = useSnapshots(repo)
  return (
    <div className="field">
      <label htmlFor={id}>What to restore</label>
      <select
        id={id}
        className="select"
        value={snapshot}
        onChange={(event) => onSnapshot(event.target.value)}
        aria-describedby={`${id}h`}
      >
        <option value="">
          {repo.head === undefined
            ? 'The newest'
            : `The newest, ${formatDayTime(repo.head.takenAt)}, ${plural(repo.head.records, 'record')}`}
        </option>
        {(snapshots ?? []).slice(1).map((it) => (
          <option key={it.id} value={it.id}>
            {formatDayTime(it.takenAt)}, {plural(it.records, 'record')}
          </option>
        ))}
      </select>
      <span id={`${id}h`} className="small">
        An older one, if the server has written in your name since.
      </span>
    </div>
  )
}
