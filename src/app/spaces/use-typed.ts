import { useCallback, useRef } from 'react'
import type { TypedText } from '../../cairn/api.ts'
import { useEngine } from '../lib/engine-context.ts'
import { useStored } from './use-stored.ts'

/**
 * What was typed into a note and is not yet known to be on this device's disk. It is held here too: the engine that has
 * heard it may be that of another tab, and end with it. So each `store` says what it is about.
 */
export function useTyped(
  space: string,
  id: string,
): {
  readonly isStored: boolean
  readonly typed: (it: TypedText) => void
  readonly store: () => Promise<void>
  /** What no engine takes any more. */
  readonly forget: () => void
} {
  const { cairn } = useEngine()
  const held = useRef<TypedText[]>([])
  const store = useCallback(async () => {
    if (cairn === undefined) return
    const typed = new Set(held.current)
    await cairn.spaces.flushNote(space, id, [...typed])
    held.current = held.current.filter((it) => !typed.has(it))
  }, [cairn, space, id])
  const { isStored, typed: rest } = useStored(store)
  const typed = useCallback(
    (it: TypedText) => {
      held.current.push(it)
      rest()
    },
    [rest],
  )
  const forget = useCallback(() => {
    held.current = []
  }, [])
  return { isStored, typed, store, forget }
}
