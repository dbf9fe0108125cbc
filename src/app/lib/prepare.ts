import { useCallback } from 'react'
import { useEngine } from './engine-context.ts'

/** To be called when a person turns to what asks for a repo: taking it in begins without delay then. */
export function usePrepare(): () => void {
  const { cairn } = useEngine()
  return useCallback(() => {
    // an engine that is gone says so to whoever asks it for more
    cairn?.library.prepare().catch(() => {})
  }, [cairn])
}
