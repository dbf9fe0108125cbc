import { useCallback, useEffect, useRef, useState } from 'react'

/** After the last key, ms: a little longer than the engine waits before it stores by itself. */
const REST = 600

/**
 * Whether all that was typed is on this device's disk. `typed` is to be called with each key; `store` resolves when
 * what the engine holds is stored.
 */
export function useStored(store: () => Promise<void>): {
  readonly isStored: boolean
  readonly typed: () => void
} {
  const [isStored, setIsStored] = useState(true)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const typed = useCallback(() => {
    setIsStored(false)
    clearTimeout(timer.current)
    const mine = setTimeout(() => {
      store()
        .then(() => {
          if (timer.current === mine) setIsStored(true)
        })
        // what could not be stored is told by the next key
        .catch(() => {})
    }, REST)
    timer.current = mine
  }, [store])
  return { isStored, typed }
}
