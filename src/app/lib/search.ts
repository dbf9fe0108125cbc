import { useEffect, useRef, useState } from 'react'
import type { SearchQuery, SearchResult } from '../../cairn/api.ts'
import type { CairnError } from '../../core/errors.ts'
import { useEngine } from './engine-context.ts'
import { toCairnError } from './to-cairn-error.ts'

export interface LiveSearch {
  /** of the newest query that was answered; the hits of the one before stay until then */
  readonly result: SearchResult | undefined
  readonly error: CairnError | undefined
}

/**
 * Searches as it is typed. One search is under way at a time and always the newest text follows it, so
 * that fast typing neither waits nor piles up. An empty text clears.
 */
export function useLiveSearch(query: SearchQuery): LiveSearch {
  const { cairn } = useEngine()
  const [state, setState] = useState<LiveSearch>({ result: undefined, error: undefined })
  const { text, did, collection, limit } = query
  const newest = useRef(query)
  const search = useRef(() => {})

  useEffect(() => {
    if (cairn === undefined) return
    let left = false
    let busy = false
    const run = async (): Promise<void> => {
      if (busy) return
      busy = true
      for (let asked: SearchQuery | undefined; !left && asked !== newest.current;) {
        asked = newest.current
        if (asked.text.trim() === '') {
          setState({ result: undefined, error: undefined })
          continue
        }
        try {
          const result = await cairn.library.search(asked)
          if (!left && asked === newest.current) setState({ result, error: undefined })
        } catch (error) {
          if (!left) setState((before) => ({ ...before, error: toCairnError(error) }))
        }
      }
      busy = false
    }
    search.current = () => void run()
    const leave = cairn.subscribe((event) => {
      // an index that has grown may hold more hits
      if (event.type === 'index' && (newest.current.did === undefined || event.did === newest.current.did)) {
        newest.current = { ...newest.current }
        search.current()
      }
    })
    const frame = requestAnimationFrame(search.current)
    return () => {
      left = true
      cancelAnimationFrame(frame)
      search.current = () => {}
      leave()
    }
  }, [cairn])

  useEffect(() => {
    newest.current = {
      text,
      limit,
      ...(did === undefined ? {} : { did }),
      ...(collection === undefined ? {} : { collection }),
    }
    const frame = requestAnimationFrame(() => search.current())
    return () => cancelAnimationFrame(frame)
  }, [text, did, collection, limit])
  return state
}
