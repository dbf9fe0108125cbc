import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { reachOf, requestOrigin } from './origin.ts'

/** The parts of a request that are looked at. */
const from = (remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage

describe('how far an address reaches', () => {
  it.each([
    ['https://relay.cairn.org/', 'anyone'],
    ['https://192.168.1.7/', 'this-network'],
    ['https://nas.local/', 'this-network'],
    ['http://192.168.1.7:4680/', 'insecure'],
    ['http://relay.cairn.org/', 'insecure'],
    ['http://localhost:4680/', 'this-device'],
    ['https://127.0.0.1/', 'this-device'],
    ['http://[::1]:4680/', 'this-device'],
  ])('%s: %s', (url, reach) => expect(reachOf(new URL(url))).toBe(reach))

  it('comes from the Host header, if that is one', () => {
    const fallback = new URL('http://localhost:1/')
    const origin = (headers: Record<string, string>, secure = false) =>
      requestOrigin(from('127.0.0.1', headers), secure, fallback).href
    expect(origin({ host: '192.168.1.7:4680' })).toBe('http://192.168.1.7:4680/')
    expect(origin({ host: '[2001:db8::1]:4680' }, true)).toBe('https://[2001:db8::1]:4680/')
    expect(origin({ host: 'relay.cairn.org', 'x-forwarded-proto': 'https' })).toBe('https://relay.cairn.org/')
    for (const host of ['', 'a b', 'user@host', 'host/path', 'host:99999', '"><script>']) {
      expect([host, origin({ host })]).toEqual([host, fallback.href])
    }
  })
})
