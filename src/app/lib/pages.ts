import { useCallback, useEffect, useRef, useState } from 'react'
import type { Cairn, CairnEvent } from '../../cairn/api.ts'
import type { CairnError } from '../../core/errors.ts'
import { useEngine } from './engine-context.ts'
import { toCairnError } from './to-cairn-error.ts'

/** Rows asked for at once: a little more than a tall screen shows. */
const PAGE_SIZE = 50

/** Pages held; about 3,000 rows, so that scrolling back is instant and memory stays flat. */
const KEPT_PAGES = 60

export interface Paged<T> {
  /** undefined until the first page has arrived */
  readonly total: number | undefined
  readonly at: (index: number) => T | undefined
  /** Asks for the page that holds this row, unless it is here or on its way. */
  readonly want: (index: number) => void
  readonly error: CairnError | undefined
}

interface Pages<T> {
  readonly key: string
  readonly total: number | undefined
  readonly pages: ReadonlyMap<number, readonly T[]>
  readonly error: CairnError | undefined
}

type Load<T> = (
  cairn: Cairn,
  offset: number,
  limit: number,
) => Promise<{ readonly total: number; readonly items: readonly T[] }>

/**
 * Random access to a long list in pages. Only pages that rows ask for are read; the least recently
 * asked for are let go. When something changed, what is shown stays until its new version arrives.
 */
export function usePages<T>(key: string, load: Load<T>, affects: (event: CairnEvent) => boolean): Paged<T> {
  const { cairn } = useEngine()
  const [state, setState] = useState<Pages<T>>({ key, total: undefined, pages: new Map(), error: undefined })
  const latest = useRef({ load, affects })
  useEffect(() => {
    latest.current = { load, affects }
  })
  const wantPage = useRef<(page: number) => void>(() => {})

  useEffect(() => {
    if (cairn === undefined) return
    let left = false
    let generation = 0
    const asked = new Map<number, number>()
    const read = async (page: number) => {
      if (asked.get(page) === generation) return
      asked.set(page, generation)
      const started = generation
      try {
        const result = await latest.current.load(cairn, page * PAGE_SIZE, PAGE_SIZE)
        if (left || started !== generation) return
        setState((before) => {
          const pages = new Map(before.key === key ? before.pages : [])
          // Of another length the list has moved under the pages that are not read anew: their rows stand elsewhere.
          if (before.total !== result.total)
            for (const old of pages.keys()) if (!asked.has(old)) pages.delete(old)
          pages.delete(page)
          pages.set(page, result.items)
          for (const oldest of pages.keys()) {
            if (pages.size <= KEPT_PAGES) break
            pages.delete(oldest)
            asked.delete(oldest)
          }
          return { key, total: result.total, pages, error: undefined }
        })
      } catch (error) {
        asked.delete(page)
        if (!left && started === generation)
          setState((before) => ({ ...before, key, error: toCairnError(error) }))
      }
    }
    wantPage.current = (page) => void read(page)
    void read(0)
    const leave = cairn.subscribe((event) => {
      if (!latest.current.affects(event)) return
      const shown = [...asked.keys()].slice(-4)
      generation++
      asked.clear()
      for (const page of new Set([0, ...shown])) void read(page)
    })
    return () => {
      left = true
      leave()
    }
  }, [cairn, key])

  const mine = state.key === key
  const pages = mine ? state.pages : undefined
  const at = useCallback(
    (index: number) => pages?.get(Math.floor(index / PAGE_SIZE))?.[index % PAGE_SIZE],
    [pages],
  )
  const want = useCallback((index: number) => wantPage.current(Math.floor(index / PAGE_SIZE)), [])
  return { total: mine ? state.total : undefined, at, want, error: mine ? state.error : undefined }
}
