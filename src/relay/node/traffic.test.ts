import { multiaddr } from '@multiformats/multiaddr'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultLimits } from '../limits.ts'
import { createTraffic } from './traffic.ts'

describe('traffic', () => {
  let server: ReturnType<typeof createServer>
  const ends: Socket[] = []
  beforeAll(async () => {
    server = createServer((socket) => socket.on('error', () => socket.destroy()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    for (const socket of ends) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  async function pair(): Promise<[Socket, Socket]> {
    const { promise, resolve } = Promise.withResolvers<Socket>()
    server.once('connection', resolve)
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const inside = await promise
    ends.push(client, inside)
    return [client, inside]
  }
  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => socket.once('close', () => resolve()))
  async function receive(client: Socket, inside: Socket, bytes: number): Promise<void> {
    const want = inside.bytesRead + bytes
    client.write(new Uint8Array(bytes))
    while (inside.bytesRead < want) await new Promise((resolve) => inside.once('data', resolve))
  }

  it('ends an address that moves too much, and lets it in again after the hour', async () => {
    let now = 0
    const traffic = createTraffic({ ...defaultLimits, bytesPerAddressPerHour: 1000 }, () => now)
    const [client, inside] = await pair()
    inside.resume()
    traffic.add(inside, '203.0.113.5')
    await receive(client, inside, 400)
    expect(traffic.count()).toEqual([])
    expect(traffic.refusal('203.0.113.5')).toBeUndefined()
    await receive(client, inside, 700)
    const gone = closed(inside)
    expect(traffic.count()).toEqual([{ limit: 'bytesPerAddressPerHour', who: '203.0.113.5' }])
    await gone
    expect([traffic.refusal('203.0.113.5'), traffic.refusal('203.0.113.6')]).toEqual([
      'bytesPerAddressPerHour',
      undefined,
    ])
    expect([traffic.open, traffic.bytes]).toEqual([0, 1100])
    now = 3_600_000
    expect(traffic.refusal('203.0.113.5')).toBeUndefined()
  })

  it('begins its hour anew when the clock is set back: it would last for years', async () => {
    let now = 5 * 365 * 86_400_000
    const traffic = createTraffic({ ...defaultLimits, bytesPerHour: 1000 }, () => now)
    const [client, inside] = await pair()
    inside.resume()
    traffic.add(inside, '203.0.113.5')
    await receive(client, inside, 1100)
    traffic.count()
    expect(traffic.refusal('203.0.113.6')).toBe('bytesPerHour')
    now = 1000
    expect(traffic.refusal('203.0.113.6')).toBeUndefined()
  })

  it('ends all sockets of a peer id that moves too much, from whatever address', async () => {
    const traffic = createTraffic({ ...defaultLimits, bytesPerPeerPerHour: 1000 }, () => 0)
    const pairs = [await pair(), await pair(), await pair()] as const
    for (const [index, [, inside]] of pairs.entries()) {
      inside.resume()
      traffic.add(inside, `203.0.113.${index}`)
      const remote = multiaddr(`/ip4/127.0.0.1/tcp/${inside.remotePort ?? 0}/ws`)
      expect(traffic.clientOf(remote)).toBe(`203.0.113.${index}`)
      traffic.name(remote, index === 2 ? 'other' : 'greedy')
    }
    for (const [client, inside] of pairs) await receive(client, inside, 600)
    expect(traffic.count().map(({ limit, who }) => [limit, who])).toEqual([
      ['bytesPerPeerPerHour', 'greedy'],
      ['bytesPerPeerPerHour', 'greedy'],
    ])
    expect(pairs.map(([, inside]) => inside.destroyed)).toEqual([true, true, false])
  })

  it('counts open sockets of an address, and in all', async () => {
    const traffic = createTraffic({ ...defaultLimits, connections: 2, connectionsPerAddress: 1 }, () => 0)
    const [, first] = await pair()
    traffic.add(first, '2001:db8::1')
    expect(traffic.refusal('2001:db8:0:0::/64')).toBe('connectionsPerAddress')
    const [, second] = await pair()
    traffic.add(second, '203.0.113.1')
    expect(traffic.refusal('203.0.113.2')).toBe('connections')
    const gone = closed(second)
    second.destroy()
    await gone
    expect(traffic.refusal('203.0.113.1')).toBeUndefined()
  })
})
