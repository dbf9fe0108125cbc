import { Suspense, useRef, useState } from 'react'
import type { BlobCounts, Job, RepoSummary } from '../../cairn/api.ts'
import { Avatar } from '../components/avatar.tsx'
import { Ago, Empty } from '../components/bits.tsx'
import { ErrorNote } from '../components/error-note.tsx'
import { FailedJob, JobBar, PauseButton, UnfinishedButtons } from '../components/job-progress.tsx'
import { Title } from '../components/screen.tsx'
import { Stones } from '../components/stones.tsx'
import { summarize, type CopiesSummary } from '../lib/copies.ts'
import { useAction, type Action } from '../lib/engine-context.ts'
import { formatBytes, formatNumber, plural, pluralWord } from '../lib/format.ts'
import { isActive, useDismissJob, useFailedJobOf, useJobOf, useJobs } from '../lib/jobs.ts'
import { useCopies } from '../lib/network.ts'
import { partOfJob, usePartials } from '../lib/partials.ts'
import { useRepos } from '../lib/reads.ts'
import { CAR_ACCEPT, openCarFiles } from '../lib/open-files.ts'
import { usePrepare } from '../lib/prepare.ts'
import { jobStatus, repoName, repoStatus, TONE_CLASS, type Status } from '../lib/repo-status.ts'
import { repoHref } from '../lib/routes.ts'
import '../styles/library.css'
import { AskForm } from './library/ask.tsx'
import { late } from '../lib/late.ts'

const PartList = late(() => import('./parts/part-list.tsx'), 'PartList')

/** Home: the repos kept on this device, and how to keep another. */
export function LibraryScreen() {
  const { value: repos, error, loading } = useRepos()
  const { value: parts } = usePartials()
  const jobs = useJobs()
  const [ask, setAsk] = useState<HTMLInputElement | null>(null)
  const opening = useAction()
  const known = new Set(repos?.map((repo) => repo.did))
  // jobs that have no row of their own yet: a handle still being resolved, a file just opened
  const loose = jobs.filter(
    (job) =>
      (job.did === undefined || !known.has(job.did)) &&
      (job.kind === 'backup' || job.kind === 'file' || job.kind === 'peer') &&
      (isActive(job) || job.state === 'failed'),
  )
  const empty = repos !== undefined && repos.length === 0 && loose.length === 0
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title>Library</Title>
          <p className="small">{summary(repos)}</p>
        </div>
        <OpenFileButton action={opening} />
      </div>
      <AskForm inputRef={setAsk} />
      {[opening.error, error].map(
        (each) =>
          each !== undefined && (
            <div key={each.code} className="ask-problem">
              <ErrorNote error={each} />
            </div>
          ),
      )}
      {empty ? (
        <div className="card library-list">
          <Empty
            title="Keep a copy of what is yours"
            action={
              <button type="button" className="btn" onClick={() => ask?.focus()}>
                Enter a handle
              </button>
            }
          >
            Enter a handle above, or drop a CAR file here: every record is checked, kept on this device, and
            readable without a network.
          </Empty>
        </div>
      ) : (
        <ul className="card rows library-list" aria-busy={loading}>
          {loose.map((job) => (
            <LooseJobRow key={job.id} job={job} />
          ))}
          {repos?.map((repo) => (
            <RepoRow key={repo.did} repo={repo} />
          ))}
          {repos === undefined && error === undefined && <WaitingRows />}
        </ul>
      )}
      {(parts ?? []).length > 0 || jobs.some(isPartAwaited) ? (
        <Suspense>
          <PartList parts={parts ?? []} />
        </Suspense>
      ) : null}
    </>
  )
}

/** It is on its way, or could not be had. */
const isPartAwaited = (job: Job): boolean =>
  partOfJob(job) !== undefined && (isActive(job) || job.state === 'failed')

function summary(repos: readonly RepoSummary[] | undefined): string {
  if (repos === undefined || repos.length === 0)
    return 'Your data, on your own device. Readable without a network.'
  const bytes = repos.reduce((sum, repo) => sum + repo.storedBytes, 0)
  return `${pluralWord(repos.length, 'repository', 'repositories')} kept on this device, ${formatBytes(bytes)}. Readable without a network.`
}

function OpenFileButton({ action }: { readonly action: Action }) {
  const picker = useRef<HTMLInputElement>(null)
  const prepare = usePrepare()
  return (
    <>
      <input
        ref={picker}
        type="file"
        hidden
        multiple
        accept={CAR_ACCEPT}
        aria-label="CAR files"
        onChange={(event) => {
          void openCarFiles([...(event.target.files ?? [])], action.run)
          // the same file may be chosen again
          event.target.value = ''
        }}
      />
      <button
        type="button"
        className="btn"
        onClick={() => {
          prepare()
          picker.current?.click()
        }}
      >
        Open a CAR file
      </button>
    </>
  )
}

function LooseJobRow({ job }: { readonly job: Job }) {
  const dismiss = useDismissJob()
  const status = jobStatus(job)
  if (job.state === 'failed') {
    return (
      <li className="row">
        <span className="ava warn" aria-hidden="true">
          !
        </span>
        <div className="strong clip wide">{job.label}</div>
        <FailedJob job={job} onDismiss={() => dismiss(job.id)} />
      </li>
    )
  }
  return (
    <li className="row">
      <Avatar did={job.label} cid={undefined} name={job.label} />
      <div>
        <div className="strong clip">{job.label}</div>
        <JobBar job={job} label={`Progress of ${job.label}`} />
      </div>
      <div className="state">
        <span className={TONE_CLASS[status.tone]}>{status.short}</span>
        <div className="small">{status.long}</div>
      </div>
      <PauseButton job={job} />
    </li>
  )
}

function RepoRow({ repo }: { readonly repo: RepoSummary }) {
  const job = useJobOf(repo.did)
  const failed = useFailedJobOf(repo.did)
  const dismiss = useDismissJob()
  const { value: known } = useCopies(repo.did)
  const copies = repo.head === undefined || (known ?? []).length === 0 ? undefined : summarize(known ?? [])
  const name = repoName(repo)
  const status = job === undefined ? withCopies(repoStatus(repo), copies) : jobStatus(job)
  return (
    <li className="row">
      <Avatar did={repo.did} cid={repo.avatar} name={name} />
      <div>
        <div>
          <a className="name" href={repoHref(repo.did)}>
            <bdi className="clip">{name}</bdi>
          </a>
        </div>
        {job === undefined ? <Facts repo={repo} /> : <JobBar job={job} label={`Progress of ${name}`} />}
      </div>
      <div className="state">
        <span className={TONE_CLASS[status.tone]}>{status.short}</span>
        <div className="small">
          {status.long ??
            (repo.head !== undefined && (
              <>
                verified <Ago at={repo.head.verifiedAt} />
              </>
            ))}
        </div>
      </div>
      {job !== undefined ? (
        <PauseButton job={job} />
      ) : (
        <Stones
          stones={copies?.stones ?? [repo.head === undefined ? 'wanted' : 'current']}
          label={copies?.title ?? (repo.head === undefined ? 'No copy yet' : '1 copy, on this device')}
        />
      )}
      {job === undefined && repo.unfinished !== undefined && (
        <div className="wide">
          <UnfinishedButtons did={repo.did} name={name} />
        </div>
      )}
      {failed !== undefined && <FailedJob job={failed} onDismiss={() => dismiss(failed.id)} />}
    </li>
  )
}

/** Where nothing is wrong with the copy here, those elsewhere are what there is to tell. */
function withCopies(status: Status, copies: CopiesSummary | undefined): Status {
  if (status.tone !== 'good' || copies === undefined || copies.held < 2) return status
  return { ...status, tone: copies.tone, short: copies.title }
}

function Facts({ repo }: { readonly repo: RepoSummary }) {
  const handle = repo.displayName === undefined ? undefined : repo.handle
  const facts = [
    repo.head === undefined ? undefined : plural(repo.records, 'record'),
    repo.blobs.referenced === 0 ? undefined : blobFact(repo.blobs),
    formatBytes(repo.storedBytes),
  ].filter((fact) => fact !== undefined)
  return (
    <div className="small num">
      {handle !== undefined && (
        <>
          <bdi>@{handle}</bdi> ·{' '}
        </>
      )}
      {facts.join(' · ')}
    </div>
  )
}

function blobFact({ kept, referenced }: BlobCounts): string {
  return kept === referenced ? plural(kept, 'blob') : `${formatNumber(kept)} of ${plural(referenced, 'blob')}`
}

function WaitingRows() {
  return [0, 1, 2].map((index) => (
    <li key={index} className="row" aria-hidden="true">
      <span className="ava" />
      <div className="stack-tight">
        <span className="blank w40" />
        <span className="blank w60" />
      </div>
      <span className="blank w60" />
      <span />
    </li>
  ))
}
