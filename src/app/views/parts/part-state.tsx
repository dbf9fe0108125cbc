import type { Job, PartialCopy } from '../../../cairn/api.ts'
import { Ago } from '../../components/bits.tsx'
import { JobBar } from '../../components/job-progress.tsx'
import { formatBytes, plural } from '../../lib/format.ts'
import { partStatus, partTitle, type PartName } from '../../lib/partials.ts'

interface PartStateProps {
  readonly name: PartName
  readonly part: PartialCopy | undefined
  /** at work on it now */
  readonly job: Job | undefined
}

/** How far a part is on its way, or what is here of it. */
export function PartState({ name, part, job }: PartStateProps) {
  if (job !== undefined) return <JobBar job={job} label={`Progress of ${partTitle(name)}`} />
  if (part?.whole === true)
    return (
      <p className="small num">
        {plural(part.records, 'record')} · {formatBytes(part.bytes)} · taken <Ago at={part.takenAt} />
      </p>
    )
  const { long } = partStatus(part, job)
  return long === undefined ? null : <p className="small">{long}</p>
}
