import { Suspense } from 'react'
import type { RepoSummary } from '../../cairn/api.ts'
import { Avatar } from '../components/avatar.tsx'
import { Empty, Id, Loading } from '../components/bits.tsx'
import { ErrorNote } from '../components/error-note.tsx'
import { FailedJob, JobBar, PauseButton, UnfinishedButtons } from '../components/job-progress.tsx'
import { Boundary, Title } from '../components/screen.tsx'
import { useAction } from '../lib/engine-context.ts'
import { useDismissJob, useFailedJobOf, useJobOf } from '../lib/jobs.ts'
import { useRepo } from '../lib/reads.ts'
import { jobStatus, repoName, TONE_CLASS } from '../lib/repo-status.ts'
import { REPO_TABS, repoHref, type RepoTab, type Route } from '../lib/routes.ts'
import { useShownTab } from '../lib/shown-tab.ts'
import { useMayWrite } from '../lib/writing.ts'
import { late } from '../lib/late.ts'
import '../styles/repo.css'

const Overview = late(() => import('./repo/overview.tsx'), 'Overview')
const Collections = late(() => import('./repo/collections.tsx'), 'Collections')
const Records = late(() => import('./repo/records.tsx'), 'Records')
const Record = late(() => import('./repo/record.tsx'), 'RecordScreen')
const Blobs = late(() => import('./repo/blobs.tsx'), 'Blobs')
const Search = late(() => import('./repo/search.tsx'), 'RepoSearch')
const Snapshots = late(() => import('./repo/snapshots.tsx'), 'Snapshots')
const Health = late(() => import('./repo/health.tsx'), 'Health')
const NotKept = late(() => import('./parts/not-kept.tsx'), 'NotKept')
const PartScreen = late(() => import('./parts/part.tsx'), 'PartScreen')
const Writing = late(() => import('./compose/writing.tsx'), 'WritingScreen')
const Export = late(() => import('./repo/export.tsx'), 'Export')

const LABELS: Readonly<Record<RepoTab, string>> = {
  overview: 'Overview',
  records: 'Records',
  blobs: 'Blobs',
  search: 'Search',
  snapshots: 'Snapshots',
  writing: 'Writing',
  health: 'Health',
  export: 'Export',
}

type RepoRoute = Extract<Route, { name: 'repo' }>

/** One repo: its head, its tabs, and the tab of the address. */
export function RepoScreen({ route }: { readonly route: RepoRoute }) {
  const { value: repo, error, loading } = useRepo(route.did)
  if (error !== undefined && repo === undefined) return <ErrorNote error={error} />
  if (loading || repo === undefined) return <Loading label="Opening the repository" />
  const { did, tab, collection, rkey } = route
  // without the whole there may still be this part of it
  if (repo?.head === undefined && tab === 'records' && collection !== undefined)
    return (
      <Suspense fallback={<Loading />}>
        <PartScreen did={did} collection={collection} rkey={rkey} />
      </Suspense>
    )
  if (repo === null)
    return (
      <Suspense fallback={<Loading />}>
        <NotKept did={did} />
      </Suspense>
    )
  return (
    <>
      <RepoHead repo={repo} route={route} />
      <Tabs did={repo.did} current={route.tab} />
      <Boundary on={`${route.tab} ${route.collection} ${route.rkey}`}>
        <Suspense fallback={<Loading />}>
          <Tab repo={repo} route={route} />
        </Suspense>
      </Boundary>
    </>
  )
}

function Tabs({ did, current }: { readonly did: string; readonly current: RepoTab }) {
  const mayWrite = useMayWrite(did) === true
  const bar = useShownTab(current)
  return (
    <nav ref={bar} className="tabs" aria-label="Parts of this repository">
      {REPO_TABS.filter((tab) => tab !== 'writing' || mayWrite || tab === current).map((tab) => (
        <a
          key={tab}
          data-tab={tab}
          href={repoHref(did, tab)}
          aria-current={tab === current ? 'page' : undefined}
        >
          {LABELS[tab]}
        </a>
      ))}
    </nav>
  )
}

function Tab({ repo, route }: { readonly repo: RepoSummary; readonly route: RepoRoute }) {
  const { tab, collection, rkey } = route
  if (tab === 'health') return <Health repo={repo} />
  if (repo.head === undefined) {
    return (
      <div className="card">
        <Empty title="Nothing to show yet">
          Records can be read here as soon as the first backup has ended and its signature is proven.
        </Empty>
      </div>
    )
  }
  switch (tab) {
    case 'overview':
      return <Overview repo={repo} />
    case 'records':
      if (collection === undefined) return <Collections repo={repo} />
      if (rkey === undefined) return <Records repo={repo} collection={collection} />
      return <Record key={`${collection}/${rkey}`} repo={repo} path={`${collection}/${rkey}`} />
    case 'blobs':
      return <Blobs repo={repo} />
    case 'search':
      return <Search repo={repo} />
    case 'snapshots':
      return <Snapshots repo={repo} />
    case 'writing':
      return <Writing repo={repo} />
    case 'export':
      return <Export repo={repo} />
  }
}

function RepoHead({ repo, route }: { readonly repo: RepoSummary; readonly route: RepoRoute }) {
  const job = useJobOf(repo.did)
  const failed = useFailedJobOf(repo.did)
  const dismiss = useDismissJob()
  const backup = useAction()
  const name = repoName(repo)
  return (
    <>
      <div className="head repo-head">
        <Avatar did={repo.did} cid={repo.avatar} name={name} size={60} />
        <div className="grow">
          <Title tab={route.tab === 'overview' ? name : `${LABELS[route.tab]} of ${name}`}>{name}</Title>
          <div className="small line repo-ids">
            {repo.handle !== undefined && repo.displayName !== undefined && <bdi>@{repo.handle}</bdi>}
            <Id value={repo.did} what="DID" />
          </div>
        </div>
        <button
          type="button"
          className="btn go"
          disabled={backup.running || job !== undefined}
          onClick={() => void backup.run((cairn) => cairn.library.backup(repo.did))}
        >
          {job?.kind === 'backup' ? 'Backing up' : 'Back up now'}
        </button>
      </div>
      {job !== undefined && (
        <div className="card pad strip">
          <div className="strip-main">
            <div className="line">
              <span className={TONE_CLASS[jobStatus(job).tone]}>{jobStatus(job).short}</span>
              <span className="small">{jobStatus(job).long}</span>
            </div>
            <JobBar job={job} label={`Progress of ${name}`} />
          </div>
          <PauseButton job={job} />
        </div>
      )}
      {job === undefined && repo.unfinished !== undefined && (
        <div className="card pad strip">
          <div className="strip-main">
            <p className="strong">The last backup was cut off.</p>
            <p className="small">
              What arrived is kept and will not be fetched twice.{' '}
              {repo.head !== undefined && 'The backup before it is shown below.'}
            </p>
          </div>
          <div>
            <UnfinishedButtons did={repo.did} name={name} />
          </div>
        </div>
      )}
      {failed !== undefined && (
        <div className="strip-note">
          <FailedJob job={failed} onDismiss={() => dismiss(failed.id)} />
        </div>
      )}
      {backup.error !== undefined && (
        <div className="strip-note">
          <ErrorNote error={backup.error} />
        </div>
      )}
    </>
  )
}
