import type { Job } from '../../cairn/api.ts'
import { useAction } from '../lib/engine-context.ts'
import { jobProgress, jobShare, jobStatus } from '../lib/repo-status.ts'
import { ErrorNote } from './error-note.tsx'

/** The bar and the numbers of a running job. */
export function JobBar({ job, label }: { readonly job: Job; readonly label: string }) {
  const share = jobShare(job)
  const words = jobProgress(job)
  return (
    <>
      <div
        className={share === undefined ? 'bar unknown' : 'bar'}
        role="progressbar"
        aria-label={label}
        aria-valuetext={words === '' ? (jobStatus(job).long ?? '') : words}
        {...(share === undefined
          ? {}
          : { 'aria-valuenow': Math.round(share * 100), 'aria-valuemin': 0, 'aria-valuemax': 100 })}
      >
        <i style={share === undefined ? {} : { inlineSize: `${(share * 100).toFixed(1)}%` }} />
      </div>
      <div className="small num">{words === '' ? jobStatus(job).long : words}</div>
    </>
  )
}

/** Stops a job. What arrived stays, so this is a pause as much as an end. */
export function PauseButton({ job }: { readonly job: Job }) {
  const action = useAction()
  return (
    <button
      type="button"
      className="btn slim"
      disabled={action.running}
      onClick={() => void action.run((cairn) => cairn.library.cancel(job.id))}
    >
      {job.state === 'queued' ? 'Cancel' : 'Pause'}
      <span className="hidden-text"> {job.label}</span>
    </button>
  )
}

/** Goes on with a repo's cut-off import, or drops what it had stored. */
export function UnfinishedButtons({ did, name }: { readonly did: string; readonly name: string }) {
  const action = useAction()
  return (
    <>
      <div className="line">
        <button
          type="button"
          className="btn slim"
          disabled={action.running}
          onClick={() => void action.run((cairn) => cairn.library.resume(did))}
        >
          Go on<span className="hidden-text"> with {name}</span>
        </button>
        <button
          type="button"
          className="btn slim plain"
          disabled={action.running}
          onClick={() => void action.run((cairn) => cairn.library.discardUnfinished(did))}
        >
          Drop it<span className="hidden-text">: what arrived of {name}</span>
        </button>
      </div>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </>
  )
}

interface FailedJobProps {
  readonly job: Job
  readonly onDismiss: () => void
}

/** A job that ended in an error: the sentences, and what can be done about it. */
export function FailedJob({ job, onDismiss }: FailedJobProps) {
  const action = useAction()
  const { did } = job
  const retry = async () => {
    const begun = await action.run((cairn) => {
      if (did === undefined) return cairn.library.backup(job.label)
      // only who asked for a part knows that it is not all that is wanted
      return job.kind === 'collection'
        ? cairn.network.keepCollection(did, job.label)
        : cairn.library.resume(did)
    })
    if (begun) onDismiss()
  }
  // a file is gone from our hands: it must be chosen again
  const canRetry = job.kind !== 'file'
  // every try would end the same until the head that lies in the future gives way
  const isAhead = did !== undefined && job.error?.fields['headInFuture'] === true
  const replace = async () => {
    if (did === undefined) return
    const begun = await action.run((cairn) => cairn.library.backup(did, { replaceFutureHead: true }))
    if (begun) onDismiss()
  }
  if (isAhead) {
    return (
      <ErrorNote error={job.error}>
        <button type="button" className="btn slim" disabled={action.running} onClick={() => void replace()}>
          Replace it, keeping the old one as a snapshot
        </button>
        <button type="button" className="btn slim plain" onClick={onDismiss}>
          Dismiss
        </button>
        {action.error !== undefined && <ErrorNote error={action.error} />}
      </ErrorNote>
    )
  }
  return (
    <ErrorNote error={job.error ?? { code: 'app.unexpected', fields: {} }}>
      {canRetry && (
        <button type="button" className="btn slim" disabled={action.running} onClick={() => void retry()}>
          Try again
        </button>
      )}
      <button type="button" className="btn slim plain" onClick={onDismiss}>
        Dismiss
      </button>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </ErrorNote>
  )
}
