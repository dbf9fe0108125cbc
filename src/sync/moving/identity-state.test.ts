import { describe, expect, it } from 'vitest'
import { readDidDocument } from '../../pds/did.ts'
import type { PlcState } from '../../pds/plc/operation.ts'
import { makePrivateKey } from '../../pds/plc/private-key.ts'
import { readRecommended, stateWith, webDocument } from './identity-state.ts'

const [own, server, signing, label] = Array.from({ length: 4 }, () => makePrivateKey().didKey) as [
  string,
  string,
  string,
  string,
]
const pds = 'https://new.example.org'
const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const change = {
  ownKeys: [own],
  serverKeys: [server],
  signingKey: signing,
  pds,
  handle: 'me.new.example.org',
}

const before: PlcState = {
  rotationKeys: ['did:key:zold'],
  verificationMethods: new Map([
    ['atproto', 'did:key:zold'],
    ['atproto_label', label],
  ]),
  alsoKnownAs: ['at://me.old.example.org', 'https://me.example.org'],
  services: new Map([
    ['atproto_pds', { type: 'AtprotoPersonalDataServer', endpoint: 'https://old.example.org' }],
    ['atproto_labeler', { type: 'AtprotoLabeler', endpoint: 'https://label.example.org' }],
  ]),
}

describe('the identity at another server', () => {
  it('has the person’s own keys first, and keeps what the move is not about', () => {
    const state = stateWith(before, change, did)
    expect(state.rotationKeys).toEqual([own, server])
    expect(state.alsoKnownAs).toEqual(['at://me.new.example.org', 'https://me.example.org'])
    expect(Object.fromEntries(state.verificationMethods)).toEqual({ atproto: signing, atproto_label: label })
    expect(state.services.get('atproto_pds')?.endpoint).toBe(pds)
    expect(state.services.get('atproto_labeler')).toEqual(before.services.get('atproto_labeler'))
  })

  it('lists no key twice, and not more than can be listed', () => {
    expect(stateWith(before, { ...change, ownKeys: [own, server] }, did).rotationKeys).toEqual([own, server])
    const ownKeys = Array.from({ length: 5 }, () => makePrivateKey().didKey)
    expect(() => stateWith(before, { ...change, ownKeys }, did)).toThrow(/keys-full/)
  })

  it('as a document says the same, and keeps the rest of the one that is published', () => {
    const web = 'did:web:me.example.org'
    const published = {
      id: web,
      alsoKnownAs: ['https://me.example.org', 'at://old.example.org'],
      verificationMethod: [
        { id: `${web}#atproto`, type: 'Multikey' },
        { id: `${web}#other`, type: 'Multikey' },
      ],
      service: [
        { id: '#atproto_pds', type: 'AtprotoPersonalDataServer' },
        { id: '#mine', type: 'Mine' },
      ],
      controller: [web],
    }
    const document = webDocument(web, published, change)
    expect(readDidDocument(web, document)).toMatchObject({ pds, key: signing, handles: [change.handle] })
    expect(document).toMatchObject({ controller: [web] })
    expect(document['alsoKnownAs']).toEqual([`at://${change.handle}`, 'https://me.example.org'])
    expect(JSON.stringify(document)).toContain('#mine')
    expect(JSON.stringify(document)).toContain('#other')
    // nothing published yet, or something that is none
    for (const nothing of [undefined, 'x', [], { service: 'x', verificationMethod: 3 }]) {
      expect(readDidDocument(web, webDocument(web, nothing, change))).toMatchObject({ pds, key: signing })
    }
  })
})

describe('what a server recommends', () => {
  const sound = {
    rotationKeys: [server],
    verificationMethods: { atproto: signing },
    services: { atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: pds } },
    alsoKnownAs: ['at://me.new.example.org'],
  }

  it('is read', () => {
    expect(readRecommended(sound, pds, true)).toEqual({ rotationKeys: [server], signingKey: signing })
  })

  it.each([
    ['leads elsewhere', { services: { atproto_pds: { type: 'x', endpoint: 'https://evil.example' } } }],
    ['has no service', { services: {} }],
    ['has no key', { verificationMethods: {} }],
    ['has a broken key', { verificationMethods: { atproto: 'did:key:z123' } }],
    ['has a broken rotation key', { rotationKeys: ['did:key:z123'] }],
    ['has no rotation key', { rotationKeys: [] }],
  ])('is refused when it %s', (_name, bent) => {
    expect(() => readRecommended({ ...sound, ...bent }, pds, true)).toThrow(/moving.refused/)
  })
})
