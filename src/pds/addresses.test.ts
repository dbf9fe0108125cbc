import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkUrl, refusalOf } from './addresses.ts'

const refusal = (text: string, allowLocal = false): string | undefined => refusalOf(new URL(text), allowLocal)

describe('addresses', () => {
  it.each([
    'https://bsky.social',
    'https://pds.cairn-test.org:8443/x',
    'https://8.8.8.8/',
    'https://172.15.0.1/',
    'https://172.32.0.1/',
    'https://100.63.0.1/',
    'https://100.128.0.1/',
    'https://[2606:4700::1111]/',
    'https://[2001:4860:4860::8888]/',
    'https://[2002:808:808::1]/',
    'https://locals.only.org/',
  ])('%s may be asked', (url) => {
    expect(refusal(url)).toBeUndefined()
    expect(checkUrl(url, false).href).toBe(new URL(url).href)
  })

  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f.0.0.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://017700000001/',
    'https://0177.0.0.1/',
    'https://127.0.0.1./',
    'https://①②⑦.0.0.1/',
    'https://0.0.0.0/',
    'https://0/',
    'https://10.1.2.3/',
    'https://100.64.0.1/',
    'https://169.254.169.254/',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://192.0.2.1/',
    'https://198.18.0.1/',
    'https://198.51.100.7/',
    'https://203.0.113.9/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::]/',
    'https://[::1]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:8.8.8.8]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::10.0.0.1]/',
    'https://[2002:7f00:1::]/',
    'https://[2002:c0a8:101::1]/',
    'https://[fe80::1]/',
    'https://[fec0::1]/',
    'https://[fc00::1]/',
    'https://[fd12:3456::1]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://[2001::1]/',
  ])('%s is private', (url) => {
    expect(refusal(url)).toBe('private-address')
  })

  it.each([
    'https://localhost/',
    'https://LOCALHOST./',
    'https://x.localhost/',
    'https://printer.local/',
    'https://printer.local./',
    'https://metadata.google.internal/',
    'https://router/',
    'https://nas.home.arpa/',
    'https://x.lan/',
  ])('%s is a local name', (url) => {
    expect(refusal(url)).toBe('local-name')
  })

  it('allows http and private addresses only on request, and other schemes never', () => {
    expect(refusal('http://bsky.social/')).toBe('scheme')
    expect(refusal('http://bsky.social/', true)).toBeUndefined()
    expect(refusal('http://127.0.0.1:2583/', true)).toBeUndefined()
    expect(refusal('https://[::1]/', true)).toBeUndefined()
    for (const url of [
      'ftp://bsky.social/',
      'file:///etc/passwd',
      'data:,x',
      'blob:https://x/y',
      'javascript:1',
    ]) {
      expect(refusal(url, true)).toBe('scheme')
    }
  })

  it('refuses credentials, endless URLs and what is no URL', () => {
    expect(refusal('https://me:secret@bsky.social/', true)).toBe('credentials')
    expect(refusal('https://me@bsky.social/')).toBe('credentials')
    expect(refusal(`https://bsky.social/${'x'.repeat(9000)}`)).toBe('too-long')
    for (const text of ['', 'bsky.social', 'https://', 'https://[::1', 'https://256.0.0.1/']) {
      expect(() => checkUrl(text, true)).toThrowError(/pds.address-refused .*reason=syntax/)
    }
  })

  it('gives one answer for every spelling of an IPv4 address', () => {
    fc.assert(
      fc.property(fc.ipV4Extended(), (address) => {
        const url = new URL(`https://${address}/`)
        const mapped = new URL(`https://[64:ff9b::${url.hostname}]/`)
        expect(refusalOf(mapped, false)).toBe(refusalOf(url, false))
      }),
    )
  })
})
