import { Search } from 'lucide-react'
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import type { SpaceHit } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { plural } from '../../lib/format.ts'
import { goTo } from '../../lib/navigate.ts'
import { spaceHref } from '../../lib/routes.ts'
import { useHere } from '../../spaces/here.ts'
import { itemHref, kindWord } from '../../spaces/items.ts'
import { useSpaceSearch } from '../../spaces/use-space-search.ts'
import '../../styles/library.css'
import '../../styles/search.css'

/** Rows are cheap, but nobody reads more. */
const MOST = 200

/** Finds in all posts, notes, tasks and files of the space while it is typed. What is sought stays in this page. */
export function SpaceSearch() {
  const { space } = useHere()
  const [text, setText] = useState('')
  const { hits, error } = useSpaceSearch(space, text)
  const panel = useRef<HTMLDivElement>(null)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    // the tab was opened to type here
    field.current?.focus()
  }, [])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const stops = [...(panel.current?.querySelectorAll<HTMLElement>('input[type=search], a.hit') ?? [])]
    const at = stops.findIndex((stop) => stop === document.activeElement)
    const next = stops[at + (event.key === 'ArrowDown' ? 1 : -1)]
    if (at < 0 || next === undefined) return
    event.preventDefault()
    next.focus()
  }
  const first = hits?.[0]
  return (
    // the keys of the box and of the hits below it belong together
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div ref={panel} role="group" aria-label="Search and its results" onKeyDown={onKeyDown}>
      <div className="card ask search-box" role="search">
        <Search size={18} aria-hidden="true" />
        <input
          ref={field}
          type="search"
          aria-label="Search this space"
          placeholder="Words in any post, note, task or file name"
          value={text}
          maxLength={400}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && first !== undefined)
              goTo(itemHref(space, first.item) ?? spaceHref(space))
          }}
        />
      </div>
      <p className="small search-state" role="status">
        {stateOf(text, hits)}
      </p>
      {error !== undefined && <ErrorNote error={error} />}
      {hits !== undefined && hits.length > 0 && text.trim() !== '' && (
        <ul className="card rows" aria-label="Found">
          {hits.slice(0, MOST).map((hit, index) => (
            <li key={`${hit.item} ${index}`}>
              <a className="hit" href={itemHref(space, hit.item) ?? spaceHref(space)}>
                <span className="small strong">{kindWord(hit.item)}</span>
                <span className="excerpt" dir="auto">
                  {hit.before}
                  <mark>{hit.hit}</mark>
                  {hit.after}
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function stateOf(text: string, hits: readonly SpaceHit[] | undefined): string {
  if (text.trim() === '') return 'Finds as you type, on this device. Nobody learns what you look for.'
  if (hits === undefined) return 'Searching'
  if (hits.length === 0) return 'Nothing found. Fewer or shorter words find more.'
  if (hits.length > MOST) return `The first ${MOST}. More words find more exactly.`
  return `${plural(hits.length, 'hit')}.`
}
