import { hasCode } from '../../core/errors.ts'
import type { BackupResult } from '../../sync/backup.ts'
import { SyncError } from '../../sync/errors.ts'
import type { PeerBackup, PeerBlobs } from '../../sync/peers/model.ts'
import type { Work } from '../../sync/work.ts'
import type { CairnEvent } from '../model.ts'
import type { Network, NetworkStatus } from '../network-model.ts'
import type { CairnHost } from '../host.ts'
import { createCalls, NetworkError } from './calls.ts'
import { fence } from './fence.ts'
import type { NetworkHost } from './host.ts'
import { createLed } from './led.ts'
import { type Campaign, campaign, type Lead } from './leadership.ts'
import { copiesOf } from './copies.ts'
import { isListed } from './listed.ts'
import { OFF } from './off.ts'
import { readNetworkSettings, writeNetworkSettings } from './settings.ts'
import type { SpacesNet } from './spaces-net.ts'

/** A transfer from peers waits so long for a network that is starting, ms. */
const UP_WITHIN = 15_000
/** A network that could not be started is tried again after this pause, then twice that, up to the longest, ms. */
const PAUSE = 2000
const LONGEST_PAUSE = 60_000

/** What only the leader can answer: it has the connections. */
export type Connected = Omit<Network, 'settings' | 'setSettings' | 'listed'>

/** The network while this context leads. */
export interface Service extends Connected {
  /** a repo's head moved here, or it was deleted */
  repoChanged(did: string): void
  /** A repo may have a new head: those who follow it are told at once, with what leads to it. True when some were. */
  moved(result: BackupResult): boolean
  /** Takes a repo in from whoever keeps it. */
  fetch(did: string, work: Work): Promise<PeerBackup>
  /** Blobs that its own server did not give, from whoever keeps the repo. */
  fetchBlobs(did: string, work: Work): Promise<PeerBlobs>
  /** for group spaces */
  readonly spaces: SpacesNet
  /** web addresses besides the app's own */
  setRelays(urls: readonly string[]): void
  /** what a person has set, of the network or of anything else, may have changed */
  settingsChanged(): void
  /** someone was signed in or out */
  accountsChanged(): void
  close(): Promise<void>
}

/** What a lead runs whether or not the network is on. */
export interface Standing {
  /** what others ask of it */
  readonly api: object
  /** The network is up, until it says otherwise. */
  connected(service: Service | undefined): Promise<void>
  close(): Promise<void>
}

/** Starts the network on a storage that only this lead may write. */
export type StartService = (host: CairnHost, network: NetworkHost) => Promise<Service>

export interface NetworkParts {
  readonly host: CairnHost
  readonly network: NetworkHost
  readonly start: StartService
  /** begun with each lead, before the network is; `methods` are those of its `api` */
  readonly standing?: {
    readonly methods: readonly string[]
    begin(host: CairnHost): Promise<Standing>
  }
  readonly emit: (event: CairnEvent) => void
}

export interface RunningNetwork {
  readonly api: Network
  /** word from the rest of this context, or from another one */
  heard(event: CairnEvent): void
  /** A repo may have a new head, and what leads to it is at hand. True when others were told of it. */
  moved(result: BackupResult): boolean
  /** how to take a repo in from peers, while this context leads */
  fromPeers(): Service['fetch'] | undefined
  blobsFromPeers(): Service['fetchBlobs'] | undefined
  /** Has the lead's standing part do something, here or in the context that leads. */
  askStanding(name: string, args: readonly unknown[]): Promise<unknown>
  close(): Promise<void>
}

/** Calls that a follower passes on. */
const LED = [
  'status',
  'catchUp',
  'addRelay',
  'removeRelay',
  'namePeer',
  'copies',
  'challenge',
  'setListed',
  'keepLink',
  'keep',
  'keepAtStore',
  'keepCollection',
  'agreements',
  'offer',
  'accept',
  'endAgreement',
  'published',
  'publish',
  'endPublished',
  'findPublished',
  'consent',
  'setConsent',
] as const satisfies readonly (keyof Connected)[]

/** The `Network` of one context: it leads, or asks the one that does. */
export function createNetwork({ host, network, start, standing, emit }: NetworkParts): RunningNetwork {
  const { storage, timers } = host
  const calls = createCalls(network.channel, timers, () => network.newId())
  const service = createLed<Service>(calls, '', LED)
  const stands = createLed<Record<string, unknown>>(calls, 'standing.', standing?.methods ?? [])
  let running: Campaign | undefined
  let wake: (() => void) | undefined
  let closed = false
  /** a person has turned it off */
  let isOff = false
  /** starts of the network that failed, one after another */
  let failures = 0
  /** what the running node was started with */
  let lastNode: string | undefined

  /** The network for one set of settings, or none while it is off, until `end`. */
  const serve = async (
    fenced: CairnHost,
    end: Promise<void>,
    beside: Standing | undefined,
  ): Promise<void> => {
    if (isOff) return end
    const mine = await start(fenced, network)
    service.up(mine)
    calls.ready()
    emit({ type: 'network' })
    try {
      await beside?.connected(mine)
      failures = 0
      await end
    } finally {
      service.down()
      await beside?.connected(undefined)
      await mine.close()
      emit({ type: 'network' })
    }
  }
  /** One turn of `serve`. What stands beside the network stays as it is while that cannot be started. */
  const turn = async (
    fenced: CairnHost,
    { over, isWanted }: Lead,
    beside: Standing | undefined,
  ): Promise<void> => {
    const end = Promise.withResolvers<void>()
    // Before the start, which reads the settings: a change that comes while it starts is not missed.
    wake = end.resolve
    over.addEventListener('abort', () => end.resolve())
    if (over.aborted) end.resolve()
    try {
      await serve(fenced, end.promise, beside)
    } catch (error) {
      // Another context leads by now.
      if (hasCode(error, 'storage.conflict')) throw error
      const stop = timers.after(Math.min(LONGEST_PAUSE, PAUSE * 2 ** failures++), end.resolve)
      await end.promise
      stop()
      // It may be this context that cannot: with an older version's files, say.
      if (!over.aborted && (await isWanted())) throw error
    }
  }
  const lead = async (won: Lead): Promise<void> => {
    const { generation, over } = won
    const fenced = { ...host, storage: fence(storage, generation) }
    const beside = await standing?.begin(fenced)
    if (beside !== undefined) {
      // the methods that were named with it are those of its interface
      stands.up(beside.api as Record<string, unknown>)
      calls.ready()
    }
    try {
      while (!over.aborted) await turn(fenced, won, beside)
    } finally {
      stands.down()
      await beside?.close()
    }
  }

  const apply = async (): Promise<void> => {
    const { enabled, relays, relayOnly, stun } = await readNetworkSettings(storage)
    if (closed) return
    isOff = !enabled
    const node = JSON.stringify([enabled, relayOnly, stun])
    const sameNode = node === lastNode
    lastNode = node
    if (running === undefined) {
      if (enabled || standing !== undefined)
        running = campaign({ locks: network.locks, storage, channel: network.channel, timers, lead })
    } else if (!enabled && standing === undefined) {
      const old = running
      running = undefined
      await old.end()
    } else if (!sameNode) wake?.()
    else {
      service.current?.setRelays(relays)
      service.current?.settingsChanged()
    }
  }
  // A storage that is gone says so to whoever uses it next.
  const quietly = (work: Promise<void>): void => void work.catch(() => {})

  // Those that follow leave it to the one that leads.
  const stopAnswering = calls.answer((name, args) => stands.answer(name, args) ?? service.answer(name, args))

  /** The service, which may be starting: for the first time, or anew with other settings. */
  const up = async (did: string, { signal }: Work): Promise<Service> => {
    if (service.current !== undefined) return service.current
    const late = Promise.withResolvers<never>()
    const stop = timers.after(UP_WITHIN, () => late.reject(new SyncError('sync.no-copy', { did, asked: 0 })))
    const onAbort = (): void => late.reject(new SyncError('sync.cancelled'))
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([service.here, late.promise])
    } finally {
      stop()
      signal.removeEventListener('abort', onAbort)
    }
  }

  const ask = async (name: keyof Connected, args: readonly unknown[]): Promise<unknown> => {
    if (service.current === undefined) {
      await begun
      if (isOff) throw new NetworkError('network.off')
    }
    return service.ask(name, args)
  }

  // the compiler holds `LED` to be every method; each is passed on with its own arguments and result
  const led = Object.fromEntries(
    LED.map((name) => [name, (...args: unknown[]) => ask(name, args)]),
  ) as unknown as Connected

  const api: Network = {
    ...led,
    async status(): Promise<NetworkStatus> {
      const { enabled } = await readNetworkSettings(storage)
      if (!enabled) return { ...OFF, background: network.background }
      if (service.current !== undefined) return service.current.status()
      try {
        return { ...(await led.status()), role: 'follower' }
      } catch (error) {
        if (!hasCode(error, 'network.no-leader')) throw error
        return { ...OFF, role: 'follower', background: network.background }
      }
    },
    settings: () => readNetworkSettings(storage),
    async setSettings(change) {
      const next = await writeNetworkSettings(storage, change)
      emit({ type: 'settings' })
      emit({ type: 'network' })
      await apply()
      return next
    },
    listed: (did) => isListed(storage, did),
    // Without a leader there is still what was known of them.
    async copies(did, options) {
      await begun
      if (!isOff) return led.copies(did, options)
      return (await copiesOf(storage, did, '', () => false)).map(({ copy }) => copy)
    },
  }
  /** until then nobody knows whether it is off */
  const begun = apply().catch(() => {})
  const leads = (): boolean => running?.leads === true && !isOff

  return {
    api,
    heard(event) {
      if (event.type === 'settings') quietly(apply())
      if (event.type === 'repo') service.current?.repoChanged(event.did)
      if (event.type === 'accounts') service.current?.accountsChanged()
    },
    moved: (result) => service.current?.moved(result) ?? false,
    fromPeers: () => (leads() ? async (did, work) => (await up(did, work)).fetch(did, work) : undefined),
    blobsFromPeers: () =>
      leads() ? async (did, work) => (await up(did, work)).fetchBlobs(did, work) : undefined,
    askStanding: (name, args) => stands.ask(name, args),
    async close() {
      closed = true
      stopAnswering()
      await running?.end()
      calls.close()
    },
  }
}
