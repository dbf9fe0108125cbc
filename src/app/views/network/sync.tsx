import { useState } from 'react'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'

/** Brings everything up to date now, and says when it is. */
export function SyncButton({ online }: { readonly online: boolean }) {
  const action = useAction()
  const [done, setDone] = useState(false)
  const sync = async () => {
    setDone(false)
    setDone(await action.run((cairn) => cairn.network.catchUp()))
  }
  return (
    <>
      <span className="small" role="status">
        {action.running ? 'Asking everyone for what is newer.' : done ? 'Everyone in reach was asked.' : ''}
      </span>
      <button
        type="button"
        className="btn go"
        disabled={action.running || !online}
        onClick={() => void sync()}
      >
        {action.running ? 'Syncing' : 'Sync now'}
      </button>
      {action.error !== undefined && (
        <div className="head-problem">
          <ErrorNote error={action.error} />
        </div>
      )}
    </>
  )
}
