import { Loading } from '../../../components/bits.tsx'
import { closeDialog, Dialog } from '../../../components/dialog.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { formatDayTime } from '../../../lib/format.ts'
import { useLive } from '../../../lib/live.ts'
import { useHere } from '../../../spaces/here.ts'
import { aboutSpace } from '../../../spaces/reads.ts'

interface NoteVersionsProps {
  readonly id: string
  readonly onClose: () => void
}

/** What a note's text was before, to be read, and to be brought back. */
export function NoteVersions({ id, onClose }: NoteVersionsProps) {
  const { space, canWrite, nameOf } = useHere()
  const action = useAction()
  const { value: versions, error } = useLive(
    `note versions ${space} ${id}`,
    (cairn) => cairn.spaces.noteVersions(space, id),
    aboutSpace(space),
  )
  return (
    <Dialog title="Versions of the text" onClose={onClose}>
      <div className="stack">
        {error !== undefined && <ErrorNote error={error} />}
        {versions === undefined && error === undefined && <Loading label="Reading the versions" />}
        {versions?.length === 0 && <p>None yet. One is kept when someone begins to write after a pause.</p>}
        <ul className="history">
          {versions?.map((version) => (
            <li key={version.id}>
              <details>
                <summary className="small">
                  {formatDayTime(version.at)}, <bdi>{nameOf(version.by)}</bdi>
                </summary>
                <pre className="version-text" dir="auto">
                  {version.text}
                </pre>
                {canWrite && (
                  <button
                    type="button"
                    className="btn slim"
                    disabled={action.running}
                    onClick={() =>
                      void action
                        .run((cairn) => cairn.spaces.restoreNote(space, id, version.id))
                        .then((done) => done && onClose())
                    }
                  >
                    Bring this back<span className="hidden-text"> from {formatDayTime(version.at)}</span>
                  </button>
                )}
              </details>
            </li>
          ))}
        </ul>
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <p className="small">What the text is now is kept as a version before another is brought back.</p>
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  )
}
