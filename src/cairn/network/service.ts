import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { createDirectory } from '../../net/directory/client.ts'
import { loadTransportKey } from '../../net/identity/transport-key.ts'
import { createNetworker } from '../../net/networker/networker.ts'
import { repoTopic } from '../../net/topics.ts'
import { createAgreements } from '../../sync/agreements/agreements.ts'
import { createDevices } from '../../sync/devices/devices.ts'
import { fraction } from '../../sync/host.ts'
import { createHeadComparison } from '../../sync/digests/asking.ts'
import { createIdentities } from '../../sync/follow/identities.ts'
import { createPackDesks } from '../../sync/peers/pack-desks.ts'
import { createPeerCalls } from '../../sync/peers/calls.ts'
import { type Candidate, createPeerEngine } from '../../sync/peers/engine.ts'
import { createNotices } from '../../sync/peers/notices.ts'
import { createLive } from '../live/live.ts'
import { createPublishing, thisDevice } from '../live/publishing.ts'
import { readSettings } from '../settings.ts'
import { agreementActions, isKeptFor, keepAllTheirs, keepTheirs } from './agreement-actions.ts'
import { createAgreementNotes } from './agreement-notes.ts'
import { collectionActions } from './collection-actions.ts'
import { copyActions, takeUpLink } from './copy-actions.ts'
import type { Service } from './create.ts'
import { describeRelay } from './describe-relay.ts'
import { findingNet } from './finding.ts'
import { createFollowing, type Following, replicator } from './following.ts'
import type { NodeHandle } from './host.ts'
import { keepTold } from './keep-told.ts'
import { isListed } from './listed.ts'
import { isLocalApp } from './local-app.ts'
import { quietly, type Running, type ServiceParts } from './parts.ts'
import { addRelays, relayActions } from './relay-actions.ts'
import { createRelays } from './relays.ts'
import { bytesOf, counterOf, rowsOf } from './rows.ts'
import { readNetworkSettings } from './settings.ts'
import { createServing } from './serving.ts'
import { createSpacesNet } from './spaces-net.ts'
import { statusOf } from './status.ts'
import { createTransfers } from './transfers.ts'

/**
 * Runs the network of the leading context: relays, directory, networker; serves what is kept here, and pulls
 * what is newer elsewhere.
 */
export async function startService(parts: ServiceParts): Promise<Service> {
  const { host, network, emit, jobs, tasks, library } = parts
  const { storage, timers, clock } = host
  const [settings, { endpoints }] = await Promise.all([readNetworkSettings(storage), readSettings(storage)])
  const key = await loadTransportKey(bytesOf(storage, `key/${network.context}`))
  const started = await network.startNode({
    key: privateKeyToProtobuf(key),
    relayOnly: settings.relayOnly,
    stun: settings.stun,
    allowLocal: endpoints.allowLocal || isLocalApp(network.app),
  })
  const net = findingNet(started.net, (peer) => addressesOf(peer))
  const node: NodeHandle = { ...started, net }
  const over = new AbortController()
  const transfers = createTransfers(clock, jobs)
  const news = (): void => emit({ type: 'network' })

  const relays = createRelays({
    app: network.app,
    node,
    describe: (url) => describeRelay(host, url),
    timers,
    clock,
    onChange() {
      news()
      directory.setRelays(connectedRelays())
      following.meetStores()
      spaces.sync.storesChanged()
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
  const connectedStores = (): string[] => connectedRelays().filter(isStore)

  const directory = createDirectory({
    net,
    key,
    timers,
    clock,
    random: fraction(host),
    sequence: counterOf(storage, 'sequence'),
  })
  /** Where it says that it is; else through the relays that it may share with us. */
  const addressesOf = async (peer: string): Promise<string[]> => {
    const found = await directory.find(peer, { signal: over.signal }).catch(() => undefined)
    if (found !== undefined) return [...found.addresses]
    const reached = new Set(connectedRelays())
    return relays
      .facts()
      .flatMap((it) => (reached.has(it.peerId) ? it.multiaddrs : []))
      .map((address) => `${address}/p2p-circuit/p2p/${peer}`)
  }
  const noteAgreement = createAgreementNotes(parts.log, clock)
  const agreements = createAgreements({
    storage,
    net,
    clock,
    timers,
    random: host.random,
    onChange(agreement, before) {
      emit({ type: 'agreements' })
      quietly(noteAgreement(agreement, before))
      quietly(keepTheirs(parts, agreement))
      quietly(following.agreed(agreement, before))
      // Its other contexts are known by the device later, whether or not it is there then.
      if (agreement.state === 'active') quietly(devices.isOfDevice(agreement.peer, agreement.peer))
    },
    async onPurge({ did }) {
      if (!(await isKeptFor(storage, did)) || (await publishing.keeps(did))) return false
      await library.deleteRepo(did)
      return true
    },
  })
  /** With a peer, and so with its device: a page and a service worker are two peers. */
  const isAgreed = async (peer: string, did: string): Promise<boolean> => {
    const about = (await agreements.list()).filter(
      (it) => it.state === 'active' && (it.ours === did || it.theirs === did),
    )
    if (about.some((it) => it.peer === peer) || (await publishing.isWith(peer, did))) return true
    const others = [...new Set(about.map((it) => it.peer))]
    return (await Promise.all(others.map((it) => devices.isOfDevice(peer, it)))).includes(true)
  }
  /** A public repo is for everyone who may connect; an unlisted copy only for those with whom it was agreed. */
  const mayRead = async (peer: string, did: string): Promise<boolean> =>
    (await isListed(storage, did)) || (await isAgreed(peer, did))

  const storeUrl = (peer: string): string | undefined => relays.facts().find((it) => it.peerId === peer)?.url
  const packs = createPackDesks({ host, net, storeUrl })
  const serving = createServing(parts, { net, packs, transfers, mayRead, spaces: () => spaces.sync })
  const whereNow = async () => (await readSettings(storage)).endpoints
  const identities = createIdentities(host, whereNow)
  const engine = createPeerEngine({
    host,
    comparison: createHeadComparison({ host, net, mayTell: mayRead }),
    calls: createPeerCalls({
      host,
      endpoints: whereNow,
      identities,
      net,
      packs,
      storeUrl,
      async lookup(did, signal) {
        const stores = connectedStores().map((peer) => candidateOf(peer))
        // Stores within reach are asked whatever the directory says, and when it says nothing.
        const found = await directory.lookup(repoTopic(did).id, { signal }).catch((error: unknown) => {
          if (stores.length === 0) throw error
          return []
        })
        const named = (await publishing.peersOf(did)).filter(({ peerId }) => peerId !== net.self)
        return [
          ...stores,
          ...found.map((it) => candidateOf(it.peer, it.addresses)),
          ...named.map(({ peerId, multiaddrs }) => candidateOf(peerId, multiaddrs)),
        ]
      },
    }),
    runPull: (did, run, label) => tasks.peers(did, run, label),
    runCollection: (did, collection, run) => tasks.collection(did, collection, run).ended,
    onCopies: (did) => emit({ type: 'copies', did }),
  })
  const notices = createNotices({
    net,
    host: { timers, clock, random: host.random },
    mayRead,
    onSent: transfers.sent,
    onNews(peer, did, rev, list) {
      const from = candidateOf(peer)
      quietly(rev === undefined ? engine.meet(from, [did]) : engine.hear(from, did, rev, list))
    },
  })
  const { replicate, parted } = replicator(
    () => running,
    () => following,
  )
  const networker = createNetworker({
    net,
    directory,
    async replicate(peer, topics, signal) {
      news()
      quietly(devices.meet(peer))
      await agreements.deliver(peer.id)
      await replicate(peer, topics, signal)
    },
    store: rowsOf(storage, 'networker'),
    timers,
    clock,
    random: host.random,
  })
  for (const event of ['peer-add', 'peer-remove'] as const) networker.addEventListener(event, news)
  networker.addEventListener('peer-topics', ({ detail }) => parted(detail.peer, detail.removed))
  const devices = createDevices({
    ...{ storage, net, timers, clock, networker },
    isKnown: async (peer) =>
      (await agreements.list()).some((it) => it.peer === peer && it.state === 'active'),
    onProven({ topics }) {
      news()
      for (const did of following.didsOf(topics)) emit({ type: 'copies', did })
    },
  })
  const spaces = createSpacesNet({
    host,
    net,
    networker,
    relays,
    connectedStores,
    reach: (url) => addRelays(running, [url]),
  })
  const running: Running = {
    ...parts,
    node,
    serving,
    relays,
    networker,
    engine,
    notices,
    over: over.signal,
    connectedRelays,
    connectedStores,
    candidateOf,
  }
  const following: Following = createFollowing(running)
  const live = createLive({ ...parts, identities })
  const publishing = createPublishing({
    ...parts,
    device: () => thisDevice(relays, net.self),
    isAgreedDirectly: async (did) =>
      (await agreements.list()).some((it) => it.theirs === did && it.state === 'active'),
  })
  const hints = new Map<string, Candidate[]>()
  const stops = [serving.start(), keepTold(agreements, relays, host), devices.handle(), net.onChange(news)]
  const close = async (): Promise<void> => {
    over.abort()
    following.stop()
    for (const stop of stops) stop()
    const parted = [live, publishing, packs, engine, notices, networker, devices, spaces.sync]
    await Promise.all(parted.map((it) => it.close()))
    relays.close()
    await directory.close()
    await node.stop()
  }
  try {
    relays.set(settings.relays)
    await networker.listen()
    await following.start()
    await keepAllTheirs(parts, agreements)
  } catch (error) {
    // The next try starts a node of its own.
    await close().catch(() => {})
    throw error
  }

  return {
    ...copyActions(running, following, hints),
    ...collectionActions(running, hints, {
      takeUp: (link) => takeUpLink(running, hints, link),
      reached: () => relays.reached(),
    }),
    ...relayActions(running),
    ...agreementActions(parts, agreements),
    ...publishing,
    status: () =>
      statusOf({ ...running, storage, transfers, relayOnly: settings.relayOnly, following, live }),
    async catchUp() {
      const dids = following.dids()
      const kept = new Set(await storage.keys('repos'))
      const own = dids.filter((did) => kept.has(did)).map((did) => tasks.backup(did))
      await relays.reached()
      following.askStores()
      await Promise.allSettled([spaces.catchUp(), ...dids.map((did) => engine.look(did))])
      await engine.idle()
      await jobs.ended(own.map((it) => it.id))
    },
    setRelays: (urls) => relays.set(urls),
    settingsChanged: () => live.settingsChanged(),
    spaces,
    async fetch(did, work) {
      // Right after a start nobody is in reach yet.
      await relays.reached()
      work.check()
      return engine.fetch(did, work, hints.get(did))
    },
    fetchBlobs: (did, work) => engine.fetchBlobs(did, work),
    repoChanged(did) {
      following.changed(did)
      live.changed(did)
      publishing.changed(did)
    },
    moved: (result) => following.moved(result),
    close,
  }
}
