import { Suspense, useMemo } from 'react'
import type { SpaceDetail } from '../../../cairn/api.ts'
import { Empty, Loading } from '../../components/bits.tsx'
import { Boundary, Title } from '../../components/screen.tsx'
import { useShownTab } from '../../lib/shown-tab.ts'
import { spaceHref, type Route, type SpaceTab } from '../../lib/routes.ts'
import { HereContext, hereOf, useHere } from '../../spaces/here.ts'
import { useRequests, useSpace, useUnread } from '../../spaces/reads.ts'
import { useWhere } from '../../spaces/use-where.ts'
import '../../styles/library.css'
import '../../styles/repo.css'
import '../../styles/network.css'
import '../../styles/spaces.css'
import { SpaceHead } from './space-head.tsx'
import { SpaceNotes } from './space-notes.tsx'
import { Unopened } from './unopened.tsx'
import { late } from '../../lib/late.ts'

const Posts = late(() => import('./posts/posts.tsx'), 'Posts')
const Thread = late(() => import('./posts/thread.tsx'), 'Thread')
const Notes = late(() => import('./notes/notes.tsx'), 'Notes')
const NotePage = late(() => import('./notes/note-page.tsx'), 'NotePage')
const Tasks = late(() => import('./tasks/tasks.tsx'), 'Tasks')
const Files = late(() => import('./files/files.tsx'), 'Files')
const Members = late(() => import('./members/members.tsx'), 'Members')
const Links = late(() => import('./links/links.tsx'), 'Links')
const Backup = late(() => import('./backup.tsx'), 'Backup')
const Search = late(() => import('./search.tsx'), 'SpaceSearch')
const Settings = late(() => import('./settings/settings.tsx'), 'SpaceSettings')

const LABELS: Readonly<Record<SpaceTab, string>> = {
  posts: 'Posts',
  notes: 'Notes',
  tasks: 'Tasks',
  files: 'Files',
  members: 'Members',
  links: 'Links',
  backup: 'Backups',
  search: 'Search',
  settings: 'Settings',
}

type SpaceRoute = Extract<Route, { name: 'space' }>

/** One space: its head, its tabs, and the tab of the address. */
export function SpaceScreen({ route }: { readonly route: SpaceRoute }) {
  const { value: detail, error, loading, reload } = useSpace(route.space)
  const here = useMemo(() => (detail === null || detail === undefined ? undefined : hereOf(detail)), [detail])
  if (error !== undefined && detail === undefined)
    return <Unopened space={route.space} error={error} onAgain={reload} />
  if (detail === null) return <NotHere />
  if (loading || here === undefined) return <Loading label="Opening the space" />
  const { tab, id } = route
  return (
    <HereContext value={here}>
      <SpaceHead label={LABELS[tab]} isFirst={tab === 'posts'} />
      {isOutside(here.detail) ? (
        <SpaceNotes />
      ) : (
        <>
          <Tabs current={tab} />
          <SpaceNotes />
          <Boundary on={`${tab} ${id}`}>
            <Suspense fallback={<Loading />}>
              <Tab tab={tab} id={id} />
            </Suspense>
          </Boundary>
          <Whereabouts tab={tab} id={id} />
        </>
      )}
    </HereContext>
  )
}

/** Nothing of it can be read yet. */
const isOutside = ({ state, hasCopy }: SpaceDetail): boolean =>
  !hasCopy && (state === 'asked' || state === 'declined')

function Whereabouts({ tab, id }: { readonly tab: SpaceTab; readonly id: string | undefined }) {
  const { space, detail } = useHere()
  const where = id !== undefined && tab === 'notes' ? `note/${id}` : tab
  useWhere(space, detail.state === 'member' ? where : undefined)
  return null
}

function Tabs({ current }: { readonly current: SpaceTab }) {
  const { space, isAdmin } = useHere()
  const { value: unread } = useUnread(space)
  const { value: requests } = useRequests(space)
  const news: Readonly<Partial<Record<SpaceTab, number>>> = {
    posts: newsOf(unread, (place) => place === 'posts' || place.startsWith('post/')),
    notes: newsOf(unread, (place) => place === 'notes' || place.startsWith('note/')),
    tasks: newsOf(unread, (place) => place === 'tasks' || place.startsWith('task/')),
    files: newsOf(unread, (place) => place === 'files' || place.startsWith('file/')),
    members: isAdmin ? (requests?.length ?? 0) : 0,
  }
  const tabs = Object.keys(LABELS) as SpaceTab[]
  const bar = useShownTab(current)
  return (
    <nav ref={bar} className="tabs" aria-label="Parts of this space">
      {tabs
        .filter((tab) => tab !== 'links' || isAdmin)
        .map((tab) => (
          <a
            key={tab}
            data-tab={tab}
            href={spaceHref(space, tab)}
            aria-current={tab === current ? 'page' : undefined}
          >
            {LABELS[tab]}
            {(news[tab] ?? 0) > 0 && (
              <span className="tab-count num">
                {news[tab]}
                <span className="hidden-text">{tab === 'members' ? ' to decide' : ' new'}</span>
              </span>
            )}
          </a>
        ))}
    </nav>
  )
}

function newsOf(
  unread: Readonly<Record<string, number>> | undefined,
  isThere: (place: string) => boolean,
): number {
  return Object.entries(unread ?? {}).reduce((sum, [place, count]) => (isThere(place) ? sum + count : sum), 0)
}

function Tab({ tab, id }: { readonly tab: SpaceTab; readonly id: string | undefined }) {
  switch (tab) {
    case 'posts':
      return id === undefined ? <Posts /> : <Thread key={id} id={id} />
    case 'notes':
      return id === undefined ? <Notes /> : <NotePage key={id} id={id} />
    case 'tasks':
      return <Tasks open={id} />
    case 'files':
      return <Files open={id} />
    case 'members':
      return <Members />
    case 'links':
      return <Links />
    case 'backup':
      return <Backup />
    case 'search':
      return <Search />
    case 'settings':
      return <Settings />
  }
}

function NotHere() {
  return (
    <>
      <div className="head">
        <Title>Space</Title>
      </div>
      <div className="card">
        <Empty
          title="This space is not on this device"
          action={
            <a className="btn" href="/spaces">
              Go to Spaces
            </a>
          }
        >
          It may have been forgotten here. With a link from one of its members, or your recovery words, it
          opens again.
        </Empty>
      </div>
    </>
  )
}
