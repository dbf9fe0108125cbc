import { useEffect, useRef, useState } from 'react'
import type { Job } from '../../cairn/api.ts'
import { isActive, useJobs } from '../lib/jobs.ts'
import { announcement } from '../words/announce.ts'

/** Often enough to know that it moves, seldom enough to hear anything else. */
const EVERY_MS = 15_000

/**
 * Tells a screen reader, politely, how long work goes: when it starts, now and then while it runs, and
 * how it ended. One region for the whole app, so that two jobs do not talk over each other.
 */
export function Announcer() {
  const jobs = useJobs()
  const [said, setSaid] = useState('')
  const known = useRef(new Map<string, { state: Job['state']; at: number }>())
  useEffect(() => {
    const now = Date.now()
    for (const job of jobs) {
      const words = announcement(job)
      if (words === undefined) continue
      const before = known.current.get(job.id)
      const changed = before !== undefined && before.state !== job.state
      // what had ended before the app was opened is no news
      if (before === undefined && !isActive(job)) known.current.set(job.id, { state: job.state, at: now })
      else if (before === undefined || changed || (isActive(job) && now - before.at > EVERY_MS)) {
        known.current.set(job.id, { state: job.state, at: now })
        setSaid(words)
      }
    }
  }, [jobs])
  return (
    <div className="hidden-text" role="status" aria-live="polite">
      {said}
    </div>
  )
}
