import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { toHex } from '../../core/bytes.ts'
import { createDirectory } from '../../net/directory/client.ts'
import { loadTransportKey } from '../../net/identity/transport-key.ts'
import type { Peer } from '../../net/networker/model.ts'
import { createNetworker } from '../../net/networker/networker.ts'
import { fetchRelayInfo } from '../../net/node/relay-info.ts'
import { repoTopic, type Topic } from '../../net/topics.ts'
import { createAgreements } from '../../sync/agreements/agreements.ts'
import type { KeptAgreement } from '../../sync/agreements/model.ts'
import { challengePeer } from '../../sync/challenge/challenge.ts'
import { CHALLENGE_PROTOCOL } from '../../sync/challenge/protocol.ts'
import { serveChallenge } from '../../sync/challenge/serve.ts'
import { fraction } from '../../sync/host.ts'
import { headOf } from '../../sync/kept.ts'
import { PAGES_PROTOCOL } from '../../sync/pages/protocol.ts'
import { servePages } from '../../sync/pages/serve.ts'
import { createPeerCalls } from '../../sync/peers/calls.ts'
import { copyRows, noteCopy } from '../../sync/peers/copy-rows.ts'
import { type Candidate, createPeerEngine } from '../../sync/peers/engine.ts'
import { createNotices } from '../../sync/peers/notices.ts'
import { REPO_SYNC_PROTOCOL } from '../../sync/repo-sync/protocol.ts'
import { serveRepoSync } from '../../sync/repo-sync/serve.ts'
import { createStoreClient } from '../../sync/store/client.ts'
import type { Library } from '../api.ts'
import type { CairnHost } from '../host.ts'
import type { Jobs } from '../jobs.ts'
import type { CairnEvent } from '../model.ts'
import { readSettings } from '../settings.ts'
import type { Tasks } from '../tasks.ts'
import type { Agreement } from '../network-model.ts'
import { copiesOf, namePeer, peerName } from './copies.ts'
import { type Service, unlistedKey } from './create.ts'
import type { NetworkHost } from './host.ts'
import { readKeepLink, writeKeepLink } from './keep-link.ts'
import { createRelays } from './relays.ts'
import { bytesOf, counterOf, rowsOf } from './rows.ts'
import { readNetworkSettings, writeNetworkSettings } from './settings.ts'
import { createTransfers } from './transfers.ts'
import { statusOf } from './status.ts'

export interface ServiceParts {
  /** its storage may be written by this lead only */
  readonly host: CairnHost
  readonly network: NetworkHost
  readonly emit: (event: CairnEvent) => void
  readonly jobs: Jobs
  readonly tasks: Tasks
  readonly library: Library
}

/** How often copies of friends are asked anew while nothing changes, ms. */
const ROUND = 10 * 60_000

/**
 * Runs the network of the leading context: relays, directory, networker; serves what is kept here, and pulls
 * what is newer elsewhere.
 */
export async function startService(parts: ServiceParts): Promise<Service> {
  const { host, network, emit, jobs, tasks, library } = parts
  const { storage, timers, clock } = host
  const settings = await readNetworkSettings(storage)
  const { endpoints } = await readSettings(storage)
  const key = await loadTransportKey(bytesOf(storage, `key/${network.context}`))
  const node = await network.startNode({
    key: privateKeyToProtobuf(key),
    relayOnly: settings.relayOnly,
    stun: settings.stun,
    allowLocal: endpoints.allowLocal || isLocal(network.app),
  })
  const { net } = node
  const over = new AbortController()
  const transfers = createTransfers(clock, jobs)
  const news = (): void => emit({ type: 'network' })
  const endpointsNow = async () => (await readSettings(storage)).endpoints

  const relays = createRelays({
    app: network.app,
    node,
    async describe(url) {
      const { peerId, multiaddrs, store, shareable } = await fetchRelayInfo(host.fetch, url)
      return { peerId, multiaddrs, store: store !== null, shareable }
    },
    timers,
    clock,
    onChange() {
      news()
      directory.setRelays(connectedRelays())
      meetStores()
    },
  })
  const connectedRelays = (): string[] =>
    relays.status().flatMap((it) => (it.state === 'connected' && it.peer !== undefined ? [it.peer] : []))
  const isStore = (peer: string): boolean => relays.facts().some((it) => it.peerId === peer && it.store)
  const candidateOf = (peer: string, addresses: readonly string[] = []): Candidate => ({
    peer,
    addresses,
    kind: isStore(peer) ? 'store' : 'device',
  })

  const directory = createDirectory({
    net,
    key,
    timers,
    clock,
    random: fraction(host),
    sequence: counterOf(storage, 'sequence'),
  })

  const listed = async (did: string): Promise<boolean> =>
    (await storage.get('network', unlistedKey(did))) === undefined
  /** A public repo is for everyone who may connect; an unlisted copy only for those we have an agreement with. */
  const mayRead = async (peer: string, did: string): Promise<boolean> =>
    (await listed(did)) || (await isAgreed(peer, did))

  const isAgreed = async (peer: string, did: string): Promise<boolean> =>
    (await agreements.list()).some(
      (it) => it.peer === peer && it.state === 'active' && (it.ours === did || it.theirs === did),
    )

  const engine = createPeerEngine({
    host,
    calls: createPeerCalls({
      host,
      endpoints: endpointsNow,
      net,
      lookup: async (did, signal) =>
        (await directory.lookup(repoTopic(did).id, { signal })).map((it) =>
          candidateOf(it.peer, it.addresses),
        ),
    }),
    runPull: (did, run) => tasks.peers(did, run),
    onCopies: (did) => emit({ type: 'copies', did }),
  })

  const notices = createNotices({
    net,
    host: { timers, clock, random: host.random },
    mayRead,
    onNews: (peer, did) => quietly(engine.meet(candidateOf(peer), [did])),
  })

  /** peers that a link named, to be asked for a repo that no directory knows yet */
  const hints = new Map<string, Candidate[]>()

  /** the repos that topics stand for */
  const didOf = new Map<string, string>()
  const replicate = async (peer: Peer, topics: readonly Topic[], signal: AbortSignal): Promise<void> => {
    const dids = topics.flatMap((topic) => didOf.get(toHex(topic.id)) ?? [])
    news()
    await agreements.deliver(peer.id)
    await engine.meet(candidateOf(peer.id), dids)
    notices.follow(peer.id, dids, signal)
  }
  const networker = createNetworker({
    net,
    directory,
    replicate,
    mayShare: () => true,
    store: rowsOf(storage, 'networker'),
    timers,
    clock,
    random: host.random,
  })
  for (const event of ['peer-add', 'peer-remove'] as const) networker.addEventListener(event, news)

  const agreements = createAgreements({
    storage,
    net,
    clock,
    timers,
    random: host.random,
    onChange: () => emit({ type: 'agreements' }),
    async onPurge({ did }) {
      await library.deleteRepo(did)
      return true
    },
  })

  const stops = [
    net.handle(PAGES_PROTOCOL, servePages({ storage, timers, mayRead })),
    net.handle(REPO_SYNC_PROTOCOL, serveRepoSync({ storage, timers, mayRead, onSent: transfers.sent })),
    net.handle(
      CHALLENGE_PROTOCOL,
      serveChallenge({ self: net.self, storage, timers, sha256: host.sha256, mayRead }),
    ),
    agreements.handle(),
    net.onChange(news),
  ]

  /** Finds others who keep a repo, and is found for it unless the copy is unlisted. */
  const join = async (did: string): Promise<void> => {
    const topic = repoTopic(did)
    didOf.set(toHex(topic.id), did)
    await networker.configure(topic, { announce: await listed(did), lookup: true, flush: false })
  }
  const leave = async (did: string): Promise<void> => {
    const topic = repoTopic(did)
    didOf.delete(toHex(topic.id))
    await networker.configure(topic, { announce: false, lookup: false })
  }

  /** A store is no member of topics: it is asked when it comes within reach, and now and then. */
  const met = new Map<string, number>()
  const meetStores = (): void => {
    for (const peer of connectedRelays().filter(isStore)) {
      if (clock.now() - (met.get(peer) ?? -ROUND) < ROUND) continue
      met.set(peer, clock.now())
      quietly(engine.meet(candidateOf(peer), [...didOf.values()]))
      notices.follow(peer, [...didOf.values()], over.signal)
    }
  }
  /** Tells the stores that keep a repo that it has changed here; where its server is silent, they ask us for it. */
  const tellStores = async (did: string): Promise<void> => {
    for (const row of await copyRows(storage, did)) {
      if (row.kind !== 'store' || !connectedRelays().includes(row.peer)) continue
      await createStoreClient(net, timers, row.peer).keep(did, { signal: over.signal })
      await engine.meet(candidateOf(row.peer), [did])
    }
  }
  const quietly = (work: Promise<unknown>): void => void work.catch(() => {})

  relays.set(settings.relays)
  await networker.listen()
  for (const did of await storage.keys('repos')) quietly(join(did))

  const heads = new Map<string, string | undefined>()
  const repoChanged = async (did: string): Promise<void> => {
    const kept = (await storage.get('repos', did)) !== undefined
    const topic = toHex(repoTopic(did).id)
    if (!kept) return didOf.has(topic) ? leave(did) : undefined
    if (!didOf.has(topic)) await join(did)
    const rev = (await headOf(storage, did))?.rev
    if (rev === undefined || heads.get(did) === rev) return
    heads.set(did, rev)
    notices.publish(did, rev)
    await tellStores(did)
  }
  let stopRounds = (): void => {}
  const round = (): void => {
    stopRounds = timers.after(ROUND, () => {
      meetStores()
      for (const peer of networker.peers)
        quietly(
          engine.meet(
            candidateOf(peer.id),
            peer.topics.flatMap((topic) => didOf.get(toHex(topic.id)) ?? []),
          ),
        )
      round()
    })
  }
  round()

  const copies: Service['copies'] = async (did, { fresh = false } = {}) => {
    if (fresh) await engine.look(did).catch(() => {})
    const online = new Set([...networker.peers].map((it) => it.id).concat(connectedRelays()))
    return copiesOf(storage, did, net.self, (peer) => online.has(peer))
  }

  const named = async (agreement: KeptAgreement): Promise<Agreement> => ({
    ...agreement,
    name: await peerName(storage, agreement.peer),
  })
  /** Told at once where the other side is there; else it waits. */
  const tell = async (agreement: KeptAgreement): Promise<KeptAgreement> => {
    await agreements.deliver(agreement.peer)
    return (await agreements.list()).find((it) => it.id === agreement.id) ?? agreement
  }

  return {
    status: () =>
      statusOf({
        storage,
        network,
        node,
        relays,
        networker,
        transfers,
        relayOnly: settings.relayOnly,
        didOf,
      }),
    setRelays: (urls) => relays.set(urls),
    async catchUp() {
      const dids = [...didOf.values()]
      const own = dids.map((did) => tasks.backup(did))
      await relays.reached()
      met.clear()
      meetStores()
      await Promise.allSettled(dids.map((did) => engine.look(did)))
      await engine.idle()
      await jobs.ended(own.map((it) => it.id))
    },
    async addRelay(url) {
      const facts = await fetchRelayInfo(host.fetch, url)
      const before = await readNetworkSettings(storage)
      const next = await writeNetworkSettings(storage, { relays: [...before.relays, url] })
      relays.set(next.relays)
      emit({ type: 'settings' })
      const added = next.relays.at(-1) ?? url
      await relays.ask(added)
      return relays.status().find((it) => it.peer === facts.peerId) ?? relays.ask(added)
    },
    async removeRelay(url) {
      const { relays: before } = await readNetworkSettings(storage)
      const next = await writeNetworkSettings(storage, { relays: before.filter((it) => it !== url) })
      relays.set(next.relays)
      emit({ type: 'settings' })
    },
    async namePeer(peer, name) {
      await namePeer(storage, peer, name)
      news()
    },
    copies,
    async challenge(did, peer) {
      const at = clock.now()
      try {
        const { ms } = await challengePeer(host, net, { did, peer, signal: over.signal })
        await noteCopy(storage, did, peer, { challenge: { at, ok: true, ms }, answeredAt: clock.now() })
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'app.unexpected'
        await noteCopy(storage, did, peer, { challenge: { at, ok: false, code } })
        if (!code.startsWith('sync.')) throw error
      } finally {
        emit({ type: 'copies', did })
      }
      const copy = (await copies(did)).find((it) => it.peer === peer)
      if (copy === undefined) throw new RangeError('a copy that was challenged is listed')
      return copy
    },
    async setListed(did, wanted) {
      const key = unlistedKey(did)
      await storage.write([
        wanted
          ? { type: 'delete', table: 'network', key }
          : { type: 'put', table: 'network', key, value: true },
      ])
      await join(did)
      emit({ type: 'copies', did })
    },
    async keepLink(did) {
      return writeKeepLink(network.app, {
        did,
        relays: relays.facts().flatMap((it) => (it.shareable ? [it.url] : [])),
        peers: [net.self],
      })
    },
    async keep(input) {
      const link = readKeepLink(input)
      if (link === undefined) return { job: tasks.backup(input).id, did: undefined }
      const before = await readNetworkSettings(storage)
      const next = await writeNetworkSettings(storage, { relays: [...before.relays, ...link.relays] })
      relays.set(next.relays)
      for (const peer of link.peers) hints.set(link.did, [...(hints.get(link.did) ?? []), candidateOf(peer)])
      return { job: tasks.backup(link.did).id, did: link.did }
    },
    async keepAtStore(did, relay) {
      const facts = relays.facts().find((it) => it.url === relay)
      if (facts === undefined) await relays.ask(relay)
      const peer = facts?.peerId ?? ''
      const state = await createStoreClient(net, timers, peer).keep(did, {
        relays: relays.facts().map((it) => it.url),
      })
      await noteCopy(storage, did, peer, {
        kind: 'store',
        rev: state.rev,
        commit: state.commit,
        answeredAt: clock.now(),
      })
      emit({ type: 'copies', did })
    },
    agreements: async () => Promise.all((await agreements.list()).map(named)),
    offer: async (input) => named(await tell(await agreements.offer(input))),
    accept: async (id) => named(await tell(await agreements.accept(id))),
    async endAgreement(id, purge) {
      await tell(await agreements.end(id, purge))
    },
    fetch: (did, work) => engine.fetch(did, work, hints.get(did)),
    repoChanged: (did) => quietly(repoChanged(did)),
    settled: () => engine.idle(),
    async close() {
      over.abort()
      stopRounds()
      for (const stop of stops) stop()
      await Promise.all([engine.close(), notices.close(), networker.close()])
      relays.close()
      await directory.close()
      await node.stop()
    },
  }
}

/** Pages from this machine may use relays on it. */
function isLocal(app: string): boolean {
  const { hostname } = new URL(app)
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
}
