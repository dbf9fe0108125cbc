import type { Job, PartialCopy } from '../../../cairn/api.ts'
import { Avatar } from '../../components/avatar.tsx'
import { FailedJob } from '../../components/job-progress.tsx'
import { collectionName } from '../../lib/collections.ts'
import { isActive, useDismissJob, useJobs } from '../../lib/jobs.ts'
import {
  partKey,
  partOfJob,
  partOwner,
  partStatus,
  partTitle,
  usePartJobs,
  type PartName,
} from '../../lib/partials.ts'
import { TONE_CLASS } from '../../lib/repo-status.ts'
import { collectionHref } from '../../lib/routes.ts'
import '../../styles/network.css'
import '../../styles/parts.css'
import { PartActions } from './part-actions.tsx'
import { PartState } from './part-state.tsx'

interface PartListProps {
  readonly parts: readonly PartialCopy[]
  /** of this repo only */
  readonly did?: string
}

/** Collections that are kept without the rest of their repos, set apart from what is whole. */
export function PartList({ parts, did }: PartListProps) {
  const known = new Set(parts.map(partKey))
  const begun = useJobs().flatMap((job) => wanted(job, did) ?? [])
  const loose = new Map(begun.map((part) => [partKey(part), part]))
  for (const key of known) loose.delete(key)
  const shown = parts.filter((part) => did === undefined || part.did === did)
  if (shown.length === 0 && loose.size === 0) return null
  return (
    <section className="card parts-kept" aria-labelledby="parts-kept">
      <div className="part-head">
        <h2 id="parts-kept">Parts of repositories</h2>
        <p className="small">Single collections, kept without the rest. Proven, but no backup.</p>
      </div>
      <ul className="rows">
        {shown.map((part) => (
          <PartRow key={partKey(part)} name={part} part={part} />
        ))}
        {[...loose].map(([key, name]) => (
          <PartRow key={key} name={name} part={undefined} />
        ))}
      </ul>
    </section>
  )
}

/** A part that is on its way, or could not be had, before anything of it is kept. */
function wanted(job: Job, did: string | undefined): PartName | undefined {
  if (did !== undefined && job.did !== did) return undefined
  return isActive(job) || job.state === 'failed' ? partOfJob(job) : undefined
}

interface PartRowProps {
  readonly name: PartName
  readonly part: PartialCopy | undefined
}

function PartRow({ name, part }: PartRowProps) {
  const { did, collection } = name
  const { active, failed } = usePartJobs(name)
  const dismiss = useDismissJob()
  const status = partStatus(part, active)
  const title = partTitle(name)
  return (
    <li className="part-row with-end">
      <Avatar did={did} cid={undefined} name={partOwner(name)} />
      <div className="stack-tight part-words">
        <div className="line">
          <a className="part-name break" href={collectionHref(did, collection)}>
            <bdi>{title}</bdi>
          </a>
          <span className={TONE_CLASS[status.tone]}>{status.short}</span>
        </div>
        <p className="small">
          A part of <bdi>{partOwner(name)}</bdi>: {collectionName(collection).toLowerCase()}. Not a backup.
        </p>
        <PartState name={name} part={part} job={active} />
      </div>
      {part !== undefined && <PartActions part={part} job={active} />}
      {failed !== undefined && (
        <div className="head-problem">
          <FailedJob job={failed} onDismiss={() => dismiss(failed.id)} />
        </div>
      )}
    </li>
  )
}
