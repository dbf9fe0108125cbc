import type { Timers } from '../../core/timers.ts'
import type { Storage } from '../../storage/port.ts'
import type { Channel } from './channel.ts'
import { takeGeneration } from './fence.ts'

const LOCK = 'cairn-leader'
/** The leader says that it lives this often, ms. */
const HEARTBEAT = 2000
/**
 * A leader that was silent for so long is asked, ms. Browsers slow the timers of hidden pages, not those of
 * their workers, so seven missed beats mean a frozen or a hanging one.
 */
const SILENT = 15_000
/** It has so long to answer before its lock is taken, ms. */
const LAST_CHANCE = 5000

type Message = { readonly type: 'leads'; readonly generation: number } | { readonly type: 'leads?' }

export interface Lead {
  readonly generation: number
  /** aborts when another context has taken over, or the campaign ended */
  readonly over: AbortSignal
  /** Whether another context waits for the lead. */
  isWanted(): Promise<boolean>
}

/** The part of the Web Locks API that a campaign needs. */
export type Locks = Pick<LockManager, 'request' | 'query'>

export interface Campaign {
  readonly leads: boolean
  /** Leaves the lead, or the queue; resolves when `lead` has ended. */
  end(): Promise<void>
}

export interface CampaignOptions {
  readonly locks: Locks
  readonly storage: Storage
  readonly channel: Channel
  readonly timers: Timers
  /** Called with each lead that this context wins; the lead lasts until it settles or `over` aborts. */
  readonly lead: (lead: Lead) => Promise<void>
}

/**
 * One context of a device leads: it owns the network. The lead is a Web Lock, which the browser hands on
 * when a tab closes or crashes. A leader that hangs keeps its lock, so it also beats; after a long silence
 * and an unanswered question another context steals the lock. The old one may wake up later and run on:
 * the generation that each lead takes makes all its writes fail.
 */
export function campaign({ locks, storage, channel, timers, lead }: CampaignOptions): Campaign {
  let ended = false
  let leads = false
  let over: AbortController | undefined
  /** the latest lead */
  let running: Promise<void> = Promise.resolve()
  let queue = new AbortController()
  let stands = 0
  let stopWatch = (): void => {}

  const post = (message: Message): void => channel.post({ campaign: message })

  const isWanted = async (): Promise<boolean> => {
    const { pending = [] } = await locks.query()
    return pending.some(({ name }) => name === LOCK)
  }
  const rule = async (): Promise<void> => {
    if (ended) return
    const control = new AbortController()
    over = control
    leads = true
    stopWatch()
    let stopBeat = (): void => {}
    try {
      const generation = await takeGeneration(storage)
      const beat = (): void => {
        post({ type: 'leads', generation })
        stopBeat = timers.after(HEARTBEAT, beat)
      }
      beat()
      if (!control.signal.aborted) await lead({ generation, over: control.signal, isWanted })
    } finally {
      stopBeat()
      leads = false
      if (over === control) over = undefined
      control.abort()
    }
  }

  /** Asks for the lock; a request that a later one has replaced says no more. */
  const stand = (steal: boolean): void => {
    if (ended) return
    const mine = ++stands
    queue = new AbortController()
    const options: LockOptions = steal ? { steal: true } : { signal: queue.signal }
    const again = async (): Promise<void> => {
      if (mine !== stands) return
      // Another context has stolen the lock, or the lead came to its end.
      over?.abort()
      await running.catch(() => {})
      stand(false)
      watch(SILENT)
    }
    // After a failure (a stolen lock, a storage that is gone) not at once: it may fail again.
    void locks
      .request(LOCK, options, () => (running = rule()))
      .then(again, () => timers.after(HEARTBEAT, () => void again()))
  }

  /** Waits for a beat; then asks; then takes the lock. */
  const watch = (patience: number): void => {
    stopWatch()
    if (ended || leads) return
    stopWatch = timers.after(patience, () => {
      post({ type: 'leads?' })
      stopWatch = timers.after(LAST_CHANCE, () => {
        if (ended || leads) return
        queue.abort()
        stand(true)
      })
    })
  }

  const stopHearing = channel.listen((data) => {
    const message = (data as { campaign?: Message }).campaign
    if (message === undefined) return
    if (message.type === 'leads') watch(SILENT)
    if (message.type === 'leads?' && leads) post({ type: 'leads', generation: 0 })
  })
  stand(false)
  watch(SILENT)

  return {
    get leads() {
      return leads
    },
    async end() {
      if (ended) return
      ended = true
      stopWatch()
      stopHearing()
      queue.abort()
      over?.abort()
      await running.catch(() => {})
    },
  }
}
