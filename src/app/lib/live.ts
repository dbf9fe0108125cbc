import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { Cairn, CairnEvent } from '../../cairn/api.ts'
import type { CairnError } from '../../core/errors.ts'
import { useEngine } from './engine-context.ts'
import { toCairnError } from './to-cairn-error.ts'

export interface Live<T> {
  /** the newest value known for this key, at once when it was read before */
  readonly value: T | undefined
  readonly error: CairnError | undefined
  /** the first read has not ended */
  readonly loading: boolean
  readonly reload: () => void
}

/** Last values by key, so that going back to a screen shows it at once. Values here are pages and rows, small. */
const KEPT = 200
const kept = new Map<string, unknown>()

function keep(key: string, value: unknown): void {
  kept.delete(key)
  kept.set(key, value)
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break
    kept.delete(oldest)
  }
}

/** Forgets everything shown before, after the device was wiped. */
export function forgetLive(): void {
  kept.clear()
}

/**
 * Reads with `load` and again whenever an event passes `affects`. One read at a time: events during a
 * read cause one more after it, so a flood of events neither starves the screen nor floods the engine.
 * An answer for an older key is dropped. `load` and `affects` may change on each render; `key` must
 * name everything that they depend on.
 */
export function useLive<T>(
  key: string,
  load: (cairn: Cairn) => Promise<T>,
  affects: (event: CairnEvent) => boolean = () => false,
): Live<T> {
  const { cairn } = useEngine()
  const latest = useRef({ load, affects })
  useEffect(() => {
    latest.current = { load, affects }
  })
  const [answer, setAnswer] = useState<{ key: string; value?: T; error?: CairnError }>()
  const again = useRef<() => void>(() => {})

  useEffect(() => {
    if (cairn === undefined) return
    let current = true
    let reading = false
    let dirty = false
    const read = async () => {
      if (reading) {
        dirty = true
        return
      }
      reading = true
      try {
        const value = await latest.current.load(cairn)
        if (current) {
          keep(key, value)
          setAnswer({ key, value })
        }
      } catch (error) {
        if (current) setAnswer({ key, error: toCairnError(error) })
      }
      reading = false
      if (dirty && current) {
        dirty = false
        void read()
      }
    }
    again.current = () => void read()
    void read()
    const leave = cairn.subscribe((event) => {
      if (latest.current.affects(event)) void read()
    })
    return () => {
      current = false
      leave()
    }
  }, [cairn, key])

  const reload = useCallback(() => again.current(), [])
  const mine = answer?.key === key ? answer : undefined
  // what was kept under this key came from a `load` of the same type
  const value = (mine?.value ?? kept.get(key)) as T | undefined
  return { value, error: mine?.error, loading: mine === undefined && value === undefined, reload }
}

const TICK_MS = 30_000
const tickers = new Set<() => void>()
let clock = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function onTick(tick: () => void): () => void {
  tickers.add(tick)
  timer ??= setInterval(() => {
    clock = Date.now()
    for (const each of tickers) each()
  }, TICK_MS)
  return () => {
    tickers.delete(tick)
    if (tickers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/**
 * The time, renewed every half minute for all who show "2 minutes ago".
 *
 * @param at a time that is told beside it, ms: what has happened since the last half minute is not told as ahead
 */
export function useNow(at?: number): number {
  return useSyncExternalStore(
    onTick,
    () => {
      const now = Date.now()
      // nobody kept it running: it may be hours old. Within a render it must not move
      const isOld = timer === undefined && now - clock > TICK_MS
      if (isOld || (at !== undefined && clock < at && at <= now)) clock = now
      return clock
    },
    () => clock,
  )
}
