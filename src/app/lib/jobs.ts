import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import type { Cairn, Job } from '../../cairn/api.ts'
import { useEngine } from './engine-context.ts'

/**
 * The jobs as events tell them. Progress arrives many times a second: it goes to the rows that show
 * it and nowhere else, at most once a frame.
 */
export interface JobStore {
  readonly subscribe: (listener: () => void) => () => void
  readonly all: () => readonly Job[]
  /** Hides an ended job from the screens of this session. */
  readonly dismiss: (id: string) => void
  readonly follow: (cairn: Cairn) => () => void
}

const NONE: readonly Job[] = []

function createJobStore(): JobStore {
  const jobs = new Map<string, Job>()
  const dismissed = new Set<string>()
  const listeners = new Set<() => void>()
  let list: readonly Job[] = NONE
  let waiting = false

  const changed = () => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(() => {
      waiting = false
      list = [...jobs.values()]
        .filter((job) => !dismissed.has(job.id))
        .sort((a, b) => b.startedAt - a.startedAt)
      for (const listener of listeners) listener()
    })
  }
  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    all: () => list,
    dismiss(id) {
      dismissed.add(id)
      changed()
    },
    follow(cairn) {
      let current = true
      const leave = cairn.subscribe((event) => {
        if (event.type !== 'job') return
        jobs.set(event.job.id, event.job)
        changed()
      })
      // a job that moved on while the list was read is newer in the map than in the list
      cairn.activity.jobs().then(
        (known) => {
          if (!current) return
          for (const job of known) if (!jobs.has(job.id)) jobs.set(job.id, job)
          changed()
        },
        // screens that need the engine say that it failed
        () => {},
      )
      return () => {
        current = false
        leave()
      }
    },
  }
}

const JobContext = createContext<JobStore | undefined>(undefined)
export const JobProvider = JobContext.Provider

/** Makes the store and feeds it for as long as the app runs. */
export function useJobStore(): JobStore {
  const [store] = useState(createJobStore)
  const { cairn } = useEngine()
  useEffect(() => (cairn === undefined ? undefined : store.follow(cairn)), [cairn, store])
  return store
}

export function useJobs(): readonly Job[] {
  const store = useContext(JobContext)
  return useSyncExternalStore(store?.subscribe ?? (() => () => {}), store?.all ?? (() => NONE), () => NONE)
}

export function useDismissJob(): (id: string) => void {
  return useContext(JobContext)?.dismiss ?? (() => {})
}

export function isActive(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running' || job.state === 'retrying'
}

/** The job at work on a repo that a person waits for; indexing and sweeping happen quietly. */
export function useJobOf(did: string): Job | undefined {
  const jobs = useJobs()
  return jobs.find((job) => job.did === did && isActive(job) && job.kind !== 'index' && job.kind !== 'sweep')
}

/** The newest job of a repo when it failed. */
export function useFailedJobOf(did: string): Job | undefined {
  const jobs = useJobs()
  const newest = jobs.find((job) => job.did === did && job.kind !== 'index' && job.kind !== 'sweep')
  return newest?.state === 'failed' ? newest : undefined
}
