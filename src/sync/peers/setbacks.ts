import { CairnError } from '../../core/errors.ts'
import { fraction, type Host } from '../host.ts'
import { copyRows, noteCopy } from './copy-rows.ts'
import type { Attempt } from './model.ts'

/** After a failed pull a peer is left alone for so long, doubled with each, ms. */
const FIRST_PAUSE = 5000
export const LONGEST_PAUSE = 30 * 60_000

/** What failed, and when it is tried again. */
export interface Setbacks {
  /** A peer did not keep its word on a repo, or could not: it is left alone for a while. */
  blame(did: string, peer: string, error: unknown): Promise<void>
  /** It failed here, whoever was asked: nobody is left alone, and all is tried again after a while. */
  ours(did: string): void
  /** It is left alone now, as far as is known since this began. */
  isOut(did: string, peer: string): boolean
  /** It worked. */
  over(did: string): void
  close(): void
}

export function createSetbacks(host: Host, retry: (did: string) => void): Setbacks {
  const { storage, clock, timers } = host
  const random = fraction(host)
  const set = new Map<string, () => void>()
  const own = new Map<string, number>()

  const pauseOf = (failures: number): number =>
    Math.round(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1)) * (0.5 + random() / 2))
  const later = (did: string, peer: string, pause: number): void => {
    const key = `${did}/${peer}`
    set.get(key)?.()
    const stop = timers.after(pause, () => {
      set.delete(key)
      retry(did)
    })
    set.set(key, stop)
  }

  return {
    async blame(did, peer, error) {
      const row = (await copyRows(storage, did)).find((it) => it.peer === peer)
      const failures = (row?.failures ?? 0) + 1
      const pause = pauseOf(failures)
      await noteCopy(storage, did, peer, {
        failures,
        failure: codeOf(error),
        retryAt: clock.now() + pause,
      })
      later(did, peer, pause)
    },
    ours(did) {
      const failures = (own.get(did) ?? 0) + 1
      own.set(did, failures)
      later(did, '', pauseOf(failures))
    },
    isOut: (did, peer) => set.has(`${did}/${peer}`),
    over(did) {
      own.delete(did)
    },
    close() {
      for (const stop of set.values()) stop()
    },
  }
}

const codeOf = (error: unknown): string => (error instanceof CairnError ? error.code : 'app.unexpected')

/** What did not do, as it is told when something else did. */
export const attemptOf = (rung: Attempt['rung'], peer: string | undefined, error: unknown): Attempt => ({
  rung,
  peer,
  code: codeOf(error),
})

/** The peer that an error is about; undefined for trouble of our own. */
export function blamed(error: unknown): string | undefined {
  const peer = error instanceof CairnError ? error.fields['peer'] : undefined
  return typeof peer === 'string' ? peer : undefined
}
