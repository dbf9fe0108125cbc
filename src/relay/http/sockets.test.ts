import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { defaultLimits } from '../limits.ts'
import { createStarted, metric } from '../testing/relays.ts'
import { listen } from './listen.ts'

const started = createStarted()
afterEach(() => started.close())

/** A client below HTTP; what it reads, it reads when it is told to. */
async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').pause()
  started.onClose(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}
const closed = (socket: Socket): Promise<unknown> => once(socket.resume(), 'close')

const listening = async (options: Partial<Parameters<typeof listen>[0]>) => {
  const refused: string[] = []
  const server = await listen({
    ...{ port: 0, host: '127.0.0.1', tls: undefined, limits: defaultLimits },
    ...{ isProxy: () => false, onRefused: () => refused.push('socket') },
    ...options,
  })
  started.onClose(() => server.close())
  return { port: server.port, refused }
}

describe('connections of one address', () => {
  it('are so many at once, whatever they do', async () => {
    const { port, refused } = await listening({ limits: { ...defaultLimits, socketsPerAddress: 2 } })
    const [first] = [await dial(port), await dial(port)]
    await closed(await dial(port))
    expect(refused).toEqual(['socket'])
    first.destroy()
    await expect
      .poll(async () => {
        const next = await dial(port)
        next.write('GET / HTTP/1.0\r\n\r\n')
        const parts: Buffer[] = []
        next.on('data', (part: Buffer) => parts.push(part))
        await closed(next)
        return Buffer.concat(parts).toString().split('\r\n', 1)[0]
      })
      .toBe('HTTP/1.1 503 Service Unavailable')
  })

  it('of a proxy are as many as it likes', async () => {
    const limits = { ...defaultLimits, socketsPerAddress: 2 }
    const { port, refused } = await listening({ limits, isProxy: (address) => address === '127.0.0.1' })
    for (let i = 0; i < 5; i++) await dial(port)
    expect(refused).toEqual([])
  })

  it('end when nothing moves', async () => {
    const { port } = await listening({ idleMs: 50 })
    const socket = await dial(port)
    await closed(socket)
    expect(socket.destroyed).toBe(true)
  })
})

describe('answers to one client of a proxy', () => {
  const relayWithApp = async () => {
    const dist = await started.folder()
    await mkdir(join(dist, 'assets'))
    await writeFile(join(dist, 'index.html'), '<!doctype html>')
    // More than the system takes for a client that reads nothing.
    await writeFile(join(dist, 'assets', 'large.png'), randomBytes(16 << 20))
    return started.relay({ dist, limits: { socketsPerAddress: 2 } })
  }
  const ask = (client: string, path = '/assets/large.png'): string =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${client}\r\n\r\n`
  const statusOf = async (port: number, client: string): Promise<number> => {
    const headers = { 'x-forwarded-for': client }
    return (await fetch(`http://127.0.0.1:${port}/`, { headers })).status
  }

  it('wait in so many places, and others are answered', async () => {
    const { port } = await relayWithApp()
    const slow = [await dial(port), await dial(port)]
    for (const socket of slow) {
      socket.write(ask('203.0.113.9'))
      await once(socket, 'readable')
    }
    expect([await statusOf(port, '203.0.113.9'), await statusOf(port, '203.0.113.10')]).toEqual([429, 200])
    for (const socket of slow) socket.destroy()
    await expect.poll(() => statusOf(port, '203.0.113.9')).toBe(200)
  })

  it('count until their connection is gone, also those behind others', async () => {
    const relay = await relayWithApp()
    for (let round = 1; round <= 3; round++) {
      const socket = await dial(relay.port)
      socket.write(ask('203.0.113.9') + ask('203.0.113.9', '/') + ask('203.0.113.9', '/'))
      await expect.poll(() => metric(relay, 'cairn_limited_total{limit="socketsPerAddress"}')).toBe(round)
      socket.destroy()
      await expect
        .poll(() => metric(relay, 'cairn_http_requests_total{route="app",status="200"}'))
        .toBe(2 * round)
    }
    expect(await statusOf(relay.port, '203.0.113.9')).toBe(200)
  })
})
