import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { createGater } from './gater.ts'
import { circuitTo, kindOf, pathOf, webrtcTo } from './multiaddrs.ts'

const RELAY = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const PEER = '12D3KooWJWEKvSFbben74C7H4YtKjhPMTDxd7gP7RtFzwhqTgCn9'

const denied = (address: string, allowLocal: boolean, secureOnly: boolean): unknown =>
  createGater({ allowLocal, secureOnly }).denyDialMultiaddr?.(multiaddr(address))

describe('a node may dial', () => {
  it.each([
    '/dns4/relay.example/tcp/443/tls/ws',
    '/dns4/relay.example/tcp/443/wss',
    '/ip4/93.184.215.14/tcp/443/tls/ws',
    `/dns4/relay.example/tcp/443/tls/ws/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`,
    `/dns4/relay.example/tcp/443/tls/ws/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`,
  ])('%s from everywhere', (address) => {
    expect(denied(address, false, true)).toBe(false)
  })

  it.each([
    '/ip4/127.0.0.1/tcp/1/tls/ws',
    '/ip4/10.1.2.3/tcp/1/tls/ws',
    '/ip4/192.168.1.1/tcp/1/tls/ws',
    '/ip4/169.254.169.254/tcp/80/tls/ws',
    '/ip6/::1/tcp/1/tls/ws',
    '/ip6/fe80::1/tcp/1/tls/ws',
    '/ip6/fd00::1/tcp/1/tls/ws',
    '/ip6/::ffff:7f00:1/tcp/1/tls/ws',
    '/dns4/localhost/tcp/1/tls/ws',
    '/dns4/LOCALHOST./tcp/1/tls/ws',
    '/dns4/nas.local/tcp/1/tls/ws',
    '/dns4/intranet/tcp/1/tls/ws',
    `/ip4/127.0.0.1/tcp/1/tls/ws/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`,
    `/ip4/127.0.0.1/tcp/1/tls/ws/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`,
  ])('%s only when it is at home there', (address) => {
    expect(denied(address, false, true)).toBe(true)
    expect(denied(address, false, false)).toBe(true)
    expect(denied(address, true, true)).toBe(false)
  })

  it('a WebSocket without TLS not from a page, but from Node', () => {
    const address = '/dns4/relay.example/tcp/80/ws'
    expect(denied(address, false, true)).toBe(true)
    expect(denied(`${address}/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`, false, true)).toBe(true)
    expect(denied(address, false, false)).toBe(false)
    expect(denied(address, true, true)).toBe(false)
  })
})

describe('an address', () => {
  const relay = `/dns4/relay.example/tcp/443/tls/ws/p2p/${RELAY}`
  it.each([
    [relay, 'plain', 'direct'],
    [`${relay}/p2p-circuit/p2p/${PEER}`, 'circuit', 'relayed'],
    [`${relay}/p2p-circuit/webrtc/p2p/${PEER}`, 'webrtc', 'direct'],
    [`/webrtc/p2p/${PEER}`, 'webrtc', 'direct'],
  ])('%s is %s and %s', (text, kind, path) => {
    expect(kindOf(multiaddr(text))).toBe(kind)
    expect(pathOf(multiaddr(text))).toBe(path)
  })

  it('by way of a relay gives the circuit and the WebRTC address', () => {
    for (const text of [`${relay}/p2p-circuit/p2p/${PEER}`, `${relay}/p2p-circuit/webrtc/p2p/${PEER}`]) {
      expect(String(circuitTo(multiaddr(text), PEER))).toBe(`${relay}/p2p-circuit/p2p/${PEER}`)
      expect(String(webrtcTo(multiaddr(text), PEER))).toBe(`${relay}/p2p-circuit/webrtc/p2p/${PEER}`)
    }
    expect(circuitTo(multiaddr(relay), PEER)).toBeUndefined()
    expect(webrtcTo(multiaddr(`/webrtc/p2p/${PEER}`), PEER)).toBeUndefined()
  })
})
