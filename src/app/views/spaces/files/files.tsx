import { useCallback, useMemo, useRef, useState } from 'react'
import { Empty, Loading } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { Stones } from '../../../components/stones.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { plural } from '../../../lib/format.ts'
import { useHere } from '../../../spaces/here.ts'
import { useEntities, useFileStates } from '../../../spaces/reads.ts'
import { useDropHere } from '../../../spaces/use-drop-here.ts'
import { ShowMore, useSteps } from '../../../spaces/use-steps.tsx'
import { useMarkSeen } from '../../../spaces/use-mark-seen.ts'
import '../../../styles/spaces-files.css'
import { FileRow } from './file-row.tsx'

/** Rows before the rest is asked for: each may hold a picture. */
const STEP = 100

/** What the group keeps besides words. Files are sealed before they leave this device. */
export function Files({ open }: { readonly open: string | undefined }) {
  const { space, canWrite } = useHere()
  const { value: files, error } = useEntities(space, 'file')
  const { value: states } = useFileStates(space)
  const byId = useMemo(() => new Map((states ?? []).map((state) => [state.id, state])), [states])
  useMarkSeen('files', files)
  const picker = useRef<HTMLInputElement>(null)
  const action = useAction()
  const { run } = action
  const [adding, setAdding] = useState(0)
  const add = useCallback(
    (chosen: readonly File[]) => {
      if (chosen.length === 0) return
      setAdding(chosen.length)
      void run(async (cairn) => {
        for (const file of chosen) await cairn.spaces.addFile(space, file, file.name)
      }).then(() => setAdding(0))
    },
    [run, space],
  )
  const over = useDropHere(add, canWrite)
  const sorted = useMemo(
    () => (files ?? []).toSorted((a, b) => Number(b.id === open) - Number(a.id === open)),
    [files, open],
  )
  const steps = useSteps(sorted, STEP)
  return (
    <div className="stack">
      {over && (
        <div className="drop-veil">
          <Stones size={72} stones={['current', 'current', 'wanted']} />
          Drop to add to this space
        </div>
      )}
      {canWrite && (
        <div className="line file-add">
          <input
            ref={picker}
            type="file"
            hidden
            multiple
            aria-label="Files to add"
            onChange={(event) => {
              add([...(event.target.files ?? [])])
              // the same file may be chosen again
              event.target.value = ''
            }}
          />
          <button
            type="button"
            className="btn go"
            disabled={action.running}
            onClick={() => picker.current?.click()}
          >
            Add files
          </button>
          <p className="small">Or drop them here. They are sealed on this device before anything is sent.</p>
          <p className="small push" role="status">
            {adding > 0 && `Sealing ${plural(adding, 'file')}`}
          </p>
        </div>
      )}
      {action.error !== undefined && <ErrorNote error={action.error} />}
      {error !== undefined && files === undefined && <ErrorNote error={error} />}
      {files === undefined && error === undefined && <Loading label="Reading the files" />}
      {files?.length === 0 && (
        <div className="card">
          <Empty title="No files yet">
            {canWrite
              ? 'Of any size, sealed in pieces: sending goes on where it stopped.'
              : 'What the others add is shown here.'}
          </Empty>
        </div>
      )}
      {sorted.length > 0 && (
        <ul className="card rows files" aria-label="Files">
          {steps.shown.map((file) => (
            <FileRow key={file.id} file={file} state={byId.get(file.id)} isOpen={file.id === open} />
          ))}
        </ul>
      )}
      <ShowMore steps={steps} />
    </div>
  )
}
