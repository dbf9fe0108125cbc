import { hasCode } from '../../core/errors.ts'
import { SyncError } from '../../sync/errors.ts'
import type { PeerBackup, PeerBlobs } from '../../sync/peers/model.ts'
import type { Work } from '../../sync/work.ts'
import type { CairnEvent } from '../model.ts'
import type { Network, NetworkStatus } from '../network-model.ts'
import type { CairnHost } from '../host.ts'
import { createCalls, NetworkError } from './calls.ts'
import { fence } from './fence.ts'
import type { NetworkHost } from './host.ts'
import { type Campaign, campaign, type Lead } from './leadership.ts'
import { copiesOf } from './copies.ts'
import { isListed } from './listed.ts'
import { OFF } from './off.ts'
import { readNetworkSettings, writeNetworkSettings } from './settings.ts'

/** A transfer from peers waits so long for a network that is starting, ms. */
const UP_WITHIN = 15_000

/** What only the leader can answer: it has the connections. */
export type Led = Omit<Network, 'settings' | 'setSettings' | 'listed'>

/** The network while this context leads. */
export interface Service extends Led {
  /** a repo's head moved here, or it was deleted */
  repoChanged(did: string): void
  /** Takes a repo in from whoever keeps it. */
  fetch(did: string, work: Work): Promise<PeerBackup>
  /** Blobs that its own server did not give, from whoever keeps the repo. */
  fetchBlobs(did: string, work: Work): Promise<PeerBlobs>
  /** web addresses besides the app's own */
  setRelays(urls: readonly string[]): void
  close(): Promise<void>
}

/** Starts the network on a storage that only this lead may write. */
export type StartService = (host: CairnHost, network: NetworkHost) => Promise<Service>

export interface NetworkParts {
  readonly host: CairnHost
  readonly network: NetworkHost
  readonly start: StartService
  readonly emit: (event: CairnEvent) => void
}

export interface RunningNetwork {
  readonly api: Network
  /** word from the rest of this context, or from another one */
  heard(event: CairnEvent): void
  /** how to take a repo in from peers, while this context leads */
  fromPeers(): Service['fetch'] | undefined
  blobsFromPeers(): Service['fetchBlobs'] | undefined
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
] as const satisfies readonly (keyof Led)[]

/** The `Network` of one context: it leads, or asks the one that does. */
export function createNetwork({ host, network, start, emit }: NetworkParts): RunningNetwork {
  const { storage, timers } = host
  const calls = createCalls(network.channel, timers, () => network.newId())
  let service: Service | undefined
  let told = Promise.withResolvers<Service>()
  let running: Campaign | undefined
  let restart: (() => void) | undefined
  let closed = false
  /** a person has turned it off */
  let isOff = false
  /** what the running node was started with */
  let lastNode: string | undefined

  const serve = async (host: CairnHost, over: AbortSignal): Promise<void> => {
    const end = Promise.withResolvers<void>()
    // Before the start, which reads the settings: a change that comes while it starts is not missed.
    restart = end.resolve
    over.addEventListener('abort', () => end.resolve())
    if (over.aborted) end.resolve()
    const mine = await start(host, network)
    service = mine
    told.resolve(mine)
    calls.ready()
    emit({ type: 'network' })
    try {
      await end.promise
    } finally {
      service = undefined
      told = Promise.withResolvers()
      await mine.close()
      emit({ type: 'network' })
    }
  }
  const lead = async ({ generation, over }: Lead): Promise<void> => {
    const fenced = { ...host, storage: fence(storage, generation) }
    // Once for each set of settings.
    while (!over.aborted) await serve(fenced, over)
  }

  const apply = async (): Promise<void> => {
    const { enabled, relays, relayOnly, stun } = await readNetworkSettings(storage)
    if (closed) return
    isOff = !enabled
    const node = JSON.stringify([relayOnly, stun])
    const sameNode = node === lastNode
    lastNode = node
    if (enabled && running === undefined) {
      running = campaign({ locks: network.locks, storage, channel: network.channel, timers, lead })
    } else if (!enabled && running !== undefined) {
      const old = running
      running = undefined
      await old.end()
    } else if (!sameNode) restart?.()
    else service?.setRelays(relays)
  }
  // A storage that is gone says so to whoever uses it next.
  const quietly = (work: Promise<void>): void => void work.catch(() => {})

  // Those that follow leave it to the one that leads.
  const stopAnswering = calls.answer((name, args) =>
    service === undefined ? undefined : callLed(service, name, args),
  )

  /** The service, which may be starting: for the first time, or anew with other settings. */
  const up = async (did: string, { signal }: Work): Promise<Service> => {
    if (service !== undefined) return service
    const late = Promise.withResolvers<never>()
    const stop = timers.after(UP_WITHIN, () => late.reject(new SyncError('sync.no-copy', { did, asked: 0 })))
    const onAbort = (): void => late.reject(new SyncError('sync.cancelled'))
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([told.promise, late.promise])
    } finally {
      stop()
      signal.removeEventListener('abort', onAbort)
    }
  }

  const ask = async (name: keyof Led, args: readonly unknown[]): Promise<unknown> => {
    if (service !== undefined) return callLed(service, name, args)
    await begun
    if (isOff) throw new NetworkError('network.off')
    // Whoever leads answers; it may be this context itself, as soon as it has started.
    let isOver = false
    const elsewhere = calls.ask(name, args).finally(() => (isOver = true))
    // What another has done is not done again by a context that takes the lead later.
    const here = told.promise.then((mine) => (isOver ? elsewhere : callLed(mine, name, args)))
    const asked = elsewhere.catch((error: unknown) => {
      // Nobody else leads, since this one does: then what it is doing counts.
      if (service !== undefined && hasCode(error, 'network.no-leader')) return here
      throw error
    })
    return Promise.race([asked, here])
  }

  // the compiler holds `LED` to be every method; each is passed on with its own arguments and result
  const led = Object.fromEntries(
    LED.map((name) => [name, (...args: unknown[]) => ask(name, args)]),
  ) as unknown as Led

  const api: Network = {
    ...led,
    async status(): Promise<NetworkStatus> {
      const { enabled } = await readNetworkSettings(storage)
      if (!enabled) return { ...OFF, background: network.background }
      if (service !== undefined) return service.status()
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

  return {
    api,
    heard(event) {
      if (event.type === 'settings') quietly(apply())
      if (event.type === 'repo') service?.repoChanged(event.did)
    },
    fromPeers: () =>
      running?.leads === true ? async (did, work) => (await up(did, work)).fetch(did, work) : undefined,
    blobsFromPeers: () =>
      running?.leads === true ? async (did, work) => (await up(did, work)).fetchBlobs(did, work) : undefined,
    async close() {
      closed = true
      stopAnswering()
      await running?.end()
      calls.close()
    },
  }
}

function callLed(service: Service, name: string, args: readonly unknown[]): Promise<unknown> {
  const known = LED.find((it) => it === name)
  if (known === undefined) throw new NetworkError('network.no-leader', { name })
  return Reflect.apply(service[known], service, args) as Promise<unknown>
}
