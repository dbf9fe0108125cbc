import { useCallback, useEffect, useState } from 'react'
import type { Workbox } from 'workbox-window'
import { useEngine } from './engine-context.ts'
import { isActive, useJobs } from './jobs.ts'
import { useSaving } from './saves.ts'
import { keepRegistered } from './worker-registration.ts'

/** The engine may take so long to end in good order. */
const ENGINE_ENDS_MS = 2000
/** Without an engine there is nothing to use: if the new version cannot take over by then, the old one opens again. */
const TAKES_OVER_MS = 5000

export interface Update {
  /** a new version is there, and nothing runs that a reload would cut off */
  readonly ready: boolean
  /** a new version waits for running jobs, and for files that are saved, to end */
  readonly waiting: boolean
  /** Lets the new version take over, where it has not from another page, and reloads. */
  readonly reload: () => void
}

/** Registers the service worker, after the first paint, in a built app only. */
export function useUpdate(): Update {
  const [next, setNext] = useState<Workbox | 'took-over'>()
  const { cairn } = useEngine()
  const saving = useSaving()
  const busy = useJobs().some(isActive) || saving
  useEffect(() => {
    if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
    return keepRegistered({ onWaiting: setNext, onReplaced: () => setNext('took-over') })
  }, [])
  const reload = useCallback(() => {
    if (next === undefined) return
    if (next === 'took-over') return location.reload()
    next.addEventListener('controlling', () => location.reload())
    // An engine at work asks for things, and what goes through the old version's worker keeps that alive.
    const late = new Promise<void>((resolve) => setTimeout(resolve, ENGINE_ENDS_MS))
    const takeOver = () => {
      next.messageSkipWaiting()
      setTimeout(() => location.reload(), TAKES_OVER_MS)
    }
    Promise.race([cairn?.close(), late]).then(takeOver, takeOver)
  }, [next, cairn])
  return { ready: next !== undefined && !busy, waiting: next !== undefined && busy, reload }
}
