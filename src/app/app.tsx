import { Suspense, useEffect, useMemo, useState, type ReactNode } from 'react'
import { useLocationProperty, usePathname } from 'wouter/use-browser-location'
import type { Cairn } from '../cairn/api.ts'
import { CairnError } from '../core/errors.ts'
import { Announcer } from './components/announcer.tsx'
import { Loading } from './components/bits.tsx'
import { DropZone } from './components/drop-zone.tsx'
import { ErrorNote } from './components/error-note.tsx'
import { NavFoot } from './components/nav-foot.tsx'
import { Boundary } from './components/screen.tsx'
import { StorageLost, TakenOver } from './components/storage-lost.tsx'
import { UpdateBar } from './components/update-bar.tsx'
import { keepInBackground } from './lib/background.ts'
import { EngineContext } from './lib/engine-context.ts'
import { isActive, JobProvider, useJobs, useJobStore } from './lib/jobs.ts'
import { askToKeep } from './lib/persist.ts'
import { keepFocus } from './lib/keep-focus.ts'
import { followLinks } from './lib/navigate.ts'
import { useRepos } from './lib/reads.ts'
import { useUnreadOfAll } from './lib/spaces.ts'
import { useSendWhenOnline } from './lib/writing.ts'
import { parseRoute, type Route } from './lib/routes.ts'
import { LibraryScreen } from './views/library.tsx'
import { Frame, type Place } from './shell.tsx'
import { late } from './lib/late.ts'

const RepoScreen = late(() => import('./views/repo.tsx'), 'RepoScreen')
const SearchScreen = late(() => import('./views/search-all.tsx'), 'SearchAllScreen')
const ActivityScreen = late(() => import('./views/activity.tsx'), 'ActivityScreen')
const SettingsScreen = late(() => import('./views/settings.tsx'), 'SettingsScreen')
const NetworkScreen = late(() => import('./views/network.tsx'), 'NetworkScreen')
const KeepScreen = late(() => import('./views/keep.tsx'), 'KeepScreen')
const SpacesScreen = late(() => import('./views/spaces/spaces.tsx'), 'SpacesScreen')
const SpaceScreen = late(() => import('./views/spaces/space.tsx'), 'SpaceScreen')
const JoinScreen = late(() => import('./views/spaces/join.tsx'), 'JoinScreen')
const CallbackScreen = late(() => import('./views/account/callback.tsx'), 'CallbackScreen')
const MovingScreen = late(() => import('./views/moving/moving.tsx'), 'MovingScreen')
const OpenScreen = late(() => import('./views/open.tsx'), 'OpenScreen')
const UnknownScreen = late(() => import('./views/unknown.tsx'), 'UnknownScreen')

interface AppProps {
  /** Starts the engine; called once, after the first paint. */
  readonly start: (onLost: () => void) => Cairn
}

/** The whole app: engine, jobs, frame, and the screen of the address. */
export function App({ start }: AppProps) {
  const [cairn, setCairn] = useState<Cairn>()
  const [lost, setLost] = useState<'engine' | 'storage' | 'upgraded'>()
  useEffect(() => {
    let left = false
    let engine: Cairn | undefined
    let stopBackground = (): void => {}
    // two steps after this render is on screen, so that the worker's script does not compete with it
    const frame = requestAnimationFrame(() => {
      setTimeout(() => {
        if (left) return
        engine = start(() => setLost((known) => known ?? 'engine'))
        engine.subscribe((event) => {
          if (event.type === 'storage-lost') setLost(event.upgraded ? 'upgraded' : 'storage')
          // only a page may ask; a refusal is noted too, so that it is not asked at every backup
          if (event.type === 'persist-wanted') askToKeep(engine).catch(() => {})
        })
        stopBackground = keepInBackground(engine)
        setCairn(engine)
      })
    })
    return () => {
      left = true
      cancelAnimationFrame(frame)
      stopBackground()
      // the engine may be gone already, which is what is wanted
      engine?.close().catch(() => {})
    }
  }, [start])
  useEffect(() => followLinks(document), [])
  useEffect(() => keepFocus(document), [])
  const state = useMemo(() => ({ cairn }), [cairn])
  return (
    <EngineContext value={state}>
      <Jobs>
        {lost === 'storage' ? (
          <StorageLost />
        ) : lost === 'upgraded' ? (
          <TakenOver />
        ) : (
          <Screens engineLost={lost === 'engine'} />
        )}
      </Jobs>
    </EngineContext>
  )
}

function Jobs({ children }: { readonly children: ReactNode }) {
  return <JobProvider value={useJobStore()}>{children}</JobProvider>
}

function Screens({ engineLost }: { readonly engineLost: boolean }) {
  const pathname = usePathname()
  const hash = useLocationProperty(() => location.hash)
  const route = useMemo(() => parseRoute(pathname, hash), [pathname, hash])
  const { value: repos } = useRepos()
  const unread = useUnreadOfAll()
  useSendWhenOnline()
  const running = useJobs().filter(
    (job) => isActive(job) && job.kind !== 'index' && job.kind !== 'sweep',
  ).length
  return (
    <Frame
      at={placeOf(route)}
      counts={{ library: repos?.length ?? 0, spaces: unread, activity: running }}
      foot={<NavFoot />}
    >
      {engineLost && (
        <ErrorNote error={new CairnError('remote.lost')}>
          <button type="button" className="btn" onClick={() => location.reload()}>
            Reload
          </button>
        </ErrorNote>
      )}
      <Boundary on={pathname + hash}>
        <Suspense fallback={<Loading />}>
          <Screen route={route} />
        </Suspense>
      </Boundary>
      <DropZone />
      <UpdateBar />
      <Announcer />
    </Frame>
  )
}

function Screen({ route }: { readonly route: Route }) {
  switch (route.name) {
    case 'library':
      return <LibraryScreen />
    case 'search':
      return <SearchScreen />
    case 'network':
      return <NetworkScreen />
    case 'keep':
      return <KeepScreen />
    case 'activity':
      return <ActivityScreen />
    case 'settings':
      return <SettingsScreen />
    case 'open':
      return <OpenScreen />
    case 'signing-in':
      return <CallbackScreen />
    case 'moving':
      return <MovingScreen key={route.did} did={route.did} />
    case 'spaces':
      return <SpacesScreen />
    case 'join':
      return <JoinScreen />
    case 'space':
      return <SpaceScreen key={route.space} route={route} />
    case 'repo':
      return <RepoScreen key={route.did} route={route} />
    case 'unknown':
      return <UnknownScreen />
  }
}

function placeOf(route: Route): Place | undefined {
  if (route.name === 'space' || route.name === 'join') return 'spaces'
  if (route.name === 'repo' || route.name === 'open' || route.name === 'keep') return 'library'
  if (route.name === 'moving') return 'library'
  if (route.name === 'signing-in') return 'settings'
  return route.name === 'unknown' ? undefined : route.name
}
