import { describe, expect, it } from 'vitest'
import { readKeepLink, writeKeepLink } from './keep-link.ts'

const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'

describe('a link to keep a copy by', () => {
  it('reads as it was written', () => {
    const link = writeKeepLink('https://cairn.example/library', {
      did: DID,
      relays: ['https://relay.example/', 'http://localhost:4680/'],
      peers: [PEER],
    })
    expect(link.url).toBe(
      `https://cairn.example/#/keep/${DID}?relay=https%3A%2F%2Frelay.example%2F&relay=http%3A%2F%2Flocalhost%3A4680%2F&peer=${PEER}`,
    )
    expect(readKeepLink(link.url)).toEqual({ did: DID, relays: link.relays, peers: [PEER] })
  })

  it('needs to name nothing but the account', () => {
    const link = writeKeepLink('https://cairn.example', { did: DID, relays: [], peers: [] })
    expect(readKeepLink(link.url)).toEqual({ did: DID, relays: [], peers: [] })
  })

  it('leaves out what is no relay and no peer', () => {
    expect(
      readKeepLink(`https://x.example/#/keep/${DID}?relay=javascript:alert(1)&peer=%00&relay=nonsense`),
    ).toEqual({ did: DID, relays: [], peers: [] })
  })

  it.each([
    'alice.example',
    DID,
    'https://cairn.example/#/keep/',
    'https://cairn.example/#/keep/did:nothing',
    'https://cairn.example/#/keep/%E0%A4%A',
    `https://cairn.example/#/join/${DID}`,
    `https://cairn.example/keep/${DID}`,
    '',
  ])('is not %s', (text) => expect(readKeepLink(text)).toBeUndefined())
})
