import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { concat, toHex, utf8 } from '../../core/bytes.ts'
import { peerTopic } from '../directory/topic.ts'
import { topicOf } from '../directory/testing/identities.ts'
import { type Device, type DhtRelay, startDevice, startDhtRelay } from '../directory/testing/real-relays.ts'
import { NetError } from '../errors.ts'
import { realHost } from '../testing/nodes.ts'
import { createRelayedDht, type RelayedDht } from './create.ts'
import { dhtKeyPair } from './keys.ts'
import type { DhtServerOptions } from './server.ts'
import type { DhtStream } from './stream.ts'
import { foundIn, formsOfKey } from './testing/encodings.ts'
import { createRelayRecorder } from './testing/relay-recorder.ts'

const nonces = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32))

interface Peer {
  readonly device: Device
  readonly dht: RelayedDht
  readonly publicKey: Uint8Array
}

async function startPeer(relays: readonly DhtRelay[]): Promise<Peer> {
  const device = await startDevice(relays)
  const dht = createRelayedDht({
    net: device.node,
    directory: device.directory,
    timers: realHost.timers,
    nonces,
  })
  return { device, dht, publicKey: dht.defaultKeyPair.publicKey }
}

async function stopPeer({ device, dht }: Peer): Promise<void> {
  await dht.destroy()
  await device.stop()
}

/** A server that hands out its streams one by one, for the time of a test. */
async function listen(
  peer: Peer,
  options: DhtServerOptions = {},
): Promise<{ next(): Promise<DhtStream>; taken: DhtStream[] }> {
  const taken: DhtStream[] = []
  let came = Promise.withResolvers<void>()
  const server = peer.dht.createServer(options, (stream) => {
    taken.push(stream)
    came.resolve()
  })
  await server.listen()
  onTestFinished(() => server.close())
  return {
    taken,
    async next() {
      await came.promise
      came = Promise.withResolvers()
      const stream = taken.at(-1)
      if (stream === undefined) throw new Error('none came')
      return stream
    },
  }
}

async function readAll(stream: DhtStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let part = await stream.read(); part !== undefined; part = await stream.read()) parts.push(part)
  return concat(parts)
}

describe('over relays in one table', () => {
  let relays: [DhtRelay, DhtRelay]
  let alice: Peer
  let bob: Peer
  let carol: Peer
  beforeAll(async () => {
    relays = await Promise.all([startDhtRelay(), startDhtRelay()])
    await relays[0].join(relays[1])
    ;[alice, bob, carol] = await Promise.all([
      startPeer([relays[0]]),
      startPeer([relays[1]]),
      startPeer([relays[0]]),
    ])
  })
  afterAll(async () => {
    await Promise.all([alice, bob, carol].map(stopPeer))
    await Promise.all(relays.map((relay) => relay.stop()))
  })

  it('two peers on different relays reach each other by public key alone', async () => {
    await bob.dht.ready()
    const server = await listen(bob)
    await relays[1].server.provided()
    const near = await alice.dht.connect(bob.publicKey)
    const far = await server.next()
    expect(near.path).toBe('relayed')
    expect(near.remotePublicKey).toEqual(bob.publicKey)
    expect(far.remotePublicKey).toEqual(alice.publicKey)
    expect(near.publicKey).toEqual(alice.publicKey)
    expect(near.handshakeHash).toHaveLength(32)
    expect(near.handshakeHash).toEqual(far.handshakeHash)

    const large = new Uint8Array(300_000).map((_, i) => i)
    const back = readAll(near)
    const there = readAll(far)
    await Promise.all([near.write(large), far.write(utf8('hello'))])
    await Promise.all([near.end(), far.end()])
    expect(await there).toEqual(large)
    expect(await back).toEqual(utf8('hello'))
    expect(await Promise.all([near.closed, far.closed])).toEqual([undefined, undefined])
  })

  it('two streams between the same peers have different handshake hashes', async () => {
    const server = await listen(carol)
    const [one, two] = [await alice.dht.connect(carol.publicKey), await alice.dht.connect(carol.publicKey)]
    expect(one.handshakeHash).not.toEqual(two.handshakeHash)
    expect(server.taken).toHaveLength(2)
    one.destroy()
    two.destroy()
  })

  it('a firewall lets in whom it accepts and keeps out whom it denies, before any byte', async () => {
    const asked: string[] = []
    const server = await listen(carol, {
      firewall: async (remote) => {
        asked.push(toHex(remote))
        return toHex(remote) !== toHex(alice.publicKey)
      },
    })
    const near = await alice.dht.connect(carol.publicKey)
    await near.write(utf8('let in'))
    await near.end()
    expect(await readAll(await server.next())).toEqual(utf8('let in'))
    await relays[0].server.provided()
    await expect(bob.dht.connect(carol.publicKey)).rejects.toMatchObject({
      code: 'net.refused',
      fields: { reason: 'firewall' },
    })
    expect(asked).toEqual([toHex(alice.publicKey), toHex(bob.publicKey)])
    expect(server.taken).toHaveLength(1)
    near.destroy()
  })

  it('a firewall that fails keeps everyone out', async () => {
    const server = await listen(carol, {
      firewall: () => {
        throw new Error('broken')
      },
    })
    await expect(alice.dht.connect(carol.publicKey)).rejects.toMatchObject({ code: 'net.refused' })
    expect(server.taken).toHaveLength(0)
  })

  it('a server has an address while it listens, and only one listens', async () => {
    const server = carol.dht.createServer(() => {})
    expect(server.address()).toBeUndefined()
    await server.listen()
    expect(server.address()).toEqual({ publicKey: carol.publicKey, addresses: carol.device.node.addresses() })
    const second = carol.dht.createServer(() => {})
    await expect(second.listen()).rejects.toMatchObject({ code: 'net.limit', fields: { what: 'servers' } })
    await server.close()
    expect(server.address()).toBeUndefined()
    expect(await alice.device.directory.lookup(peerTopic(carol.device.node.self))).toEqual([])
    await expect(alice.dht.connect(carol.publicKey)).rejects.toMatchObject({ code: 'net.unsupported' })
  })

  it('announce, lookup and unannounce go through all relays', async () => {
    const topic = topicOf('meeting')
    const find = async (): Promise<string[]> => {
      const found: string[] = []
      for await (const { publicKey, relayAddresses } of alice.dht.lookup(topic)) {
        found.push(toHex(publicKey))
        expect(relayAddresses).toEqual(carol.device.node.addresses())
      }
      return found
    }
    await carol.dht.announce(topic)
    expect(await find()).toEqual([toHex(carol.publicKey)])
    await carol.dht.unannounce(topic)
    expect(await find()).toEqual([])
  })

  it('a stream that is destroyed ends on both sides', async () => {
    const server = await listen(carol)
    const near = await alice.dht.connect(carol.publicKey)
    const far = await server.next()
    near.destroy()
    await expect(near.write(utf8('late'))).rejects.toMatchObject({ code: 'net.closed' })
    expect(await far.closed).toMatchObject({ code: 'net.reset' })
  })

  it('a peer that is not there, or no key, is an error that says so', async () => {
    const { publicKey } = await createRelayedDht.keyPair()
    await expect(alice.dht.connect(publicKey)).rejects.toMatchObject({ code: 'net.no-addresses' })
    await expect(alice.dht.connect(new Uint8Array(31))).rejects.toMatchObject({ code: 'net.malformed' })
  })

  it('a request that would hand over a secret key is refused, and nothing is sent', async () => {
    const pair = await dhtKeyPair()
    const own = { publicKey: alice.publicKey, secretKey: pair.secretKey }
    const refused = (reason: string): object => ({ code: 'net.refused', fields: { reason } })
    const before = relays[0].server.counts().requests
    const { dht } = alice
    await expect(dht.connect(bob.publicKey, { keyPair: own })).rejects.toMatchObject(refused('secret-key'))
    await expect(dht.connect(bob.publicKey, { keyPair: pair })).rejects.toMatchObject(refused('secret-key'))
    await expect(dht.connect(bob.publicKey, { custodial: true })).rejects.toMatchObject(refused('custodial'))
    const other = { keyPair: { publicKey: pair.publicKey } }
    await expect(dht.connect(bob.publicKey, other)).rejects.toMatchObject(refused('other-key'))
    await expect(dht.announce(topicOf('x'), own)).rejects.toMatchObject(refused('secret-key'))
    await expect(dht.unannounce(topicOf('x'), own)).rejects.toMatchObject(refused('secret-key'))
    await expect(dht.createServer(() => {}).listen(own)).rejects.toMatchObject(refused('secret-key'))
    expect(() => dht.createServer({ keyPair: own }, () => {})).toThrow(NetError)
    expect(() => createRelayedDht({ ...parts(alice), custodial: true })).toThrow(NetError)
    expect(() => createRelayedDht({ ...parts(alice), keyPair: pair })).toThrow(NetError)
    expect(relays[0].server.counts().requests).toBe(before)
    // The public half of the own key names nothing that is secret.
    await dht.announce(topicOf('x'), { publicKey: alice.publicKey })
    await dht.unannounce(topicOf('x'))
  })

  it('is over once destroyed, with its streams and announcements', async () => {
    const dave = await startPeer([relays[0]])
    const server = await listen(carol)
    const topic = topicOf('of dave')
    await dave.dht.announce(topic)
    const near = await dave.dht.connect(carol.publicKey)
    await server.next()
    await dave.dht.destroy()
    expect(await near.closed).toMatchObject({ code: 'net.closed' })
    await expect(dave.dht.connect(carol.publicKey)).rejects.toMatchObject({ code: 'net.closed' })
    expect(await alice.device.directory.lookup(topic)).toEqual([])
    await dave.device.stop()
  })
})

const parts = ({ device }: Peer): Parameters<typeof createRelayedDht>[0] => ({
  net: device.node,
  directory: device.directory,
  timers: realHost.timers,
  nonces,
})

describe('what a relay receives', () => {
  it('holds no private key of either peer in any form, and none of what they say', async () => {
    const recorder = createRelayRecorder()
    const relay = await startDhtRelay(recorder)
    const [alice, bob] = await Promise.all([startPeer([relay]), startPeer([relay])])
    const said = utf8('only for the two of us, all of this')
    const topic = topicOf('seen by the relay')
    try {
      const server = await listen(bob)
      await alice.dht.announce(topic)
      const near = await alice.dht.connect(bob.publicKey)
      await near.write(said)
      await near.end()
      const far = await server.next()
      expect(await readAll(far)).toEqual(said)
      await far.end()
      await near.closed
    } finally {
      await Promise.all([stopPeer(alice), stopPeer(bob)])
      await relay.stop()
    }

    const received = [...recorder.wire(), ...recorder.decrypted(), ...recorder.streams()]
    expect(recorder.wire().length).toBeGreaterThanOrEqual(2)
    expect(recorder.decrypted().length).toBeGreaterThanOrEqual(2)
    for (const { device } of [alice, bob])
      // Made as Ed25519 by the test.
      expect(foundIn(received, formsOfKey(device.key as Ed25519PrivateKey))).toEqual([])
    expect(foundIn(received, new Map([['said', said]]))).toEqual([])

    // The search does find what the relay was told, so it would have found a key.
    const told = new Map([
      ['topic', topic],
      ['alice', alice.publicKey],
      ['bob', bob.publicKey],
    ])
    expect(foundIn(recorder.streams(), told)).toEqual([...told.keys()])
    expect(foundIn(recorder.wire(), new Map([['topic', topic]]))).toEqual([])
  })

  it('would be found out if it held one', async () => {
    const device = await startDevice([])
    const key = device.key as Ed25519PrivateKey
    await device.stop()
    const forms = formsOfKey(key)
    const around = [0, 1, 2].map((n) => concat([new Uint8Array(n).fill(7), privateKeyToProtobuf(key)]))
    for (const bytes of around) {
      const base64 = utf8(Buffer.from(bytes).toString('base64'))
      expect(foundIn([base64], forms).length).toBeGreaterThan(0)
      expect(foundIn([utf8(Buffer.from(bytes).toString('base64url'))], forms).length).toBeGreaterThan(0)
      expect(foundIn([bytes], forms)).toContain('raw')
      expect(foundIn([utf8(toHex(bytes))], forms)).toContain('seed hex')
    }
  })
})
