import { useEffect, useRef, useState } from 'react'
import type { SpaceHit } from '../../cairn/api.ts'
import type { CairnError } from '../../core/errors.ts'
import { useEngine } from '../lib/engine-context.ts'
import { toCairnError } from '../lib/to-cairn-error.ts'

export interface SpaceSearchState {
  /** of the newest text that was answered */
  readonly hits: readonly SpaceHit[] | undefined
  readonly error: CairnError | undefined
}

/** Searches as it is typed: one search at a time, and the newest text always follows it. */
export function useSpaceSearch(space: string, text: string): SpaceSearchState {
  const { cairn } = useEngine()
  const [state, setState] = useState<SpaceSearchState>({ hits: undefined, error: undefined })
  const newest = useRef(text)
  const busy = useRef(false)
  useEffect(() => {
    newest.current = text
    if (cairn === undefined || busy.current) return
    const search = async () => {
      busy.current = true
      for (let asked: string | undefined; asked !== newest.current;) {
        asked = newest.current
        if (asked.trim() === '') {
          setState({ hits: undefined, error: undefined })
          continue
        }
        try {
          const hits = await cairn.spaces.search(space, asked)
          if (asked === newest.current) setState({ hits, error: undefined })
        } catch (error) {
          setState((before) => ({ ...before, error: toCairnError(error) }))
        }
      }
      busy.current = false
    }
    // it never throws: what fails is shown
    void search()
  }, [cairn, space, text])
  return state
}
