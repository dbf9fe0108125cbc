import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p, PeerId, Stream } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { readFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { DHT_PROTOCOL } from './node/libp2p.ts'
import { IDENTITY_FILE } from './node/identity.ts'
import type { Relay } from './serve.ts'
import { addressOf, createStarted, describeAt, through, until } from './testing/relays.ts'

const started = createStarted()
afterEach(() => started.close())

/** Waits until the node can be reached through its relay. */
const reachable = (node: Libp2p): Promise<string> =>
  until(node, ['self:peer:update'], () =>
    node
      .getMultiaddrs()
      .map(String)
      .find((one) => one.includes('p2p-circuit')),
  )

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

/** Passes bytes on to a port until it is frozen: sockets stay open, and nothing moves, as with a laptop asleep. */
async function startPipe(target: number): Promise<{ port: number; freeze(): void }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const onward = createConnection({ host: '127.0.0.1', port: target })
    sockets.push(socket, onward)
    for (const one of [socket, onward]) one.on('error', () => one.destroy())
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  started.onClose(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    // A TCP server's address is an AddressInfo.
    port: (server.address() as AddressInfo).port,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause()
    },
  }
}

/** The stream of a circuit between a node and its relay. */
function streamTo(node: Libp2p, relay: Relay, kind: 'hop' | 'stop'): Stream {
  const connections = node.getConnections().filter((one) => one.remotePeer.toString() === relay.peerId)
  const found = connections
    .flatMap(({ streams }) => streams)
    .find(({ protocol }) => protocol.endsWith(`/${kind}`))
  if (found === undefined) throw new Error(`there is no ${kind} stream`)
  return found
}

/** Resolves when a number has stopped to change: it was the same four times over, which takes most of a second. */
async function quiet(read: () => Promise<number>): Promise<void> {
  const seen: number[] = []
  const isSame = async (): Promise<boolean> => {
    seen.push(await read())
    return seen.length > 3 && new Set(seen.slice(-4)).size === 1
  }
  await expect.poll(isSame, { interval: 250, timeout: 15_000 }).toBe(true)
}

const metric = async (relay: Relay, name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text()
  return Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (.+)$`, 'm').exec(text)?.[1])
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

describe('circuits', () => {
  it('carry what a repo weighs: sixty times the 128 KiB that circuits have by default', async () => {
    const relay = await started.relay()
    const address = await addressOf(relay.url)
    const [giver, taker] = await Promise.all([started.client([through(address)]), started.client()])
    const circuit = await reachable(giver)
    const piece = new Uint8Array(64 * 1024).fill(7)
    const pieces = 128
    await giver.handle('/test/give/1.0.0', async (stream) => {
      const bytes = byteStream(stream)
      for (let count = 0; count < pieces; count++) await bytes.write(piece)
      await stream.close()
    })
    const connection = await taker.dial(multiaddr(circuit))
    expect(connection.limits).toBeUndefined()
    const bytes = byteStream(await connection.newStream('/test/give/1.0.0'))
    for (let count = 0; count < pieces; count++) {
      expect((await bytes.read({ bytes: piece.length })).subarray()).toEqual(piece)
    }
    expect(await bytes.read()).toBeNull()
    expect(await metric(relay, 'cairn_reservations')).toBe(1)
  })

  it('hold little for a receiver that does not read', async () => {
    const relay = await started.relay()
    const address = await addressOf(relay.url)
    const [reader, flooder] = await Promise.all([started.client([through(address)]), started.client()])
    await flooder.dial(multiaddr(await reachable(reader)))
    // Beneath the circuit, where no window of its own stops anyone.
    streamTo(reader, relay, 'stop').pause()
    const hop = streamTo(flooder, relay, 'hop')
    const piece = new Uint8Array(64 * 1024)
    const total = 32 * 1024 * 1024
    const before = await metric(relay, 'cairn_websocket_bytes_total')
    for (let sent = 0; sent < total; sent += piece.length) hop.send(piece)
    let moved = 0
    await quiet(async () => (moved = await metric(relay, 'cairn_websocket_bytes_total')))
    // In and out: what waits in the relay, two windows of streams, and what sockets hold.
    expect(moved - before).toBeLessThan(12 * 1024 * 1024)
    // The relay is there for others all the while.
    expect((await (await started.client()).dial(address)).status).toBe('open')
  })

  it('reach the newest connection of a peer whose older one is dead, which is then closed', async () => {
    const relay = await started.relay()
    const address = await addressOf(relay.url)
    const pipe = await startPipe(relay.port)
    const key = await generateKeyPair('Ed25519')
    const slow = address.toString().replace(`/tcp/${relay.port}/`, `/tcp/${pipe.port}/`)
    await reachable(await started.client([through(slow)], key))
    pipe.freeze()
    const fresh = await started.client([through(address)], key)
    const circuit = await reachable(fresh)
    await fresh.handle('/test/who/1.0.0', async (stream) => {
      await byteStream(stream).write(new Uint8Array([2]))
    })
    const other = await started.client()
    const stream = await other.dialProtocol(multiaddr(circuit), '/test/who/1.0.0')
    expect((await byteStream(stream).read({ bytes: 1 })).subarray()).toEqual(new Uint8Array([2]))
    await expect.poll(() => metric(relay, 'cairn_connections'), { timeout: 10_000 }).toBe(2)
    expect(await metric(relay, 'cairn_reservations')).toBe(1)
  })

  it('are reserved by so many of one address, and a place is free again when its peer goes', async () => {
    const relay = await started.relay({ limits: { reservationsPerAddress: 1 } })
    const address = await addressOf(relay.url)
    const first = await started.client([through(address)])
    await reachable(first)
    await expect(started.client([through(address)])).rejects.toThrow(/addresses failed/)
    await first.stop()
    await expect.poll(() => metric(relay, 'cairn_reservations')).toBe(0)
    const third = await started.client([through(address)])
    await reachable(third)
    expect(await metric(relay, 'cairn_reservations')).toBe(1)
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
