import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p, Stream } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import type { Relay } from './serve.ts'
import { startPipe } from './testing/pipe.ts'
import { addressOf, createStarted, metric, reachable, through } from './testing/relays.ts'

const started = createStarted()
afterEach(() => started.close())

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
    const pipe = await startPipe(started, relay.port)
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
