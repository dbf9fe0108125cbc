import { multiaddr } from '@multiformats/multiaddr'
import { writeFile } from 'node:fs/promises'
import { createServer, request as send } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { addressOf, createStarted, describeAt } from './testing/relays.ts'
import { testCertificate, testKey } from './testing/tls.ts'

const started = createStarted()
afterEach(() => started.close())

/**
 * A reverse proxy as one would set it up: `/cairn/` goes to the relay with the path taken away, WebSockets
 * of every path go there too, and it says for whom it asks.
 */
async function startProxy(options: {
  readonly strip: boolean
  readonly client: string
}): Promise<{ url: URL; to(port: number): void }> {
  let target = 0
  const told = (request: IncomingMessage) => ({
    ...request.headers,
    'x-forwarded-for': [request.headers['x-forwarded-for'], options.client].filter(Boolean).join(', '),
    'x-forwarded-proto': 'http',
  })
  const inner = (request: IncomingMessage): string =>
    options.strip ? (request.url ?? '').replace(/^\/cairn/, '') || '/' : (request.url ?? '')
  const server = createServer((request, response) => {
    if (!request.url?.startsWith('/cairn/')) return void response.writeHead(404).end('another site')
    const onward = send(
      {
        host: '127.0.0.1',
        port: target,
        path: inner(request),
        method: request.method,
        headers: told(request),
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  server.on('upgrade', (request, socket, head) => {
    const onward = connect(target, '127.0.0.1', () => {
      const lines = Object.entries(told(request)).map(([name, value]) => `${name}: ${String(value)}`)
      onward.write(`${request.method} ${inner(request)} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      onward.write(head)
      socket.pipe(onward).pipe(socket)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  started.onClose(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}/cairn/`),
    to: (inside) => {
      target = inside
    },
  }
}

const addressIn = (url: URL, peer: string) => multiaddr(`/ip4/127.0.0.1/tcp/${url.port}/ws/p2p/${peer}`)

describe('behind a reverse proxy with a path', () => {
  it.each([true, false])('that takes the path away: %s', async (strip) => {
    const proxy = await startProxy({ strip, client: '203.0.113.9' })
    const relay = await started.relay({ publicUrl: proxy.url, dataDir: await started.folder() })
    proxy.to(relay.port)
    expect(relay.url).toBe(proxy.url.href)
    expect((await fetch(new URL('healthz', proxy.url))).status).toBe(200)
    const description = await describeAt(relay.url)
    expect(description.multiaddrs).toEqual([`/ip4/127.0.0.1/tcp/${proxy.url.port}/ws/p2p/${relay.peerId}`])
    const client = await started.client([`${description.multiaddrs[0] ?? ''}/p2p-circuit`])
    expect(client.getConnections().map((one) => one.remotePeer.toString())).toEqual([relay.peerId])
  })

  it('limits count who asks the proxy, not the proxy', async () => {
    const mine = await startProxy({ strip: true, client: '203.0.113.9' })
    const theirs = await startProxy({ strip: true, client: '198.51.100.4' })
    const relay = await started.relay({
      limits: { requestsPerMinutePerAddress: 1, connectionsPerAddress: 1 },
    })
    mine.to(relay.port)
    theirs.to(relay.port)
    const ask = async (url: URL, headers: Record<string, string> = {}): Promise<number> =>
      (await fetch(new URL('relay.json', url), { headers })).status
    expect([await ask(mine.url), await ask(mine.url), await ask(theirs.url)]).toEqual([200, 429, 200])
    // What a client writes itself stands before what the proxy adds.
    expect(await ask(mine.url, { 'x-forwarded-for': '192.0.2.77' })).toBe(429)
    const address = (url: URL) => addressIn(url, relay.peerId)
    await (await started.client()).dial(address(mine.url))
    await expect((await started.client()).dial(address(mine.url))).rejects.toBeDefined()
    await (await started.client()).dial(address(theirs.url))
  })
})

describe('TLS of its own', () => {
  it('serves https and wss on the one port, and reads new files', async () => {
    const folder = await started.folder()
    const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    await writeFile(tls.cert, testCertificate)
    await writeFile(tls.key, testKey)
    const known = getCACertificates('default')
    setDefaultCACertificates([...known, testCertificate])
    started.onClose(() => setDefaultCACertificates(known))
    const relay = await started.relay({ tls })
    expect(relay.url).toBe(`https://localhost:${relay.port}/`)
    const address = await addressOf(relay.url)
    expect(address.toString()).toBe(`/dns4/localhost/tcp/${relay.port}/tls/ws/p2p/${relay.peerId}`)
    const connection = await (await started.client()).dial(address)
    expect(connection.remotePeer.toString()).toBe(relay.peerId)
    await relay.reloadTls()
    expect((await fetch(new URL('healthz', relay.url))).status).toBe(200)
    await writeFile(tls.cert, 'no certificate')
    await expect(relay.reloadTls()).rejects.toThrow(/PEM/)
    expect((await fetch(new URL('healthz', relay.url))).status).toBe(200)
    await expect(fetch(`http://localhost:${relay.port}/healthz`)).rejects.toThrow(/fetch failed/)
  })
})
