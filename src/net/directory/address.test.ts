import { expect, it } from 'vitest'
import { countedHost } from './address.ts'

it.each([
  ['/ip4/203.0.113.7/tcp/4001/ws', '203.0.113.7'],
  ['/ip4/127.0.0.1/tcp/4001', undefined],
  ['/ip6/2001:db8:1:2:3:4:5:6/tcp/4001', '2001:db8:1:2'],
  ['/ip6/2001:db8:1:2::9/tcp/4001', '2001:db8:1:2'],
  ['/ip6/2001:db8::1/tcp/4001', '2001:db8:0:0'],
  ['/ip6/::1/tcp/4001', undefined],
  ['/ip6/::ffff:203.0.113.7/tcp/4001', '203.0.113.7'],
  ['/ip6/::ffff:127.0.0.1/tcp/4001', undefined],
  ['/ip6/fe80::1%eth0/tcp/1', 'fe80:0:0:0'],
  ['/dns4/example.com/tcp/443', undefined],
  ['', undefined],
])('%s counts as %s', (address, host) => {
  expect(countedHost(address)).toBe(host)
})
