import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { listeningUrls, webSocketAddress, webSocketUrl } from './multiaddrs.ts'

describe('addresses', () => {
  it.each([
    ['https://relay.example.org/', '/dns/relay.example.org/tcp/443/tls/ws', 'wss://relay.example.org/'],
    ['http://relay.example.org/', '/dns/relay.example.org/tcp/80/ws', 'ws://relay.example.org/'],
    [
      'https://relay.example.org:8443/x/',
      '/dns/relay.example.org/tcp/8443/tls/ws',
      'wss://relay.example.org:8443/',
    ],
    ['http://localhost:4680/', '/dns4/localhost/tcp/4680/ws', 'ws://localhost:4680/'],
    ['http://192.168.1.7:4680/', '/ip4/192.168.1.7/tcp/4680/ws', 'ws://192.168.1.7:4680/'],
    ['http://[2606:4700::1]:4680/', '/ip6/2606:4700::1/tcp/4680/ws', 'ws://[2606:4700::1]:4680/'],
  ])('of %s and back', (url, address, socket) => {
    expect(webSocketAddress(new URL(url))).toBe(address)
    expect(webSocketUrl(multiaddr(address)).href).toBe(socket)
  })

  it('of a server on every interface are the addresses of each', () => {
    expect(listeningUrls('127.0.0.1', 80, false).map(String)).toEqual(['http://127.0.0.1/'])
    expect(listeningUrls('0.0.0.0', 4680, true).map(String)).toContain('https://127.0.0.1:4680/')
  })
})
