import { toHex } from '../../core/bytes.ts'
import type { Topic } from '../topics.ts'
import { backOff } from './back-off.ts'
import type { NetworkerLimits } from './limits.ts'
import type { Timers } from '../../core/timers.ts'
import type { Peer, Replicate } from './model.ts'
import type { Clock } from '../../core/clock.ts'

/** Has what is shared replicated: once for each peer and topic, again after a failure. */
export interface Replicator {
  share(peer: Peer, topics: readonly Topic[]): void
  unshare(peer: Peer, topics: readonly Topic[]): void
  drop(peer: Peer): void
  readonly stats: { readonly replications: number; readonly failedReplications: number }
  close(): void
}

export interface ReplicatorInput {
  readonly replicate: Replicate
  readonly timers: Timers
  readonly clock: Clock
  /** uniform in [0, 1) */
  readonly random: () => number
  readonly limits: NetworkerLimits
  readonly failed: (error: Error, peer: Peer, topics: readonly Topic[], retryInMs: number) => void
}

interface Job {
  readonly topics: Map<string, Topic>
  readonly controller: AbortController
  cancelWait: (() => void) | undefined
}

export function createReplicator(input: ReplicatorInput): Replicator {
  const { replicate, timers, clock, random, limits } = input
  const jobs = new Map<Peer, Set<Job>>()
  // Outlives the link, so that coming back at once does not undo the pause. The oldest are forgotten.
  const pace = new Map<string, { readonly failures: number; readonly until: number }>()
  const stats = { replications: 0, failedReplications: 0 }
  const paceKey = (peer: Peer, topic: string): string => `${peer.id}/${topic}`

  const end = (peer: Peer, job: Job): void => {
    job.cancelWait?.()
    job.cancelWait = undefined
    const all = jobs.get(peer)
    if (all?.delete(job) === true && all.size === 0) jobs.delete(peer)
  }
  const setBack = (peer: Peer, job: Job): number => {
    const failures =
      1 + Math.max(0, ...[...job.topics.keys()].map((id) => pace.get(paceKey(peer, id))?.failures ?? 0))
    const ms = backOff(failures, random, limits)
    for (const id of job.topics.keys()) {
      pace.delete(paceKey(peer, id))
      pace.set(paceKey(peer, id), { failures, until: clock.now() + ms })
    }
    for (const oldest of pace.keys()) {
      if (pace.size <= limits.topics) break
      pace.delete(oldest)
    }
    return ms
  }
  const run = async (peer: Peer, job: Job): Promise<void> => {
    const topics = [...job.topics.values()]
    stats.replications++
    try {
      await replicate(peer, topics, job.controller.signal)
      for (const id of job.topics.keys()) pace.delete(paceKey(peer, id))
      // It stays: what was begun under its signal goes on for as long as the topics are shared.
    } catch (thrown) {
      if (job.controller.signal.aborted) return
      stats.failedReplications++
      const ms = setBack(peer, job)
      later(peer, job, ms)
      input.failed(
        thrown instanceof Error ? thrown : new Error(String(thrown)),
        peer,
        [...job.topics.values()],
        ms,
      )
    }
  }
  const later = (peer: Peer, job: Job, ms: number): void => {
    job.cancelWait = timers.after(ms, () => {
      job.cancelWait = undefined
      // Rejects with nothing: a failure is caught and told.
      void run(peer, job)
    })
  }
  const begin = (peer: Peer, topics: readonly Topic[], ms: number): void => {
    if (topics.length === 0) return
    const job: Job = {
      topics: new Map(topics.map((topic) => [toHex(topic.id), topic])),
      controller: new AbortController(),
      cancelWait: undefined,
    }
    const all = jobs.get(peer) ?? new Set()
    jobs.set(peer, all.add(job))
    if (ms > 0) later(peer, job, ms)
    else void run(peer, job)
  }
  const drop = (peer: Peer): void => {
    for (const job of [...(jobs.get(peer) ?? [])]) {
      end(peer, job)
      job.controller.abort()
    }
  }
  return {
    share(peer, topics) {
      const pauseOf = (topic: Topic): number =>
        // No longer than it can have been, though the clock was set back since.
        Math.min(limits.maxBackOffMs, (pace.get(paceKey(peer, toHex(topic.id)))?.until ?? 0) - clock.now())
      begin(
        peer,
        topics.filter((topic) => pauseOf(topic) <= 0),
        0,
      )
      const paced = topics.filter((topic) => pauseOf(topic) > 0)
      begin(peer, paced, Math.max(0, ...paced.map(pauseOf)))
    },
    unshare(peer, topics) {
      for (const job of [...(jobs.get(peer) ?? [])]) {
        for (const topic of topics) job.topics.delete(toHex(topic.id))
        if (job.topics.size > 0) continue
        end(peer, job)
        job.controller.abort()
      }
    },
    drop,
    stats,
    close() {
      for (const peer of [...jobs.keys()]) drop(peer)
      pace.clear()
    },
  }
}
