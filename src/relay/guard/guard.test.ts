import { lookup as systemLookup } from 'node:dns'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAddressGuard } from './addresses.ts'
import type { Resolve } from './addresses.ts'
import { createDialGater, dialRefusal } from './dial.ts'
import { createGuardedFetch } from './fetch.ts'
import { openWebSocket } from './web-socket.ts'

/** A public-looking name whose name server points into the network it is asked from. */
const HOSTILE = 'repo.hostile.org'

/** Answers for `HOSTILE` with what a test says; the system's resolver for all else. */
const resolving =
  (...answers: string[]): Resolve =>
  (hostname, options, done) => {
    if (hostname !== HOSTILE) return systemLookup(hostname, options, done)
    done(
      null,
      answers.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }

let server: Server
let port: number
let asked: string[] = []
let connections = 0

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === '/away') response.writeHead(302, { location: 'http://10.0.0.1/secret' }).end()
    else if (request.url === '/round') response.writeHead(302, { location: '/round' }).end()
    else response.writeHead(200, { 'content-type': 'text/plain', 'x-two': ['a', 'b'] }).end('hello')
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

describe('a host as it is written', () => {
  const guard = createAddressGuard({ allowLocal: false })

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '192.168.1.1',
    '172.31.255.255',
    '100.64.0.1',
    '0.0.0.0',
    '2130706433',
    '0x7f.1',
    '::1',
    '[::1]',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '[::ffff:10.0.0.1]',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'localhost',
    'LOCALHOST.',
    'printer',
    'nas.local',
    'db.internal',
    'a b',
    '',
  ])('%s is refused', (host) => {
    expect(guard.refusal(host)).toBeDefined()
  })

  it.each(['93.184.215.14', 'example.org', '2606:4700::1111', '[2606:4700::1111]'])('%s is not', (host) => {
    expect(guard.refusal(host)).toBeUndefined()
  })

  it('what the operator named is let through, and nothing else', () => {
    const own = createAddressGuard({ allowLocal: false })
    own.allow('10.0.0.7')
    own.allow('[fd00::7]')
    expect([own.refusal('10.0.0.7'), own.refusal('fd00::7')]).toEqual([undefined, undefined])
    expect(own.refusal('10.0.0.8')).toBe('private-address')
  })
})

describe('a name that resolves to a private address', () => {
  it.each([['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['169.254.169.254'], ['93.184.215.14', '10.0.0.1']])(
    'to %s: no connection is made',
    async (...answers) => {
      const fetching = createGuardedFetch(
        createAddressGuard({ allowLocal: false, resolve: resolving(...answers) }),
      )
      const before = connections
      await expect(fetching(`http://${HOSTILE}:${port}/`, {})).rejects.toMatchObject({
        code: 'net.address-refused',
        fields: { address: HOSTILE },
      })
      expect(connections).toBe(before)
    },
  )

  it('the address that was checked is the one that is used: no second question', async () => {
    let questions = 0
    const guard = createAddressGuard({
      allowLocal: true,
      resolve: (hostname, options, done) => {
        questions++
        resolving(questions === 1 ? '127.0.0.1' : '10.0.0.1')(hostname, options, done)
      },
    })
    const response = await createGuardedFetch(guard)(`http://${HOSTILE}:${port}/`, {})
    expect([await response.text(), questions]).toEqual(['hello', 1])
  })

  it('holds for net.connect, which libp2p over TCP dials with', async () => {
    const { lookup } = createAddressGuard({ allowLocal: false, resolve: resolving('127.0.0.1') })
    const failed = await new Promise<Error>((resolve) => {
      connect({ host: HOSTILE, port, lookup }).on('error', resolve)
    })
    expect(failed).toMatchObject({ code: 'net.address-refused' })
  })

  it('holds for WebSockets', async () => {
    const guard = createAddressGuard({ allowLocal: false, resolve: resolving('127.0.0.1') })
    const before = connections
    const failed = await new Promise<Error>((resolve) => {
      openWebSocket(guard, `ws://${HOSTILE}:${port}/`).on('error', resolve)
    })
    expect(failed).toMatchObject({ code: 'net.address-refused' })
    expect(connections).toBe(before)
    expect(() => openWebSocket(guard, `ws://127.0.0.1:${port}/`)).toThrow(/net.address-refused/)
    expect(() => openWebSocket(guard, `http://example.org/`)).toThrow(/scheme/)
  })
})

describe('guarded fetch', () => {
  const own = createAddressGuard({ allowLocal: false })
  own.allow('127.0.0.1')
  const fetching = createGuardedFetch(own)
  const base = (path: string): string => `http://127.0.0.1:${port}${path}`

  it('answers as fetch does', async () => {
    const response = await fetching(base('/one?q=1'), { headers: { accept: 'text/plain' } })
    expect([response.status, response.url, response.headers.get('x-two')]).toEqual([
      200,
      base('/one?q=1'),
      'a, b',
    ])
    expect(await response.text()).toBe('hello')
    expect((await fetching(base('/'), { method: 'HEAD' })).body).toBeNull()
  })

  it('checks each redirect', async () => {
    asked = []
    await expect(fetching(base('/away'), {})).rejects.toMatchObject({
      code: 'net.address-refused',
      fields: { address: '10.0.0.1' },
    })
    const handed = await fetching(base('/away'), { redirect: 'manual' })
    expect([handed.status, handed.headers.get('location')]).toEqual([302, 'http://10.0.0.1/secret'])
    await handed.body?.cancel()
    await expect(fetching(base('/away'), { redirect: 'error' })).rejects.toThrow(/redirect/)
    await expect(fetching(base('/round'), {})).rejects.toThrow(/more than 5/)
    expect(asked.filter((path) => path === '/round')).toHaveLength(6)
  })

  it('is for reading, over http and https', async () => {
    await expect(fetching(base('/'), { method: 'POST' })).rejects.toThrow(/method POST/)
    await expect(fetching('ftp://example.org/', {})).rejects.toMatchObject({ fields: { reason: 'scheme' } })
  })

  it('ends with its signal', async () => {
    await expect(fetching(base('/'), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })
})

describe('dials', () => {
  const guard = createAddressGuard({ allowLocal: false })

  it.each([
    '/ip4/127.0.0.1/tcp/1/ws',
    '/ip4/10.0.0.1/tcp/4001',
    '/ip6/::1/tcp/1',
    '/ip6/::ffff:10.0.0.1/tcp/1',
    '/ip6zone/eth0/ip6/fe80::1/tcp/1',
    '/dns4/localhost/tcp/1/ws',
    '/dns/nas.local/tcp/443/tls/ws',
    '/unix/%2Ftmp%2Fsocket',
    '/dns4/example.org/tcp/443/tls/ws/p2p/12D3KooWRLT53ndwThY1d16ZDjE8DacE5NT1S259FfkWt5TzuY7z/p2p-circuit',
  ])('%s is refused', async (address) => {
    expect(await createDialGater(guard).denyDialMultiaddr?.(multiaddr(address))).toBe(true)
  })

  it.each(['/ip4/93.184.215.14/tcp/4001', '/dns4/example.org/tcp/443/tls/ws', '/dnsaddr/example.org'])(
    '%s is not',
    (address) => expect(dialRefusal(guard, multiaddr(address))).toBeUndefined(),
  )
})
