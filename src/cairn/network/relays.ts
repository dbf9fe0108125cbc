import { CairnError } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { Timers } from '../../core/timers.ts'
import type { RelayStatus } from '../network-model.ts'
import type { NodeHandle, RelayAddress, RelayLink } from './host.ts'

/** What a relay says of itself at `{url}/relay.json`. */
export interface RelayFacts extends RelayAddress {
  readonly store: boolean
  /** false: its address opens for nobody but this machine */
  readonly shareable: boolean
}

/** A description is asked for again after a failure, doubled each time, ms. */
const FIRST_PAUSE = 2000
const LONGEST_PAUSE = 60_000
/** And now and then while all is well: a relay that was replaced has another key, ms. */
const REFRESH = 5 * 60_000
/** While the node has no connection to it, its description may be an old one, ms. */
const DOUBT = 5000

interface Entry {
  readonly url: string
  facts: RelayFacts | undefined
  error: RelayStatus['error']
  failures: number
  nextTryAt: number | undefined
  stop: () => void
  asking: Promise<void> | undefined
}

export interface RelaysOptions {
  readonly app: string
  readonly node: Pick<NodeHandle, 'setRelays' | 'relays' | 'onRelays'>
  readonly describe: (url: string) => Promise<RelayFacts>
  readonly timers: Timers
  readonly clock: Clock
  readonly onChange: () => void
}

export interface Relays {
  /** The relays to be connected to, by web address; the app's own server is always among them. */
  set(urls: readonly string[]): void
  /** Asks for a description now, and rejects with the reason when there is none. */
  ask(url: string): Promise<RelayStatus>
  status(): readonly RelayStatus[]
  /** Resolves when each relay was reached, or has failed once from now on. */
  reached(): Promise<void>
  facts(): readonly (RelayFacts & { readonly url: string })[]
  close(): void
}

/** Turns web addresses of relays into connections, and keeps at it while they are out of reach or replaced. */
export function createRelays(options: RelaysOptions): Relays {
  const { app, node, describe, timers, clock, onChange } = options
  const own = new URL('/', app).href
  const entries = new Map<string, Entry>()
  let links = new Map<string, RelayLink>()
  let closed = false
  let changed = Promise.withResolvers<void>()
  const tell = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
    onChange()
  }

  const tellNode = async (): Promise<void> => {
    await node.setRelays([...entries.values()].flatMap((it) => it.facts ?? []))
    await learnLinks()
  }
  const learnLinks = async (): Promise<void> => {
    if (closed) return
    links = new Map((await node.relays()).map((it) => [it.peerId, it]))
    for (const entry of entries.values()) {
      const lost = entry.facts !== undefined && links.get(entry.facts.peerId)?.state === 'unreachable'
      // It may have been replaced: the same address, another key.
      if (lost && (entry.nextTryAt ?? Infinity) > clock.now() + DOUBT) schedule(entry, DOUBT)
    }
    tell()
  }
  /** The node may have been stopped; then there is nobody to tell. */
  const quietly = (work: Promise<void>): void => void work.catch(() => {})

  const schedule = (entry: Entry, ms: number): void => {
    entry.stop()
    entry.nextTryAt = clock.now() + ms
    entry.stop = timers.after(ms, () => quietly(ask(entry)))
  }
  const askOnce = async (entry: Entry): Promise<void> => {
    try {
      const facts = await describe(entry.url)
      if (closed || entries.get(entry.url) !== entry) return
      const changed = JSON.stringify(facts) !== JSON.stringify(entry.facts)
      entry.facts = facts
      entry.error = undefined
      entry.failures = 0
      schedule(entry, REFRESH)
      if (changed) await tellNode()
    } catch (error) {
      if (closed || entries.get(entry.url) !== entry) return
      entry.error =
        error instanceof CairnError
          ? { code: error.code, fields: error.fields }
          : { code: 'app.unexpected', fields: {} }
      entry.failures++
      schedule(entry, Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (entry.failures - 1)))
      tell()
      throw error
    } finally {
      entry.asking = undefined
    }
  }
  const ask = (entry: Entry): Promise<void> => (entry.asking ??= askOnce(entry))

  const stopLinks = node.onRelays(() => quietly(learnLinks()))

  const statusOf = (entry: Entry): RelayStatus => {
    const link = entry.facts === undefined ? undefined : links.get(entry.facts.peerId)
    const state =
      link?.state ?? (entry.error === undefined || entry.facts !== undefined ? 'connecting' : 'unreachable')
    return {
      url: entry.url,
      state: entry.error?.code === 'net.relay-invalid' ? 'refused' : state,
      peer: entry.facts?.peerId,
      latency: link?.latency,
      store: entry.facts?.store ?? false,
      own: entry.url === own,
      since: link?.since,
      nextTryAt: state === 'connected' ? undefined : (link?.nextTryAt ?? entry.nextTryAt),
      error: link?.error ?? entry.error,
    }
  }

  return {
    set(urls) {
      const wanted = new Set([own, ...urls])
      for (const [url, entry] of entries) {
        if (wanted.has(url)) continue
        entry.stop()
        entries.delete(url)
      }
      for (const url of wanted) {
        if (entries.has(url)) continue
        const entry: Entry = {
          url,
          facts: undefined,
          error: undefined,
          failures: 0,
          nextTryAt: undefined,
          stop: () => {},
          asking: undefined,
        }
        entries.set(url, entry)
        quietly(ask(entry))
      }
      quietly(tellNode())
    },
    async ask(url) {
      const entry = entries.get(url)
      if (entry === undefined) throw new CairnError('net.relay-invalid', { url, reason: 'unknown' })
      await ask(entry)
      return statusOf(entry)
    },
    status: () => [...entries.values()].map(statusOf),
    async reached() {
      const tries = (entry: Entry): boolean =>
        entries.get(entry.url) === entry && statusOf(entry).state === 'connecting'
      // Each for itself: of several that are out of reach one or another always tries again.
      let waits = [...entries.values()]
      while (!closed && (waits = waits.filter(tries)).length > 0) await changed.promise
    },
    facts: () =>
      [...entries.values()].flatMap((it) => (it.facts === undefined ? [] : [{ ...it.facts, url: it.url }])),
    close() {
      closed = true
      changed.resolve()
      stopLinks()
      for (const entry of entries.values()) entry.stop()
    },
  }
}
