import { useState } from 'react'
import type { ExportFormat } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatBytes, formatDayTime, plural } from '../../lib/format.ts'
import { useSnapshots } from '../../lib/reads.ts'
import { saveStream } from '../../lib/save-stream.ts'
import type { RepoTabProps } from './tab-props.ts'

/** A copy to keep elsewhere: a file that needs neither Cairn nor a server to be proven. */
export function Export({ repo }: RepoTabProps) {
  const { did } = repo
  const { value: snapshots } = useSnapshots(repo)
  const [snapshot, setSnapshot] = useState('')
  const chosen = snapshots?.find(({ id }) => id === snapshot) ?? repo.head
  const size = chosen === undefined ? '' : `${formatBytes(chosen.recordBytes)} of records, and their tree`
  return (
    <div className="stack">
      {snapshots !== undefined && snapshots.length > 1 && (
        <label className="line">
          From the snapshot of
          <select className="select" value={snapshot} onChange={(event) => setSnapshot(event.target.value)}>
            <option value="">
              {repo.head === undefined ? 'the newest' : `${formatDayTime(repo.head.takenAt)} (newest)`}
            </option>
            {snapshots.slice(1).map(({ id, takenAt }) => (
              <option key={id} value={id}>
                {formatDayTime(takenAt)}
              </option>
            ))}
          </select>
        </label>
      )}
      <div className="card rows">
        <Choice did={did} format="car" snapshot={snapshot} title="CAR file" size={size}>
          All records with their tree and signature, in the format that every AT Protocol server takes. Opens
          in Cairn again with the same root. Without images and other blobs.
        </Choice>
        <Choice
          did={did}
          format="zip"
          snapshot={snapshot}
          title="CAR file with blobs"
          size={
            repo.blobs.kept === 0
              ? `${size}; no blobs are kept`
              : `${size}, and ${plural(repo.blobs.kept, 'blob')}, ${formatBytes(repo.blobs.keptBytes)}`
          }
        >
          A zip with the CAR file, every blob that is kept, and the identity document: all that is needed to
          prove it years from now.
        </Choice>
        <Choice
          did={did}
          format="jsonl"
          snapshot={snapshot}
          title="JSON lines"
          size="text, one record a line"
        >
          For reading with other tools. It proves nothing by itself.
        </Choice>
      </div>
    </div>
  )
}

interface ChoiceProps {
  readonly did: string
  readonly format: ExportFormat
  readonly snapshot: string
  readonly title: string
  readonly size: string
  readonly children: string | readonly string[]
}

function Choice({ did, format, snapshot, title, size, children }: ChoiceProps) {
  const action = useAction()
  const [saved, setSaved] = useState(false)
  const save = async () => {
    setSaved(false)
    const done = await action.run(async (cairn) => {
      const file = await cairn.library.exportRepo(did, format, snapshot === '' ? undefined : snapshot)
      await saveStream(file)
    })
    setSaved(done)
  }
  return (
    <div className="choice">
      <div className="choice-words">
        <h2>{title}</h2>
        <p className="small">{children}</p>
        <p className="small faint">{size}</p>
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <p className="small" role="status">
          {action.running ? 'Saving. Keep this tab open until it is done.' : saved ? 'Saved.' : ''}
        </p>
      </div>
      <button type="button" className="btn" disabled={action.running} onClick={() => void save()}>
        Export<span className="hidden-text"> as {title}</span>
      </button>
    </div>
  )
}
