import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { WindowVirtualizer, type WindowVirtualizerHandle } from 'virtua'
import { formatNumber } from '../lib/format.ts'
import type { Paged } from '../lib/pages.ts'

/**
 * Browsers stop laying out somewhere between 17 and 33 million pixels. Longer lists are shown in parts
 * of this many rows; at 120 px a row that stays well below.
 */
const PART_ROWS = 100_000

/** A row that is only flown over while scrolling does not ask for its page. */
const LINGER_MS = 40

/** A person who has gone on to something else meanwhile must not have the focus taken away. */
const FOCUS_WAIT_MS = 2_000

interface FeedProps<T> {
  readonly paged: Paged<T>
  readonly label: string
  readonly renderRow: (item: T, index: number) => ReactNode
  /** shown while a row's page is on its way */
  readonly blank: ReactNode
  readonly onOpen: (item: T) => void
  /** another list: start at the top */
  readonly listKey: string
  readonly rowHeight: number
}

/**
 * A list of any length that holds only the rows on screen. Arrow keys, Page Up and Down, Home and End
 * move between rows, Enter opens one; one row at a time is in the tab order.
 */
export function VirtualFeed<T>({ paged, label, renderRow, blank, onOpen, listKey, rowHeight }: FeedProps<T>) {
  const [part, setPart] = useState({ listKey, index: 0 })
  const partIndex = part.listKey === listKey ? part.index : 0
  const [active, setActive] = useState(0)
  // rows are laid out a moment after the list: until the first is there, the list says that it is busy
  const [laidOut, setLaidOut] = useState(false)
  const list = useRef<WindowVirtualizerHandle>(null)
  const feed = useRef<HTMLDivElement>(null)
  const total = paged.total ?? 0
  const first = partIndex * PART_ROWS
  const count = Math.max(0, Math.min(PART_ROWS, total - first))
  const data = useMemo<ArrayLike<undefined>>(() => ({ length: count }), [count])

  // a row far away is laid out some frames after it was scrolled to; it takes the focus when it is there
  const awaited = useRef({ index: -1, until: 0 })
  const focusRow = useCallback((index: number) => {
    setActive(index)
    list.current?.scrollToIndex(index, { align: 'nearest' })
    const element = feed.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)
    if (element) element.focus({ preventScroll: true })
    else awaited.current = { index, until: performance.now() + FOCUS_WAIT_MS }
  }, [])
  const onRow = useCallback((element: HTMLElement, index: number) => {
    setLaidOut(true)
    if (awaited.current.index !== index) return
    awaited.current.index = -1
    focusWhenShown(element, awaited.current.until)
  }, [])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.target instanceof HTMLElement)) return
    const current = Number(event.target.closest<HTMLElement>('[data-row]')?.dataset['row'])
    if (!Number.isInteger(current)) return
    if (event.key === 'Enter' && event.target.dataset['row'] !== undefined) {
      const item = paged.at(first + current)
      if (item !== undefined) onOpen(item)
      return
    }
    const steps: Record<string, number> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + 10,
      PageUp: current - 10,
      Home: 0,
      End: count - 1,
    }
    const next = steps[event.key]
    if (next === undefined) return
    event.preventDefault()
    focusRow(Math.max(0, Math.min(count - 1, next)))
  }

  return (
    <>
      {/* the feed pattern of the ARIA practices: the list hears the keys, its articles take the focus */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={feed}
        className="rows feed"
        role="feed"
        aria-label={label}
        aria-busy={paged.total === undefined || !laidOut}
        onKeyDown={onKeyDown}
      >
        <WindowVirtualizer
          key={`${listKey} ${partIndex}`}
          ref={list}
          data={data}
          itemSize={rowHeight}
          bufferSize={400}
        >
          {(_, index) => (
            <FeedRow
              key={index}
              index={index}
              position={first + index}
              total={total}
              focusable={index === Math.min(active, count - 1)}
              item={paged.at(first + index)}
              want={paged.want}
              renderRow={renderRow}
              blank={blank}
              onRow={onRow}
            />
          )}
        </WindowVirtualizer>
      </div>
      {total > PART_ROWS && (
        <Parts
          total={total}
          part={partIndex}
          onPart={(index) => {
            setPart({ listKey, index })
            setActive(0)
            feed.current?.scrollIntoView({ block: 'start' })
          }}
        />
      )}
    </>
  )
}

/** A new row is hidden until it has been measured, and what is hidden takes no focus. */
function focusWhenShown(element: HTMLElement, until: number): void {
  if (performance.now() > until || !element.isConnected) return
  element.focus({ preventScroll: true })
  if (document.activeElement !== element) requestAnimationFrame(() => focusWhenShown(element, until))
}

interface RowProps<T> {
  readonly index: number
  readonly position: number
  readonly total: number
  readonly focusable: boolean
  readonly item: T | undefined
  readonly want: (index: number) => void
  readonly renderRow: (item: T, index: number) => ReactNode
  readonly blank: ReactNode
  readonly onRow: (element: HTMLElement, index: number) => void
}

function FeedRow<T>({ index, position, total, focusable, item, want, renderRow, blank, onRow }: RowProps<T>) {
  const element = useRef<HTMLElement>(null)
  useEffect(() => {
    if (element.current !== null) onRow(element.current, index)
  }, [onRow, index])
  const missing = item === undefined
  useEffect(() => {
    if (!missing) return
    const timer = setTimeout(() => want(position), LINGER_MS)
    return () => clearTimeout(timer)
  }, [missing, want, position])
  return (
    <article
      ref={element}
      className="feed-row"
      data-row={index}
      // articles of a feed take the focus
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={focusable ? 0 : -1}
      aria-posinset={position + 1}
      aria-setsize={total}
      aria-busy={missing}
    >
      {item === undefined ? blank : renderRow(item, position)}
    </article>
  )
}

function Parts({
  total,
  part,
  onPart,
}: {
  readonly total: number
  readonly part: number
  readonly onPart: (part: number) => void
}) {
  const count = Math.ceil(total / PART_ROWS)
  return (
    <nav className="parts line" aria-label="Parts of this list">
      {Array.from({ length: Math.min(count, 200) }, (_, index) => (
        <button
          key={index}
          type="button"
          className="btn slim"
          aria-current={index === part ? 'true' : undefined}
          onClick={() => onPart(index)}
        >
          {formatNumber(index * PART_ROWS + 1)} to {formatNumber(Math.min(total, (index + 1) * PART_ROWS))}
        </button>
      ))}
    </nav>
  )
}
