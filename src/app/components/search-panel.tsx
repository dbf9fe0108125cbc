import { Search } from 'lucide-react'
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import type { RepoSummary, SearchHit } from '../../cairn/api.ts'
import { collectionName } from '../lib/collections.ts'
import { formatDayTime, formatNumber, parseDate, plural } from '../lib/format.ts'
import { goTo } from '../lib/navigate.ts'
import { repoName } from '../lib/repo-status.ts'
import { recordHref } from '../lib/routes.ts'
import { useLiveSearch } from '../lib/search.ts'
import { useSearchParam } from '../lib/use-search-param.ts'
import '../styles/search.css'
import { ErrorNote } from './error-note.tsx'

/** Enough to scan; more words find more exactly. */
const LIMIT = 60

interface SearchPanelProps {
  /** one repo, or all that are kept */
  readonly did?: string
  readonly repos: readonly RepoSummary[]
  readonly collections: readonly string[]
  readonly path: string
}

/** A box that finds while it is typed in, and what it found. Up and Down walk the hits, Enter opens one. */
export function SearchPanel({ did, repos, collections, path }: SearchPanelProps) {
  const [text, setText] = useState(useSearchParam('q') ?? '')
  const [collection, setCollection] = useState('')
  const panel = useRef<HTMLDivElement>(null)
  const query = {
    text,
    limit: LIMIT,
    ...(did === undefined ? {} : { did }),
    ...(collection === '' ? {} : { collection }),
  }
  const { result, error } = useLiveSearch(query)

  // the words stay in the address, so that coming back from a hit finds the same list
  useEffect(() => {
    const timer = setTimeout(() => {
      const search = text === '' ? '' : `?q=${encodeURIComponent(text)}`
      if (location.pathname + location.search !== path + search && location.pathname === path)
        goTo(path + search, { replace: true })
    }, 400)
    return () => clearTimeout(timer)
  }, [text, path])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const stops = [...(panel.current?.querySelectorAll<HTMLElement>('input[type=search], a.hit') ?? [])]
    const at = stops.findIndex((stop) => stop === document.activeElement)
    const next = stops[at + (event.key === 'ArrowDown' ? 1 : -1)]
    if (at < 0 || next === undefined) return
    event.preventDefault()
    next.focus()
  }
  const onEnter = (event: KeyboardEvent) => {
    const first = result?.hits[0]
    if (event.key === 'Enter' && first !== undefined) goTo(recordHref(first.did, first.item.path))
  }

  return (
    // the keys of the box and of the hits below it belong together
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div ref={panel} role="group" aria-label="Search and its results" onKeyDown={onKeyDown}>
      <div className="card ask search-box" role="search">
        <Search size={18} aria-hidden="true" />
        <input
          type="search"
          aria-label={did === undefined ? 'Search everything kept here' : 'Search this repository'}
          placeholder="Words in any record"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onEnter}
          autoComplete="off"
          spellCheck={false}
          maxLength={400}
        />
        {collections.length > 1 && (
          <label>
            <span className="hidden-text">In</span>
            <select
              className="select"
              value={collection}
              onChange={(event) => setCollection(event.target.value)}
            >
              <option value="">All collections</option>
              {collections.map((nsid) => (
                <option key={nsid} value={nsid}>
                  {collectionName(nsid)}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <p className="small search-state" role="status">
        {stateOf(text, result)}
      </p>
      {result?.building.map((index) => (
        <p key={index.did} className="small search-state">
          Still indexing {nameOf(repos, index.did)}: {Math.round(index.progress * 100)}%. Hits from there are
          not complete yet.
        </p>
      ))}
      {error !== undefined && <ErrorNote error={error} />}
      {result !== undefined && result.hits.length > 0 && text.trim() !== '' && (
        <ul className="card rows">
          {result.hits.map((hit) => (
            <li key={`${hit.did}/${hit.item.path}`}>
              <Hit hit={hit} owner={did === undefined ? nameOf(repos, hit.did) : undefined} />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function stateOf(text: string, result: ReturnType<typeof useLiveSearch>['result']): string {
  if (text.trim() === '') return 'Finds as you type, in every record kept here. No network is used.'
  if (result === undefined) return 'Searching'
  if (result.hits.length === 0) return 'Nothing found. Fewer or shorter words find more.'
  if (result.more)
    return `The first ${formatNumber(result.hits.length)} records. More words find more exactly.`
  return `${plural(result.hits.length, 'record')} found.`
}

function nameOf(repos: readonly RepoSummary[], did: string): string {
  const repo = repos.find((each) => each.did === did)
  return repo === undefined ? did : repoName(repo)
}

function Hit({ hit, owner }: { readonly hit: SearchHit; readonly owner: string | undefined }) {
  const { value } = hit.item
  const created =
    typeof value === 'object' && value !== null && 'createdAt' in value
      ? parseDate(value.createdAt)
      : undefined
  return (
    <a className="hit" href={recordHref(hit.did, hit.item.path)}>
      <span className="line small">
        <span className="strong">{collectionName(hit.item.collection)}</span>
        {owner !== undefined && <bdi className="clip">{owner}</bdi>}
        {created !== undefined && <span className="faint push">{formatDayTime(created)}</span>}
      </span>
      <span className="excerpt" dir="auto">
        {marked(hit.excerpt, hit.marks)}
      </span>
    </a>
  )
}

/** The excerpt with its matches marked; marks that make no sense are left out. */
function marked(text: string, marks: SearchHit['marks']): ReactNode[] {
  const out: ReactNode[] = []
  let at = 0
  for (const [from, to] of marks) {
    if (from < at || to <= from || to > text.length) continue
    out.push(text.slice(at, from), <mark key={from}>{text.slice(from, to)}</mark>)
    at = to
  }
  out.push(text.slice(at))
  return out
}
