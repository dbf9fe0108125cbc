import type { ReactNode } from 'react'
import { Stones } from './components/stones.tsx'

/** Where the main navigation leads, in its order. */
export type Place = 'library' | 'spaces' | 'search' | 'activity' | 'network' | 'settings'

const PLACES: readonly {
  readonly place: Place
  readonly href: string
  readonly label: string
  readonly icon: ReactNode
}[] = [
  {
    place: 'library',
    href: '/',
    label: 'Library',
    icon: <path d="M2.8 5h5v14h-5zM9.3 5h4v14h-4zM15 6l3.6-1 3 13-3.6 1z" />,
  },
  {
    place: 'spaces',
    href: '/spaces',
    label: 'Spaces',
    icon: (
      <>
        <circle cx="8.5" cy="9" r="3.2" />
        <circle cx="16.8" cy="10" r="2.5" />
        <path d="M2.8 19c.6-3.3 2.8-5 5.7-5s5.1 1.7 5.7 5M15 14.4c3.3-.3 5.5 1 6.2 3.9" />
      </>
    ),
  },
  {
    place: 'search',
    href: '/search',
    label: 'Search',
    icon: (
      <>
        <circle cx="10.8" cy="10.8" r="6.3" />
        <path d="M15.6 15.6L20.5 20.5" />
      </>
    ),
  },
  {
    place: 'activity',
    href: '/activity',
    label: 'Activity',
    icon: <path d="M3 12h4l2.5-6.5 4.5 13 2.5-6.5H21" />,
  },
  {
    place: 'network',
    href: '/network',
    label: 'Network',
    icon: (
      <>
        <circle cx="5" cy="5.4" r="2" />
        <circle cx="19" cy="5.4" r="2" />
        <circle cx="12" cy="11.6" r="2.3" />
        <circle cx="12" cy="20" r="2" />
        <path d="M6.5 6.7l3.7 3.3M17.5 6.7l-3.7 3.3M12 13.9V18" />
      </>
    ),
  },
  {
    place: 'settings',
    href: '/settings',
    label: 'Settings',
    icon: (
      <>
        <path d="M4 7h10M18 7h2M4 17h3M11 17h9" />
        <circle cx="16" cy="7" r="2" />
        <circle cx="9" cy="17" r="2" />
      </>
    ),
  },
]

interface FrameProps {
  readonly at?: Place | undefined
  /** small numbers beside places; zero shows nothing */
  readonly counts?: Partial<Record<Place, number>>
  /** what is said below the navigation on a wide screen */
  readonly foot?: ReactNode
  readonly children: ReactNode
}

/**
 * The frame of every screen. Rendered into `index.html` when the app is built, so it must not touch the
 * document, storage or the clock, and carries no inline style (the CSP refuses it).
 */
export function Frame({ at, counts = {}, foot, children }: FrameProps) {
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <div className="app">
        <nav className="main-nav" aria-label="Main">
          <div className="brand">
            <Stones size={26} />
            Cairn
          </div>
          {PLACES.map(({ place, href, label, icon }) => (
            <a key={place} href={href} aria-current={place === at ? 'page' : undefined}>
              <svg
                width="20"
                height="20"
                viewBox="0 0 24 24"
                fill="none"
                stroke="currentColor"
                strokeWidth="1.6"
                strokeLinecap="round"
                strokeLinejoin="round"
                aria-hidden="true"
              >
                {icon}
              </svg>
              {label}
              {(counts[place] ?? 0) > 0 && <span className="count num">{counts[place]}</span>}
            </a>
          ))}
          {foot !== undefined && <div className="nav-foot">{foot}</div>}
        </nav>
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
    </>
  )
}

/** What is on screen before the script has arrived: the frame, and a screen without its content. */
export function Shell() {
  return (
    <Frame>
      <div className="skeleton" aria-hidden="true">
        <div className="skeleton-title" />
        <div className="card skeleton-card" />
        <div className="card skeleton-card" />
      </div>
    </Frame>
  )
}
