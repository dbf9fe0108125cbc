import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { NetError } from '../net/errors.ts'
import { createAddressGuard } from './guard/addresses.ts'
import type { AddressGuard } from './guard/addresses.ts'
import { createGuardedFetch } from './guard/fetch.ts'
import { createClientAddress, createProxies, limitKey } from './http/client-address.ts'
import { describeRelay } from './http/description.ts'
import type { Described } from './http/description.ts'
import { createClientMetadataMount } from './http/client-metadata.ts'
import { createHandler } from './http/handler.ts'
import type { Mount } from './http/handler.ts'
import { listen } from './http/listen.ts'
import type { HttpServer } from './http/listen.ts'
import { errorFields, noLog } from './http/log.ts'
import { createMetrics } from './http/metrics.ts'
import { createRateLimit } from './http/rate-limit.ts'
import { createUpgradeHandler } from './http/upgrades.ts'
import type { Log } from './http/log.ts'
import { endpointsOf, follow, openStore } from './keeping.ts'
import { defaultLimits } from './limits.ts'
import type { RelayLimits } from './limits.ts'
import { loadIdentity } from './node/identity.ts'
import { createRelayNode, dhtPeers } from './node/libp2p.ts'
import type { RelayNode } from './node/libp2p.ts'
import { listeningUrls, webSocketAddress } from './node/multiaddrs.ts'
import { keepPeers } from './node/peers.ts'
import { createTraffic } from './node/traffic.ts'
import { createWebSocketPort } from './node/web-socket-port.ts'
import { createMailboxMount } from './spaces/mailbox/mount.ts'
import { REQUESTS_PER_MINUTE } from './spaces/mailbox/limits.ts'
import { openSpaces, type RelaySpaces } from './spaces/spaces.ts'
import { createPacksMount } from './packs/mount.ts'
import { createUploadsMount } from './packs/uploads/mount.ts'
import { openUploads, type Uploads } from './packs/uploads/uploads.ts'
import { createSlots } from '../sync/repo-sync/slots.ts'
import { DEFAULT_STUN } from './options.ts'
import type { Relay, RelayOptions } from './options.ts'
import { serveProtocols } from './services.ts'
import { serveStatic } from './static-files.ts'
import type { Store, StoreOptions } from './store/model.ts'
import { readVersion } from './version.ts'
import { createXrpc } from './xrpc/xrpc.ts'

export type { Relay, RelayOptions } from './options.ts'

/** How often bytes are counted against the limits, ms. */
const COUNT_MS = 5_000

/**
 * Starts the one process that serves everything on one port: the app, the description and the reads over
 * HTTP, and libp2p over WebSockets.
 *
 * Rejects with the system's error (`EADDRINUSE`, `EACCES`, …) when it cannot listen, with `storage.blocked`
 * when another process has the data folder, and when `dist` holds no built app. Nothing is left open then.
 */
export async function createRelay(options: RelayOptions): Promise<Relay> {
  const limits: RelayLimits = { ...defaultLimits, ...options.limits }
  const log = options.log ?? noLog
  const version = readVersion()
  const isProxy = createProxies(options.trustedProxies)
  const clientOf = createClientAddress(isProxy)
  const files = options.dist === undefined ? undefined : await serveStatic(options.dist)
  const privateKey =
    options.dataDir === undefined ? await generateKeyPair('Ed25519') : await loadIdentity(options.dataDir)
  const guard = createAddressGuard({ allowLocal: options.allowLocal === true })
  const traffic = createTraffic(limits, Date.now)
  const port = createWebSocketPort({ guard, messageBytes: limits.messageBytes })

  /** Counts what a limit stopped, once there is something that counts. */
  let limited = (_limit: string): void => {}
  /** Set when there is someone to tell of what the store keeps, and someone to pull it from. */
  let onKept = (_did: string): void => {}
  let pull: StoreOptions['pull']
  const opened: (() => Promise<unknown>)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close()
  }
  try {
    const http = await listen({
      ...{ port: options.port, host: options.host, tls: options.tls, limits, isProxy },
      onRefused: () => limited('socketsPerAddress'),
    })
    opened.push(() => http.close())
    const { node, store, uploads, spaces } = await openParts()
    return run(http, node, store, uploads, spaces)

    async function openParts(): Promise<{
      node: RelayNode
      store: Store | undefined
      uploads: Uploads | undefined
      spaces: RelaySpaces | undefined
    }> {
      const store = await keepStore(options, guard, log, {
        onChange: (did) => onKept(did),
        pull: async (...from) => {
          // Asked for before the node runs: its own server is asked again soon.
          if (pull === undefined) throw new NetError('net.closed')
          return pull(...from)
        },
      })
      if (store !== undefined) opened.push(() => store.close())
      const uploads = await takeUploads(options, store, log)
      if (uploads !== undefined) opened.push(() => uploads.close())
      const spaces = await keepSpaces(options, store, log)
      if (spaces !== undefined) opened.push(() => spaces.close())
      const shown =
        options.publicUrl === undefined
          ? listeningUrls(options.host, http.port, http.secure)
          : [options.publicUrl]
      const announce = shown.map(webSocketAddress)
      const node = await createRelayNode({ privateKey, port, announce, guard, limits, traffic, version })
      opened.push(() => node.stop())
      return { node, store, uploads, spaces }
    }
  } catch (error) {
    await closeAll()
    throw error
  }

  function run(
    http: HttpServer,
    node: RelayNode,
    store: Store | undefined,
    uploads: Uploads | undefined,
    spaces: RelaySpaces | undefined,
  ): Relay {
    const { libp2p } = node
    let stopping = false
    let closing: Promise<void> | undefined
    const local = new URL(`${http.secure ? 'https' : 'http'}://${urlHost(options.host)}:${http.port}/`)
    const described: Described = {
      peerId: libp2p.peerId.toString(),
      version,
      limits,
      publicUrl: options.publicUrl,
      stun: options.stun ?? DEFAULT_STUN,
      store:
        store === undefined
          ? undefined
          : { admission: options.admission?.mode ?? 'open', usage: () => store.usage() },
      spaces: spaces?.limits,
    }
    const services = serveProtocols({
      ...{ node, privateKey, traffic, store, limits, log },
      spaces: spaces?.keeper,
    })
    const following = store === undefined ? undefined : follow(store, guard, log)
    pull = services.storePeers?.pull
    onKept = (did) => {
      following?.update()
      services.storePeers?.changed(did)
    }
    const metrics = createMetrics(limits, {
      connections: () => libp2p.getConnections().length,
      sockets: () => traffic.open,
      reservations: () => libp2p.services.relay.reservations.size,
      dhtPeers: () => dhtPeers(libp2p.services.dht),
      relayedBytes: () => traffic.bytes,
      directory: () => services.directory(),
      store: () => store?.usage(),
      spaces: () => spaces?.usage(),
    })
    limited = metrics.limited
    const basePath = options.publicUrl?.pathname.replace(/\/?$/, '/') ?? '/'
    const keyOf = (request: IncomingMessage): string => limitKey(clientOf(request))
    // The first whose prefix a path has answers.
    const mounts: Mount[] = [
      createUploadsMount({ uploads, clientOf: keyOf, basePath }),
      createPacksMount({ handler: services.packs, clientOf: keyOf }),
      createMailboxMount({
        mailbox: spaces?.mailbox,
        clientOf: keyOf,
        rate: createRateLimit(REQUESTS_PER_MINUTE, Date.now),
        limited: metrics.limited,
        now: Date.now,
      }),
    ]
    if (options.publicUrl?.protocol === 'https:') mounts.push(createClientMetadataMount(options.publicUrl))
    if (store !== undefined)
      mounts.push({ prefix: '/xrpc/', route: 'xrpc', handle: createXrpc(store, { clientOf: keyOf }) })

    http.serve(
      createHandler({
        files,
        mounts,
        describe: (origin) => describeRelay(described, origin),
        metrics,
        log,
        clientOf,
        rate: createRateLimit(limits.requestsPerMinutePerAddress, Date.now),
        fileRate: createRateLimit(limits.fileRequestsPerMinutePerAddress, Date.now),
        answers: createSlots({ perPeer: limits.socketsPerAddress, inAll: Number.POSITIVE_INFINITY }),
        basePath,
        secure: http.secure,
        fallback: () => options.publicUrl ?? local,
        stopping: () => stopping,
      }),
      createUpgradeHandler({
        traffic,
        rate: createRateLimit(limits.connectsPerMinutePerAddress, Date.now),
        clientOf,
        metrics,
        log,
        stopping: () => stopping,
        accept: port.upgrade,
      }),
    )
    const counting = setInterval(() => {
      for (const { limit, who } of traffic.count()) {
        metrics.limited(limit)
        // A client's address stays out of the log.
        log('warn', 'traffic.ended', { limit, ...(limit === 'bytesPerPeerPerHour' ? { peer: who } : {}) })
      }
    }, COUNT_MS)
    const peers = keepPeers({ node: libp2p, peers: options.peers ?? [], guard, log })
    log('info', 'relay.started', { peer: described.peerId, port: http.port, version })

    return {
      url: options.publicUrl?.href ?? local.href,
      port: http.port,
      peerId: described.peerId,
      reloadTls: () => http.reloadTls(),
      close: () => (closing ??= close()),
    }

    async function close(): Promise<void> {
      stopping = true
      clearInterval(counting)
      peers.close()
      await uploads?.close()
      await services.close()
      await spaces?.close()
      await following?.close()
      // The server takes no more connections from here on, and waits for those that the node ends.
      const ended = http.close()
      await node.stop().catch((error: unknown) => log('error', 'relay.stop-failed', errorFields(error)))
      traffic.close()
      await ended
      await store?.close()
      log('info', 'relay.stopped')
    }
  }
}

/** The store of a relay that has a data folder. */
async function keepStore(
  options: RelayOptions,
  guard: AddressGuard,
  log: Log,
  more: Pick<StoreOptions, 'onChange' | 'pull'>,
): Promise<Store | undefined> {
  if (options.dataDir === undefined) return undefined
  return openStore({
    dataDir: options.dataDir,
    admission: options.admission ?? { mode: 'open' },
    limits: options.storeLimits ?? {},
    endpoints: endpointsOf(options),
    fetch: createGuardedFetch(guard),
    log,
    more,
  })
}

/** Spaces lie in the store's database. */
async function keepSpaces(
  options: RelayOptions,
  store: Store | undefined,
  log: Log,
): Promise<RelaySpaces | undefined> {
  if (store === undefined || options.spaces === false) return undefined
  return openSpaces({
    store,
    admission: options.admission ?? { mode: 'open' },
    limits: options.spaceLimits ?? {},
    log,
  })
}

/** Uploads lie beside the store, in a folder of their own. */
async function takeUploads(
  { dataDir }: RelayOptions,
  store: Store | undefined,
  log: Log,
): Promise<Uploads | undefined> {
  if (store === undefined || dataDir === undefined) return undefined
  const { clock, timers } = store.host
  return openUploads({ folder: join(dataDir, 'uploads'), store, clock, timers, log })
}

/** Browsers give service workers and storage to `localhost` without https, so that is the name shown. */
function urlHost(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
