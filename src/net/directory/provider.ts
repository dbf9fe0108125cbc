import type { Timers } from '../../core/timers.ts'
import type { DirectoryPeers } from './peers.ts'
import { topicKey } from './topic.ts'

/** Topics that are being provided at a time: each is a walk through the hash table. */
const AT_ONCE = 4
/** What nobody took note of is tried again after this, ms, and at once when a relay joins. */
const AGAIN_AFTER = 15_000
/** A walk that takes longer is given up, ms. */
const WALK_WITHIN = 10_000

/**
 * Keeps other relays told of which topics this one holds. A topic can be added for several reasons, and stays
 * until each is removed.
 */
export interface TopicProvider {
  add(topic: Uint8Array): void
  remove(topic: Uint8Array): void
  /** resolves when no topic waits for its first try */
  settled(): Promise<void>
  close(): void
}

export function createTopicProvider(peers: DirectoryPeers, timers: Timers): TopicProvider {
  const wanted = new Map<string, { readonly topic: Uint8Array; reasons: number }>()
  const queue = new Set<string>()
  const failed = new Set<string>()
  const running = new Set<string>()
  const stopping = new AbortController()
  let stopAgain: (() => void) | undefined
  let idle = Promise.withResolvers<void>()
  idle.resolve()

  const again = (): void => {
    stopAgain?.()
    stopAgain = undefined
    for (const key of failed) queue.add(key)
    failed.clear()
    pump()
  }
  const run = async (key: string, topic: Uint8Array): Promise<void> => {
    const walk = new AbortController()
    const stopTimer = timers.after(WALK_WITHIN, () => walk.abort())
    try {
      await peers.provide(topic, { signal: AbortSignal.any([walk.signal, stopping.signal]) })
    } catch {
      if (wanted.has(key) && !stopping.signal.aborted) {
        failed.add(key)
        stopAgain ??= timers.after(AGAIN_AFTER, again)
      }
    } finally {
      stopTimer()
      running.delete(key)
      pump()
    }
  }
  const pump = (): void => {
    if (stopping.signal.aborted) return
    for (const key of queue) {
      if (running.size >= AT_ONCE) return
      if (running.has(key)) continue
      queue.delete(key)
      const topic = wanted.get(key)?.topic
      if (topic === undefined) continue
      running.add(key)
      // Never rejects: a failure is noted and tried again.
      void run(key, topic)
    }
    if (queue.size === 0 && running.size === 0) idle.resolve()
  }
  const stopJoin = peers.onJoin(again)

  return {
    add(topic) {
      const key = topicKey(topic)
      const held = wanted.get(key)
      if (held !== undefined) {
        held.reasons++
        return
      }
      wanted.set(key, { topic, reasons: 1 })
      if (queue.size === 0 && running.size === 0) idle = Promise.withResolvers()
      queue.add(key)
      pump()
    },
    remove(topic) {
      const key = topicKey(topic)
      const held = wanted.get(key)
      if (held === undefined || --held.reasons > 0) return
      wanted.delete(key)
      queue.delete(key)
      failed.delete(key)
      // What could not be withdrawn ends by itself; relays that ask in vain get an empty answer.
      peers.withdraw(topic).catch(() => {})
    },
    settled: () => idle.promise,
    close() {
      stopping.abort()
      stopAgain?.()
      stopJoin()
      idle.resolve()
    },
  }
}
