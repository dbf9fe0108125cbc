import { peerIdFromString } from '@libp2p/peer-id'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { rejection } from '../testing/net-compliance.ts'
import { startNode, startRelay, until } from '../testing/nodes.ts'
import type { CairnNode } from './create.ts'
import { compareLinks } from './links.ts'

const SMALL = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const LARGE = '12D3KooWJWEKvSFbben74C7H4YtKjhPMTDxd7gP7RtFzwhqTgCn9'

const toStop: { stop(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((one) => one.stop()))
})
const node = async (listen?: readonly string[]): Promise<CairnNode> => {
  const made = await startNode(listen)
  toStop.push(made)
  return made
}
const linksTo = (from: CairnNode, to: CairnNode): Connection[] =>
  from.libp2p.getConnections(peerIdFromString(to.self))

describe('of two connections to one peer', () => {
  /** The same connection as its two sides see it. */
  const both = (
    id: string,
    address: string,
    dialedBySmall: boolean,
    open: number,
  ): [Connection, Connection] => {
    const view = (remote: string, outbound: boolean): Connection =>
      ({
        id,
        remoteAddr: multiaddr(address),
        remotePeer: peerIdFromString(remote),
        direction: outbound ? 'outbound' : 'inbound',
        timeline: { open },
        // Only what the rule looks at.
      }) as Connection
    return [view(LARGE, dialedBySmall), view(SMALL, !dialedBySmall)]
  }
  const direct = '/ip4/192.0.2.1/tcp/1/ws'
  const relayed = `/ip4/192.0.2.1/tcp/1/ws/p2p/${SMALL}/p2p-circuit`
  it.each([
    ['direct before relayed', both('a', direct, false, 1), both('b', relayed, true, 2)],
    ['that over WebRTC before the circuit', both('a', '/webrtc', false, 1), both('b', relayed, true, 2)],
    ['that which the smaller id dialed', both('a', direct, true, 1), both('b', direct, false, 2)],
    ['the newer, when one side dialed both', both('a', direct, false, 2), both('b', direct, false, 1)],
  ])('both sides keep %s', (_, better, worse) => {
    expect(compareLinks(SMALL, better[0], worse[0])).toBeLessThan(0)
    expect(compareLinks(SMALL, worse[0], better[0])).toBeGreaterThan(0)
    expect(compareLinks(LARGE, better[1], worse[1])).toBeLessThan(0)
    expect(compareLinks(LARGE, worse[1], better[1])).toBeGreaterThan(0)
  })

  it('one is left after both sides dialed at once, the same on both', async () => {
    const [a, b] = await Promise.all([node(), node()])
    const serve = async (stream: { read(): Promise<unknown> }): Promise<void> => void (await stream.read())
    a.handle('/t', serve)
    b.handle('/t', serve)
    await Promise.all([
      a.libp2p.dial(b.libp2p.getMultiaddrs(), { force: true }),
      b.libp2p.dial(a.libp2p.getMultiaddrs(), { force: true }),
    ])
    await until(a, () => linksTo(a, b).length === 2)
    const [small] = [a, b].sort((x, y) => (x.self < y.self ? -1 : 1))
    await until(a, () => linksTo(a, b).length === 1)
    await until(b, () => linksTo(b, a).length === 1)
    for (const one of [a, b])
      expect(one.connections()).toMatchObject([{ direction: one === small ? 'outbound' : 'inbound' }])
    expect((await a.open(b.self, '/t')).path).toBe('direct')
  })

  it('the relayed one goes when a direct one came, once its streams are done', async () => {
    const relay = await startRelay()
    toStop.push(relay)
    const [a, b] = await Promise.all([node([]), node()])
    b.handle('/t', async (stream) => {
      for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read())
        await stream.write(chunk)
    })
    const own = b.addresses()
    b.setRelays([relay])
    await until(b, () => b.relays()[0]?.state === 'connected')
    const circuits = b.addresses().filter((address) => address.includes('/p2p-circuit'))
    const busy = await a.open(b.self, '/t', { addresses: circuits })
    expect(busy.path).toBe('relayed')
    expect(a.whyRelayed(b.self)).toBe('no-webrtc')

    await a.libp2p.dial(
      own.map((address) => multiaddr(address)),
      { force: true },
    )
    expect(a.connections().find(({ peer }) => peer === b.self)?.path).toBe('direct')
    expect(a.whyRelayed(b.self)).toBeUndefined()
    expect((await a.open(b.self, '/t')).path).toBe('direct')
    await busy.write(new Uint8Array([1]))
    expect(await busy.read()).toEqual(new Uint8Array([1]))
    expect(linksTo(a, b)).toHaveLength(2)
    await busy.closeWrite()
    expect(await busy.read()).toBeUndefined()
    await until(a, () => linksTo(a, b).length === 1)
    expect(linksTo(a, b)[0]?.remoteAddr.toString()).not.toContain('p2p-circuit')
  })
})

describe('a node', () => {
  it('counts what streams to a peer move, and forgets it with the connection', async () => {
    const [a, b] = await Promise.all([node([]), node()])
    b.handle('/t', async (stream) => {
      await stream.read()
      await stream.write(new Uint8Array(700))
    })
    const stream = await a.open(b.self, '/t', { addresses: b.addresses() })
    await stream.write(new Uint8Array(300))
    await stream.closeWrite()
    while ((await stream.read()) !== undefined);
    expect(a.traffic(b.self)).toEqual({ received: 700, sent: 300 })
    expect(b.traffic(a.self)).toEqual({ received: 300, sent: 700 })
    await a.hangUp(b.self)
    await until(a, () => a.connections().length === 0)
    expect(a.traffic(b.self)).toEqual({ received: 0, sent: 0 })
  })

  it('that stops fails its own streams with net.closed and those of others with net.reset', async () => {
    const [a, b] = await Promise.all([node([]), node()])
    const seen = Promise.withResolvers<unknown>()
    b.handle('/t', async (stream) => void (await stream.read().catch(seen.resolve)))
    const stream = await a.open(b.self, '/t', { addresses: b.addresses() })
    const reading = rejection(stream.read())
    await a.stop()
    expect(await reading).toMatchObject({ code: 'net.closed' })
    expect(await seen.promise).toMatchObject({ code: 'net.reset' })
    await expect(a.open(b.self, '/t')).rejects.toMatchObject({ code: 'net.closed' })
  })

  it('says when no address of a peer answers', async () => {
    const [a, gone] = await Promise.all([node([]), startNode()])
    const addresses = gone.addresses()
    await gone.stop()
    await expect(a.open(gone.self, '/t', { addresses })).rejects.toMatchObject({
      code: 'net.unreachable',
      fields: { peer: gone.self, tried: addresses.length },
    })
  })

  it('shares one dial between all who want the same peer', async () => {
    const [a, b] = await Promise.all([node([]), node()])
    b.handle('/t', async () => undefined)
    const addresses = b.addresses()
    await Promise.all(Array.from({ length: 20 }, () => a.open(b.self, '/t', { addresses })))
    expect(linksTo(a, b)).toHaveLength(1)
  })
})
