import { useRef } from 'react'
import { Empty } from '../components/bits.tsx'
import { ErrorNote } from '../components/error-note.tsx'
import { Title } from '../components/screen.tsx'
import { useAction } from '../lib/engine-context.ts'
import { goTo } from '../lib/navigate.ts'
import { CAR_ACCEPT, openCarFiles } from '../lib/open-files.ts'

/** Where the system's "open with" lands. The file itself comes through the launch queue, on any screen. */
export function OpenScreen() {
  const action = useAction()
  const picker = useRef<HTMLInputElement>(null)
  const open = async (files: readonly File[]) => {
    if (await openCarFiles(files, action.run)) goTo('/')
  }
  return (
    <>
      <div className="head">
        <Title>Open a CAR file</Title>
      </div>
      <div className="card">
        <Empty
          title="Choose a file to read and check"
          action={
            <button type="button" className="btn go" onClick={() => picker.current?.click()}>
              Choose a file
            </button>
          }
        >
          A CAR file holds a whole repository. Cairn proves every record in it before it shows any, and keeps
          it on this device. You can also drop the file anywhere on this window.
        </Empty>
        <input
          ref={picker}
          type="file"
          hidden
          multiple
          accept={CAR_ACCEPT}
          aria-label="CAR files"
          onChange={(event) => void open([...(event.target.files ?? [])])}
        />
      </div>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </>
  )
}
