import { useEffect, useState } from 'react'

/** What passes by itself sooner is not told: words that come and go push about what one reads, ms. */
export const MOMENT = 2_000

/**
 * Whether something has been so for more than a moment.
 *
 * @param atFirst whether what is so when the component comes is told at once
 */
export function useLasting(isSo: boolean, atFirst = true): boolean {
  const [lasts, setLasts] = useState(isSo && atFirst)
  useEffect(() => {
    if (!isSo) return undefined
    const timer = setTimeout(() => setLasts(true), MOMENT)
    return () => {
      clearTimeout(timer)
      setLasts(false)
    }
  }, [isSo])
  return isSo && lasts
}

/** A value as it was last at rest, until the unrest has lasted for more than a moment. */
export function useRested<T>(value: T, isRestless: boolean): T {
  const lasts = useLasting(isRestless)
  const [rested, setRested] = useState(value)
  const shown = !isRestless || lasts ? value : rested
  if (shown !== rested) setRested(shown)
  return shown
}
