import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createClientAddress, createProxies, limitKey } from './client-address.ts'

/** The parts of a request that are looked at. */
const from = (remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage

describe('who asks', () => {
  const clientOf = createClientAddress(createProxies(['10.0.0.0/8', '2606:4700::/32']))
  it.each([
    ['198.51.100.4', undefined, '198.51.100.4'],
    ['::ffff:198.51.100.4', undefined, '198.51.100.4'],
    ['198.51.100.4', '203.0.113.9', '198.51.100.4'],
    ['127.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['::1', '1.2.3.4, 203.0.113.9', '203.0.113.9'],
    ['10.2.3.4', '2001:DB8::9', '2001:db8::9'],
    ['2606:4700::77', '[2001:db8::9]:443', '2001:db8::9'],
    ['127.0.0.1', 'nonsense', '127.0.0.1'],
    ['127.0.0.1', undefined, '127.0.0.1'],
  ])('a socket from %s that says %s is %s', (socket, told, client) => {
    expect(clientOf(from(socket, told === undefined ? {} : { 'x-forwarded-for': told }))).toBe(client)
  })

  it.each(['proxy', '10.0.0.0/33', '10.0.0.0/a', '::/129', '1.2.3.4/8/8'])('%s is no block', (block) => {
    expect(() => createProxies([block])).toThrow(RangeError)
  })

  it('limits count a /64 as one', () => {
    expect(limitKey('2001:db8:1:2:3::4')).toBe(limitKey('2001:db8:1:2:ffff::'))
    expect(limitKey('2001:db8::1')).not.toBe(limitKey('2001:db8:0:1::1'))
    expect(limitKey('203.0.113.9')).toBe('203.0.113.9')
  })
})
