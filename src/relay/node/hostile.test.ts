import { once } from 'node:events'
import { connect } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { concat } from '../../core/bytes.ts'
import { varintLength, writeVarint } from '../../core/varint.ts'
import { REPO_SYNC_PROTOCOL } from '../../sync/repo-sync/protocol.ts'
import { startPipe } from '../testing/pipe.ts'
import { frame, PING, rawPeer, SYN } from '../testing/raw-peer.ts'
import { addressOf, createStarted, metric } from '../testing/relays.ts'
import { DHT_PROTOCOL } from './libp2p.ts'

const started = createStarted()
afterEach(() => started.close())

describe('a peer that breaks the rules below all protocols', () => {
  it.each([
    ['is no frame of a WebSocket', Buffer.from([0x80, 0x80, 0, 0, 0, 0])],
    ['is longer than any', Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
  ])('by what %s, is let go alone', async (_what, bytes) => {
    const relay = await started.relay()
    const socket = connect(relay.port, '127.0.0.1')
    started.onClose(() => socket.destroy())
    socket.write(
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await once(socket, 'data')
    socket.write(bytes)
    await once(socket.resume(), 'close')
    expect((await fetch(`http://127.0.0.1:${relay.port}/healthz`)).status).toBe(200)
  })

  it('is let go when it freezes: a line that was broken off holds no place', async () => {
    const relay = await started.relay()
    const way = await startPipe(started, relay.port)
    const peer = await rawPeer(started, way.port)
    expect(await metric(relay, 'cairn_websockets')).toBe(1)
    way.deafen()
    // No frame has such a type.
    peer.send(frame(9, SYN, 1, 0))
    await expect.poll(() => metric(relay, 'cairn_websockets')).toBe(0)
  })

  it('is let go when it asks for more answers than it takes', { timeout: 60_000 }, async () => {
    const relay = await started.relay()
    const way = await startPipe(started, relay.port)
    const peer = await rawPeer(started, way.port)
    way.deafen()
    const pings = Buffer.concat(Array.from({ length: 5000 }, (_, id) => frame(PING, SYN, 0, id)))
    const closed = new Promise<void>((resolve) => peer.addEventListener('close', () => resolve()))
    let sent = 0
    // Some megabytes of answers wait in the socket, and in the system behind it.
    while (sent < 2_000_000 && (await metric(relay, 'cairn_websockets')) > 0) {
      for (let i = 0; i < 20; i++) if (!peer.send(pings)) await Promise.race([peer.onDrain(), closed])
      sent += 20 * 5000
    }
    expect(await metric(relay, 'cairn_websockets')).toBe(0)
    expect(sent).toBeLessThan(2_000_000)
  })

  it('is heard by the DHT with some addresses, not with thousands, and in few words', async () => {
    const relay = await started.relay()
    const client = await started.client()
    const connection = await client.dial(await addressOf(relay.url))
    const behindLength = (bytes: Uint8Array, ...before: number[]): Uint8Array => {
      const length = new Uint8Array(varintLength(bytes.length))
      writeVarint(length, 0, bytes.length)
      return concat([Uint8Array.from(before), length, bytes])
    }
    /** A field of protobuf that holds bytes. */
    const field = (number: number, bytes: Uint8Array) => behindLength(bytes, (number << 3) | 2)
    const cid = concat([Uint8Array.of(1, 0x55, 0x12, 32), new Uint8Array(32)])
    /** `ADD_PROVIDER` of libp2p's DHT. */
    const announcement = (addresses: number): Uint8Array => {
      const own = [field(1, client.peerId.toMultihash().bytes)]
      for (let i = 0; i < addresses; i++) {
        const { bytes } = multiaddr(`/ip4/1.2.${i >> 8}.${i & 255}/tcp/443`)
        own.push(field(2, bytes))
      }
      return behindLength(concat([Uint8Array.of(8, 2), field(2, cid), field(9, concat(own))]))
    }
    /** `GET_PROVIDERS`, with a field that nobody knows. */
    const question = (padding: number): Uint8Array =>
      behindLength(concat([Uint8Array.of(8, 3), field(2, cid), field(15, new Uint8Array(padding))]))
    /** What the relay says to who announces itself and asks who provides it then. */
    const told = async (addresses: number, padding: number): Promise<'answer' | 'reset'> => {
      const stream = await connection.newStream(DHT_PROTOCOL)
      const { promise, resolve } = Promise.withResolvers<'answer' | 'reset'>()
      stream.addEventListener('message', () => resolve('answer'))
      stream.addEventListener('close', () => resolve('reset'))
      stream.send(announcement(addresses))
      stream.send(question(padding))
      return promise
    }
    expect(await told(3, 1000)).toBe('answer')
    // Nothing of the second is kept, and the third is not even read.
    expect([await told(4000, 1000), await told(3, 200_000)]).toEqual(['reset', 'reset'])
  })

  it('is not listened to when it goes on after its answer', async () => {
    const relay = await started.relay({ dataDir: await started.folder() })
    const client = await started.client()
    const connection = await client.dial(await addressOf(relay.url))
    const stream = await connection.newStream(REPO_SYNC_PROTOCOL)
    const closed = new Promise<void>((resolve) => stream.addEventListener('close', () => resolve()))
    const answered = new Promise<void>((resolve) =>
      stream.addEventListener('remoteCloseWrite', () => resolve()),
    )
    // Longer than any request, and it never ends.
    stream.send(new Uint8Array(128 * 1024))
    await answered
    let sent = 0
    while (stream.status === 'open' && sent < 4 * 1024 * 1024) {
      if (!stream.send(new Uint8Array(64 * 1024))) await Promise.race([stream.onDrain(), closed])
      sent += 64 * 1024
    }
    await closed
    expect(stream.status).toBe('reset')
  })
})
