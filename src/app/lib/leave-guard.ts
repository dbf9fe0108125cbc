import { useEffect } from 'react'

/**
 * Has the browser ask before the page is closed or loaded anew while something on it is stored nowhere.
 *
 * @param onLeave called then: what it begins may end while the question is on screen
 */
export function useLeaveGuard(isUnsafe: boolean, onLeave?: () => void): void {
  useEffect(() => {
    if (!isUnsafe) return undefined
    const ask = (event: BeforeUnloadEvent): void => {
      event.preventDefault()
      onLeave?.()
    }
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [isUnsafe, onLeave])
}
