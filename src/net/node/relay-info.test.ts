import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchRelayInfo } from './relay-info.ts'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const OTHER = '12D3KooWJWEKvSFbben74C7H4YtKjhPMTDxd7gP7RtFzwhqTgCn9'
const good = {
  peerId: PEER,
  multiaddrs: [`/dns4/relay.example/tcp/443/tls/ws/p2p/${PEER}`],
  version: '1.2.3',
  store: { admission: 'open' },
  limits: { reservations: 100, perPeer: { bytes: 1 } },
  shareable: false,
}

describe('the description of a relay', () => {
  let answer: { status: number; body: string } = { status: 200, body: '' }
  let asked = ''
  let url = ''
  const server = createServer((request, response) => {
    asked = request.url ?? ''
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
  })
  beforeAll(
    () =>
      new Promise<void>((resolve) =>
        server.listen(0, '127.0.0.1', () => {
          // A TCP server that listens has such an address.
          url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
          resolve()
        }),
      ),
  )
  afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())))

  const say = (body: unknown, status = 200): void => {
    answer = { status, body: typeof body === 'string' ? body : JSON.stringify(body) }
  }

  it('is read from under its web address', async () => {
    say(good)
    expect(await fetchRelayInfo(fetch, url)).toEqual(good)
    expect(asked).toBe('/relay.json')
    const { shareable: _, ...silent } = { ...good, store: null }
    say(silent)
    expect(await fetchRelayInfo(fetch, `${url}/under/a/path`)).toEqual({ ...silent, shareable: true })
    expect(asked).toBe('/under/a/path/relay.json')
  })

  it('names its peer in every address', async () => {
    say({
      ...good,
      multiaddrs: ['/ip4/192.0.2.1/tcp/4001/ws', 'no address', `/ip4/192.0.2.2/tcp/1/ws/p2p/${OTHER}`],
    })
    expect((await fetchRelayInfo(fetch, url)).multiaddrs).toEqual([`/ip4/192.0.2.1/tcp/4001/ws/p2p/${PEER}`])
  })

  it('names STUN servers, or that none is to be asked, or says nothing of them', async () => {
    const servers = Array.from({ length: 7 }, (_, i) => `stun:stun${i}.example:3478`)
    const bad = ['turn:a:1', 'https://a', 'stun:a/b', 'stun:u@a', 'stun:a:0', `stun:${'x'.repeat(300)}`, '']
    const stun = async (value: unknown) => {
      say({ ...good, stun: value })
      return (await fetchRelayInfo(fetch, url)).stun
    }
    expect(await stun([...bad, ...servers])).toEqual(servers.slice(0, 6))
    expect(await stun(['stuns:[2001:db8::1]:5349'])).toEqual(['stuns:[2001:db8::1]:5349'])
    expect(await stun([])).toEqual([])
    expect(await stun(undefined)).toBeUndefined()
    await expect(stun('stun:a:1')).rejects.toMatchObject({ fields: { reason: 'shape' } })
  })

  it.each([
    ['shape', { ...good, peerId: 7 }],
    ['shape', { ...good, multiaddrs: [] }],
    ['shape', { ...good, store: true }],
    ['shape', []],
    ['json', '<!doctype html>'],
    ['addresses', { ...good, multiaddrs: ['nowhere'] }],
    ['too-large', { ...good, version: 'x'.repeat(70_000) }],
  ])('is refused for its %s', async (reason, body) => {
    say(body)
    await expect(fetchRelayInfo(fetch, url)).rejects.toMatchObject({
      code: 'net.relay-invalid',
      fields: { url, reason },
    })
  })

  it('is refused when the server has none, or the address is none', async () => {
    say('gone', 404)
    await expect(fetchRelayInfo(fetch, url)).rejects.toMatchObject({ fields: { reason: 'status-404' } })
    for (const bad of ['', 'relay.example', 'ftp://relay.example', 'https://'])
      await expect(fetchRelayInfo(fetch, bad)).rejects.toMatchObject({ fields: { reason: 'url' } })
  })

  it('cannot be had when nothing answers, or when it is cancelled', async () => {
    await expect(fetchRelayInfo(fetch, 'http://127.0.0.1:1')).rejects.toMatchObject({
      code: 'net.unreachable',
    })
    await expect(fetchRelayInfo(fetch, url, AbortSignal.abort())).rejects.toMatchObject({
      code: 'net.cancelled',
    })
  })
})
