import { useCallback, useEffect } from 'react'
import { useAction, useEngine } from '../lib/engine-context.ts'
import { goTo } from '../lib/navigate.ts'
import { onLaunchFiles, openCarFiles, useFileDrop } from '../lib/open-files.ts'
import { ErrorNote } from './error-note.tsx'
import { Stones } from './stones.tsx'

/** Takes CAR files dropped anywhere on the window, or opened with the installed app, on any screen. */
export function DropZone() {
  const { cairn } = useEngine()
  const action = useAction()
  const { run } = action
  const open = useCallback(
    (files: readonly File[]) => {
      if (files.length === 0) return
      goTo('/')
      void openCarFiles(files, run)
    },
    [run],
  )
  const over = useFileDrop(open)
  useEffect(() => {
    if (cairn !== undefined) onLaunchFiles(open)
  }, [cairn, open])
  return (
    <>
      {over && (
        <div className="drop-veil">
          <Stones size={72} stones={['current', 'current', 'wanted']} />
          Drop the CAR file to open it
        </div>
      )}
      {action.error !== undefined && (
        <div className="card update-bar" role="alertdialog" aria-label="The file was not opened">
          <ErrorNote error={action.error}>
            <button type="button" className="btn slim" onClick={action.clear}>
              Close
            </button>
          </ErrorNote>
        </div>
      )}
    </>
  )
}
