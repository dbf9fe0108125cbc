import { useCallback, useEffect, useRef, useState } from 'react'
import type { CairnError } from '../../core/errors.ts'
import { useEngine } from '../lib/engine-context.ts'
import { toCairnError } from '../lib/to-cairn-error.ts'

type Hear = (update: Uint8Array) => void

export interface OpenedNote {
  /** the text as it was read, as one Yjs update */
  readonly state: Uint8Array
  /** under which this editor makes its own */
  readonly client: number
  /** goes with what this editor makes */
  readonly salt: Uint8Array
  /** rises when an editor has to be made anew */
  readonly turn: number
}

export interface NoteFeed {
  /** undefined until it is read */
  readonly opened: OpenedNote | undefined
  readonly error: CairnError | undefined
  /** Tells all updates from elsewhere since the text was read, those before the call too. */
  readonly incoming: (hear: Hear) => () => void
  /** Reads the text again, for an editor that cannot go on. */
  readonly reopen: () => void
}

/** The text of a note and what others type into it. Listening begins before reading, so that nothing falls between. */
export function useNote(space: string, id: string): NoteFeed {
  const { cairn } = useEngine()
  const [turn, setTurn] = useState(0)
  const [answer, setAnswer] = useState<{ readonly opened?: OpenedNote; readonly error?: CairnError }>({})
  const heard = useRef<Uint8Array[]>([])
  const listeners = useRef(new Set<Hear>())
  const reopen = useCallback(() => setTurn((before) => before + 1), [])
  useEffect(() => {
    if (cairn === undefined) return
    let left = false
    heard.current = []
    const tell = (update: Uint8Array) => {
      heard.current.push(update)
      for (const hear of listeners.current) hear(update)
    }
    const leave = cairn.subscribe((event) => {
      if (event.type === 'space-opened' && event.space === space) {
        // Whoever has it open now tells of what comes into notes that were asked for, and no more of what came before.
        cairn.spaces.note(space, id).then(
          ({ state }) => {
            if (!left) tell(state)
          },
          // the editor goes on with what it has, and the next key says what is wrong
          () => {},
        )
      }
      if (event.type !== 'space-note' || event.space !== space || event.id !== id) return
      if (event.reset) reopen()
      else tell(event.update)
    })
    cairn.spaces.note(space, id).then(
      ({ state, client, salt }) => {
        if (!left) setAnswer({ opened: { state, client, salt, turn } })
      },
      (error: unknown) => {
        if (!left) setAnswer({ error: toCairnError(error) })
      },
    )
    return () => {
      left = true
      leave()
    }
  }, [cairn, space, id, turn, reopen])
  const incoming = useCallback((hear: Hear) => {
    for (const update of heard.current) hear(update)
    listeners.current.add(hear)
    return () => void listeners.current.delete(hear)
  }, [])
  return { opened: answer.opened, error: answer.error, incoming, reopen }
}
