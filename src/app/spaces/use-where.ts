import { useCallback, useEffect, useRef } from 'react'
import type { Cairn } from '../../cairn/api.ts'
import { useEngine } from '../lib/engine-context.ts'

/** Nobody writes who has not pressed a key for so long. */
const STILL_TYPING_MS = 4_000

const tell = (cairn: Cairn, space: string, where: string | undefined, typing: boolean) => {
  // presence is a courtesy: without a network there is nobody to tell
  cairn.spaces.setPresence(space, where === undefined ? undefined : { where, typing }).catch(() => {})
}

/** Tells the others where this person is in a space, until the screen is left. */
export function useWhere(space: string, where: string | undefined): void {
  const { cairn } = useEngine()
  useEffect(() => {
    if (cairn === undefined || where === undefined) return
    tell(cairn, space, where, false)
  }, [cairn, space, where])
  useEffect(() => {
    if (cairn === undefined) return
    return () => tell(cairn, space, undefined, false)
  }, [cairn, space])
}

/** To be called at each key: says that one writes, and that one stopped. */
export function useTyping(
  space: string,
  where: string,
): { readonly type: () => void; readonly stop: () => void } {
  const { cairn } = useEngine()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const stop = useCallback(() => {
    if (timer.current === undefined) return
    clearTimeout(timer.current)
    timer.current = undefined
    if (cairn !== undefined) tell(cairn, space, where, false)
  }, [cairn, space, where])
  const type = useCallback(() => {
    if (timer.current === undefined && cairn !== undefined) tell(cairn, space, where, true)
    clearTimeout(timer.current)
    timer.current = setTimeout(stop, STILL_TYPING_MS)
  }, [cairn, space, where, stop])
  useEffect(() => () => clearTimeout(timer.current), [])
  return { type, stop }
}
