import { useState } from 'react'
import type { ActivityItem, Job } from '../../cairn/api.ts'
import { Ago, Empty, Loading } from '../components/bits.tsx'
import { ErrorNote } from '../components/error-note.tsx'
import { FailedJob, JobBar, PauseButton } from '../components/job-progress.tsx'
import { Title } from '../components/screen.tsx'
import { collectionName } from '../lib/collections.ts'
import { useAction } from '../lib/engine-context.ts'
import { downloadBytes } from '../lib/download.ts'
import { formatDay } from '../lib/format.ts'
import { isActive, useDismissJob, useJobs } from '../lib/jobs.ts'
import { useLive } from '../lib/live.ts'
import { useOnline } from '../lib/online.ts'
import { partOfJob, partOwner } from '../lib/partials.ts'
import { useRepos } from '../lib/reads.ts'
import { jobStatus, repoName, TONE_CLASS } from '../lib/repo-status.ts'
import { collectionHref, repoHref } from '../lib/routes.ts'
import { forkProofFile, forkProofOf } from '../spaces/fork-proof.ts'
import '../styles/activity.css'
import { activityReason, activitySentence } from '../words/activity.ts'

const STEP = 100

/** What runs, what waits, what failed and why, and what was done. */
export function ActivityScreen() {
  const [limit, setLimit] = useState(STEP)
  const { value: items, error } = useLive(
    `activity ${limit}`,
    (cairn) => cairn.activity.list({ limit }),
    // a peer may have been given another name
    (event) => event.type === 'activity' || event.type === 'network',
  )
  const { value: repos } = useRepos()
  const jobs = useJobs()
  const dismiss = useDismissJob()
  const online = useOnline()
  const clearing = useAction()
  const names = new Map(repos?.map((repo) => [repo.did, repoName(repo)]))
  const running = jobs.filter(isActive)
  const failed = jobs.filter((job) => job.state === 'failed')
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title>Activity</Title>
          <p className="small">{headline(running.length, failed.length, online)}</p>
        </div>
        {items !== undefined && items.length > 0 && (
          <button
            type="button"
            className="btn"
            disabled={clearing.running}
            onClick={() => void clearing.run((cairn) => cairn.activity.clear())}
          >
            Clear the history
          </button>
        )}
      </div>
      <div className="stack">
        {running.length > 0 && (
          <section className="card" aria-label="Now">
            <ul className="rows">
              {running.map((job) => (
                <li key={job.id} className="job">
                  <JobWords job={job} name={nameOf(job, names)} />
                  <PauseButton job={job} />
                </li>
              ))}
            </ul>
          </section>
        )}
        {failed.map((job) => (
          <section key={job.id} aria-label={`Failed: ${nameOf(job, names)}`} className="failed">
            <h2>{nameOf(job, names)}</h2>
            <FailedJob job={job} onDismiss={() => dismiss(job.id)} />
          </section>
        ))}
        {(error ?? clearing.error) !== undefined && (
          <ErrorNote error={error ?? clearing.error ?? { code: '', fields: {} }} />
        )}
        {items === undefined ? (
          error === undefined && <Loading />
        ) : items.length === 0 && running.length === 0 && failed.length === 0 ? (
          <div className="card">
            <Empty
              title="Nothing has happened yet"
              action={
                <a className="btn go" href="/">
                  Go to the Library
                </a>
              }
            >
              Backups, checks and what they found are listed here.
            </Empty>
          </div>
        ) : (
          byDay(items).map(([day, entries]) => (
            <section key={day} className="card" aria-label={day}>
              <h2 className="day">{day}</h2>
              <ul className="rows">
                {entries.map((item) => (
                  <Entry
                    key={item.id}
                    item={item}
                    name={item.did === undefined ? undefined : (names.get(item.did) ?? item.did)}
                  />
                ))}
              </ul>
            </section>
          ))
        )}
        {items !== undefined && items.length >= limit && (
          <div className="line pager-line">
            <button type="button" className="btn" onClick={() => setLimit(limit + STEP)}>
              Show older
            </button>
          </div>
        )}
      </div>
    </>
  )
}

function headline(running: number, failed: number, online: boolean): string {
  const parts = [
    running === 0
      ? 'Nothing runs now.'
      : running === 1
        ? 'One thing is under way.'
        : `${running} things are under way.`,
    failed === 0
      ? ''
      : failed === 1
        ? 'One failed and can be tried again.'
        : `${failed} failed and can be tried again.`,
    online ? '' : 'You are offline: backups wait for the network.',
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function nameOf(job: Job, names: ReadonlyMap<string, string>): string {
  const part = partOfJob(job)
  const known = job.did === undefined ? undefined : names.get(job.did)
  if (part === undefined) return known ?? job.label
  return `${collectionName(part.collection)} of ${known ?? partOwner(part)}`
}

function JobWords({ job, name }: { readonly job: Job; readonly name: string }) {
  const status = jobStatus(job)
  const part = partOfJob(job)
  return (
    <div className="job-words">
      <div className="line">
        {job.did === undefined ? (
          <span className="strong">{name}</span>
        ) : (
          <a
            className="strong"
            href={part === undefined ? repoHref(job.did) : collectionHref(part.did, part.collection)}
          >
            {name}
          </a>
        )}
        <span className={TONE_CLASS[status.tone]}>{status.short}</span>
        {job.nextTryAt !== undefined && (
          <span className="small">
            next try <Ago at={job.nextTryAt} />
          </span>
        )}
      </div>
      <JobBar job={job} label={`Progress of ${name}`} />
    </div>
  )
}

const LEVEL: Readonly<Record<ActivityItem['level'], string>> = {
  info: '',
  good: 'good',
  warning: 'behind',
  bad: 'bad',
}

function Entry({ item, name }: { readonly item: ActivityItem; readonly name: string | undefined }) {
  const reason = activityReason(item)
  const words = activitySentence(item, name)
  const proof = forkProofOf(item)
  return (
    <li className="entry">
      <span className={`entry-dot ${LEVEL[item.level]}`} aria-hidden="true" />
      <div className="stack-tight">
        <p>
          {item.did === undefined || item.kind === 'repo.deleted' ? (
            words
          ) : (
            <a href={repoHref(item.did)} className="quiet-link">
              {words}
            </a>
          )}
        </p>
        {reason !== undefined && <p className="small">{reason}</p>}
        {proof !== undefined && (
          <div className="line">
            <button
              type="button"
              className="btn slim"
              onClick={() => downloadBytes(forkProofFile(proof), `fork-${proof.rev}.json`)}
            >
              Save the proof
            </button>
          </div>
        )}
      </div>
      <span className="small faint num">
        <Ago at={item.at} />
      </span>
    </li>
  )
}

function byDay(items: readonly ActivityItem[]): readonly (readonly [string, readonly ActivityItem[]])[] {
  const days = new Map<string, ActivityItem[]>()
  for (const item of items) {
    const day = formatDay(item.at)
    const entries = days.get(day)
    if (entries === undefined) days.set(day, [item])
    else entries.push(item)
  }
  return [...days]
}
