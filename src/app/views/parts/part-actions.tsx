import { useState } from 'react'
import type { Job, PartialCopy } from '../../../cairn/api.ts'
import { Confirm } from '../../components/confirm.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { PauseButton } from '../../components/job-progress.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { plural } from '../../lib/format.ts'
import { partTitle } from '../../lib/partials.ts'

interface PartActionsProps {
  readonly part: PartialCopy
  /** at work on it: then it can be paused, and nothing else */
  readonly job: Job | undefined
  readonly onDeleted?: () => void
}

/** Refreshes a part, or deletes it when that is confirmed. */
export function PartActions({ part, job, onDeleted = () => {} }: PartActionsProps) {
  const { did, collection } = part
  const [asking, setAsking] = useState(false)
  const refresh = useAction()
  const removal = useAction()
  const title = partTitle(part)
  const close = () => {
    setAsking(false)
    removal.clear()
  }
  const remove = async () => {
    if (!(await removal.run((cairn) => cairn.library.deletePartial(did, collection)))) return
    close()
    onDeleted()
  }
  return (
    <>
      {job === undefined ? (
        <div className="line">
          <button
            type="button"
            className="btn slim"
            disabled={refresh.running}
            onClick={() => void refresh.run((cairn) => cairn.network.keepCollection(did, collection))}
          >
            {part.whole ? 'Refresh' : 'Go on'}
            <span className="hidden-text">: {title}</span>
          </button>
          <button type="button" className="btn slim plain danger" onClick={() => setAsking(true)}>
            Delete<span className="hidden-text"> {title}</span>
          </button>
        </div>
      ) : (
        <PauseButton job={job} />
      )}
      {refresh.error !== undefined && (
        <div className="head-problem">
          <ErrorNote error={refresh.error} />
        </div>
      )}
      {asking && (
        <Confirm
          title="Delete this part?"
          confirm="Delete it"
          busy={removal.running}
          error={removal.error}
          onClose={close}
          onConfirm={() => void remove()}
        >
          <p>
            <bdi className="strong">{title}</bdi>:{' '}
            {part.whole
              ? `${plural(part.records, 'record')} will be gone from this device.`
              : 'what has come of it so far will be gone from this device.'}
          </p>
          <p className="small">Copies with others stay. It can be kept again while someone has one.</p>
        </Confirm>
      )}
    </>
  )
}
