import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { readFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { DHT_PROTOCOL } from './node/libp2p.ts'
import { IDENTITY_FILE } from './node/identity.ts'
import { addressOf, createStarted, describeAt, metric, until } from './testing/relays.ts'

const started = createStarted()
afterEach(() => started.close())

/** Connects, and hears what the other side says of itself. */
async function identified(
  client: Libp2p,
  address: Multiaddr,
): Promise<{ remotePeer: PeerId; protocols: string[] }> {
  const { promise, resolve } = Promise.withResolvers<string[]>()
  client.addEventListener('peer:identify', ({ detail }) => resolve(detail.protocols), { once: true })
  const { remotePeer } = await client.dial(address)
  return { remotePeer, protocols: await promise }
}

describe('one port', () => {
  it('speaks HTTP and libp2p', async () => {
    const relay = await started.relay()
    expect((await fetch(`http://127.0.0.1:${relay.port}/healthz`)).status).toBe(200)
    const client = await started.client()
    const connection = await client.dial(await addressOf(relay.url))
    expect(connection.remotePeer.toString()).toBe(relay.peerId)
    expect(connection.remoteAddr.toString()).toContain(`/tcp/${relay.port}/`)
    expect(await metric(relay, 'cairn_connections')).toBe(1)
    expect(await metric(relay, 'cairn_websockets')).toBe(1)
  })

  it('tells peers of no other', async () => {
    const relay = await started.relay()
    const client = await started.client()
    const { remotePeer } = await identified(client, await addressOf(relay.url))
    const known = (await client.peerStore.get(remotePeer)).addresses.map((one) => one.multiaddr.toString())
    expect(known.length).toBeGreaterThan(0)
    expect(known.filter((one) => !one.includes(`/tcp/${relay.port}/ws`))).toEqual([])
  })
})

describe('relay.json', () => {
  it('has all that is needed, for anyone', async () => {
    const relay = await started.relay({ dataDir: await started.folder(), storeLimits: { bytes: 12_345_678 } })
    const response = await fetch(`http://127.0.0.1:${relay.port}/relay.json`, {
      headers: { origin: 'https://app.example' },
    })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect(await response.json()).toMatchObject({
      peerId: relay.peerId,
      multiaddrs: [`/ip4/127.0.0.1/tcp/${relay.port}/ws/p2p/${relay.peerId}`],
      version: '0.1.0',
      store: { admission: 'open', used: expect.any(Number), limit: 12_345_678, repos: 0 },
      limits: { reservations: 1000, connections: 2000 },
      publicUrl: null,
      shareable: false,
      reach: 'this-device',
      stun: [],
    })
  })

  it('names the public URL, whoever asks', async () => {
    const relay = await started.relay({ publicUrl: new URL('https://relay.cairn.org/') })
    expect(relay.url).toBe('https://relay.cairn.org/')
    expect(await describeAt(`http://127.0.0.1:${relay.port}`)).toMatchObject({
      multiaddrs: [`/dns/relay.cairn.org/tcp/443/tls/ws/p2p/${relay.peerId}`],
      publicUrl: 'https://relay.cairn.org',
      shareable: true,
      reach: 'anyone',
      store: null,
    })
  })
})

describe('identity', () => {
  it('is the same after a restart, and readable by its owner only', async () => {
    const dataDir = await started.folder()
    const first = await started.relay({ dataDir })
    await first.close()
    const second = await started.relay({ dataDir })
    expect(second.peerId).toBe(first.peerId)
    expect((await readFile(join(dataDir, IDENTITY_FILE))).length).toBeGreaterThan(32)
  })

  it('says which data folder is in use', async () => {
    const dataDir = await started.folder()
    await started.relay({ dataDir })
    await expect(started.relay({ dataDir })).rejects.toMatchObject({ code: 'storage.blocked' })
  })
})

describe('limits', () => {
  it('refuse WebSockets of an address that has enough', async () => {
    const relay = await started.relay({ limits: { connectionsPerAddress: 1 } })
    const address = await addressOf(relay.url)
    await (await started.client()).dial(address)
    await expect((await started.client()).dial(address)).rejects.toBeDefined()
    expect(await metric(relay, 'cairn_limited_total{limit="connectionsPerAddress"}')).toBeGreaterThan(0)
  })

  it('refuse WebSockets that come too fast', async () => {
    const relay = await started.relay({ limits: { connectsPerMinutePerAddress: 1 } })
    const address = await addressOf(relay.url)
    await (await started.client()).dial(address)
    await expect((await started.client()).dial(address)).rejects.toBeDefined()
    expect(await metric(relay, 'cairn_limited_total{limit="connectsPerMinutePerAddress"}')).toBeGreaterThan(0)
  })

  it('answer 429 to an address that asks too much, but for the health of the process', async () => {
    const relay = await started.relay({ limits: { requestsPerMinutePerAddress: 2 } })
    const ask = (path: string) => fetch(`http://127.0.0.1:${relay.port}${path}`)
    const answers = [
      await ask('/relay.json'),
      await ask('/relay.json'),
      await ask('/relay.json'),
      await ask('/healthz'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 200])
    expect(answers[2]?.headers.get('retry-after')).toBe('30')
  })

  it('leave the app’s files to an address that asks too much of the rest, and the other way round', async () => {
    const relay = await started.relay({
      limits: { requestsPerMinutePerAddress: 1, fileRequestsPerMinutePerAddress: 2 },
    })
    const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${relay.port}${path}`)).status
    expect([await statusOf('/relay.json'), await statusOf('/relay.json')]).toEqual([200, 429])
    expect([await statusOf('/no-file'), await statusOf('/no-file')]).toEqual([404, 404])
    expect(await statusOf('/no-file')).toBe(429)
  })

  it('are told', async () => {
    const relay = await started.relay({ limits: { reservations: 3 } })
    expect((await describeAt(relay.url)).limits.reservations).toBe(3)
    expect(await metric(relay, 'cairn_limit{limit="reservations"}')).toBe(3)
  })
})

describe('relays', () => {
  it('join by web address or multiaddr, and know each other in the DHT', async () => {
    const first = await started.relay()
    const second = await started.relay({ peers: [first.url] })
    const third = await started.relay({ peers: [(await addressOf(second.url)).toString()] })
    const client = await started.client()
    const { protocols } = await identified(client, await addressOf(third.url))
    expect(protocols).toContain(DHT_PROTOCOL)
    await expect.poll(() => metric(second, 'cairn_dht_peers')).toBe(2)
    await expect.poll(() => metric(first, 'cairn_dht_peers')).toBeGreaterThan(0)
  })
})

describe('a stop', () => {
  it('tells peers, lets answers end, and frees the port', async () => {
    const relay = await started.relay({ dataDir: await started.folder() })
    const client = await started.client()
    await client.dial(await addressOf(relay.url))
    const gone = until(client, ['connection:close'], () => client.getConnections().length === 0)
    await Promise.all([relay.close(), relay.close(), gone])
    const failed = await new Promise<Error>((resolve) => {
      createConnection({ host: '127.0.0.1', port: relay.port }).on('error', resolve)
    })
    expect(failed).toMatchObject({ code: 'ECONNREFUSED' })
  })
})
