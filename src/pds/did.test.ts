import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeWithFixtures } from '../core/testing/fixtures.ts'
import { didMethod, didWebUrl } from './did-fetch.ts'
import { pdsOrigin, readDidDocument } from './did.ts'
import { PdsError } from './errors.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const KEY = 'zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF'
const method = { id: `${did}#atproto`, type: 'Multikey', controller: did, publicKeyMultibase: KEY }
const service = {
  id: '#atproto_pds',
  type: 'AtprotoPersonalDataServer',
  serviceEndpoint: 'https://pds.cairn-test.org',
}
const document = {
  id: did,
  alsoKnownAs: ['at://alice.test'],
  verificationMethod: [method],
  service: [service],
}

function refusal(value: unknown): unknown {
  try {
    return readDidDocument(did, value)
  } catch (error) {
    if (error instanceof PdsError) return { code: error.code, ...error.fields }
    throw error
  }
}

describe('readDidDocument', () => {
  it('finds handle, key and PDS', () => {
    expect(readDidDocument(did, document)).toEqual({
      did,
      handles: ['alice.test'],
      pds: 'https://pds.cairn-test.org',
      key: `did:key:${KEY}`,
      warnings: [],
    })
  })

  it('takes ids in their short and their full form, and the first of several', () => {
    const other = { ...service, serviceEndpoint: 'https://other.cairn-test.org' }
    const read = readDidDocument(did, {
      ...document,
      verificationMethod: [{ ...method, id: '#atproto' }],
      service: [{ ...service, id: '#other' }, { ...service, id: `${did}#atproto_pds` }, other],
    })
    expect([read.key, read.pds]).toEqual([`did:key:${KEY}`, 'https://pds.cairn-test.org'])
  })

  it('reads only handles from alsoKnownAs, in lowercase', () => {
    const alsoKnownAs = [
      'https://alice.test',
      'at://Alice.Test',
      7,
      'at://not a handle',
      'at://b.test/x',
      'at://c.test',
    ]
    expect(readDidDocument(did, { ...document, alsoKnownAs }).handles).toEqual(['alice.test', 'c.test'])
  })

  it.each<[string, Record<string, unknown>]>([
    ['another controller', { ...method, controller: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }],
    ['no controller', { ...method, controller: undefined }],
    ['an unknown type', { ...method, type: 'Ed25519VerificationKey2020' }],
    ['no key', { ...method, publicKeyMultibase: undefined }],
    ['a broken key', { ...method, publicKeyMultibase: `${KEY}x` }],
    ['a key that is text', { ...method, publicKeyMultibase: 'hello' }],
  ])('has no key with %s, and says so', (_name, bent) => {
    const read = readDidDocument(did, { ...document, verificationMethod: [bent] })
    expect([read.key, read.warnings]).toEqual([undefined, ['key-malformed']])
  })

  it.each([
    'ftp://pds.cairn-test.org',
    'pds.cairn-test.org',
    'https://pds.cairn-test.org/path',
    'https://pds.cairn-test.org/?x',
    'https://pds.cairn-test.org/#x',
    'https://me@pds.cairn-test.org',
    '',
    { uri: 'https://pds.cairn-test.org' },
  ])('has no PDS at %j, and says so', (serviceEndpoint) => {
    const read = readDidDocument(did, { ...document, service: [{ ...service, serviceEndpoint }] })
    expect([read.pds, read.warnings]).toEqual([undefined, ['pds-malformed']])
  })

  it('takes a service of another type for no PDS', () => {
    expect(
      readDidDocument(did, { ...document, service: [{ ...service, type: 'Other' }] }).pds,
    ).toBeUndefined()
  })

  it('may have nothing in it', () => {
    const nothing = { did, handles: [], pds: undefined, key: undefined, warnings: [] }
    expect(readDidDocument(did, { id: did })).toEqual(nothing)
    const empty = {
      id: did,
      alsoKnownAs: null,
      verificationMethod: [null, 1],
      service: [[]],
      authentication: null,
    }
    expect(readDidDocument(did, empty)).toEqual(nothing)
  })

  it.each([
    [null, 'not-an-object'],
    [[document], 'not-an-object'],
    ['text', 'not-an-object'],
    [{ ...document, id: undefined }, 'id'],
    [{ ...document, id: 'alice' }, 'id'],
    [{ ...document, service: {} }, 'service'],
    [{ ...document, verificationMethod: 'x' }, 'verificationMethod'],
    [{ ...document, alsoKnownAs: 'at://alice.test' }, 'alsoKnownAs'],
  ])('refuses %j', (value, reason) => {
    expect(refusal(value)).toEqual({ code: 'pds.did-document-malformed', did, reason })
  })

  it('refuses the document of another account', () => {
    const found = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
    expect(refusal({ ...document, id: found })).toEqual({ code: 'pds.did-mismatch', did, found })
  })

  it('fails on no input in an untyped way', () => {
    const field = fc.oneof(
      fc.jsonValue(),
      fc.array(fc.oneof(fc.constant(method), fc.constant(service), fc.jsonValue())),
    )
    const shape = fc.record({
      id: fc.constant(did),
      alsoKnownAs: field,
      verificationMethod: field,
      service: field,
    })
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), shape), (value) => void refusal(value)))
  })
})

describe('pdsOrigin', () => {
  it('keeps a port and drops a slash at the end', () => {
    expect(pdsOrigin('http://localhost:2583/')).toBe('http://localhost:2583')
    expect(pdsOrigin('https://PDS.Cairn-Test.org:443')).toBe('https://pds.cairn-test.org')
  })
})

describe('DID methods', () => {
  it('are plc and web', () => {
    expect(didMethod(did)).toBe('plc')
    expect(didMethod('did:web:alice.cairn-test.org')).toBe('web')
    for (const other of [
      'did:key:z6Mk',
      'did:plc:short',
      `${did}0`,
      'did:plc:EWVI7NXZYOUN6ZHXRHS64OIZ',
      'alice',
      '',
    ]) {
      expect(() => didMethod(other)).toThrowError(/pds.did-unsupported/)
    }
  })

  it('did:web is a host name, with a port on localhost alone', () => {
    expect(didWebUrl('did:web:alice.cairn-test.org', false)).toBe(
      'https://alice.cairn-test.org/.well-known/did.json',
    )
    expect(didWebUrl('did:web:localhost%3A2583', true)).toBe('http://localhost:2583/.well-known/did.json')
    expect(didWebUrl('did:web:localhost', true)).toBe('http://localhost/.well-known/did.json')
    const refused = [
      'did:web:localhost%3A2583',
      'did:web:alice.cairn-test.org%3A8080',
      'did:web:alice.cairn-test.org:user',
      'did:web:127.0.0.1',
      'did:web:a%2Fb.org',
      'did:web:me%40host.org',
    ]
    for (const web of refused) expect(() => didWebUrl(web, false)).toThrowError(/pds.did-unsupported/)
  })
})

describeWithFixtures('DID documents of others', (dir) => {
  const load = (path: string): unknown => JSON.parse(readFileSync(join(dir, path), 'utf8'))
  const folder = 'indigo/atproto/identity/testdata'

  it('are read in the current and the 2019 form, to the same key', () => {
    const current = readDidDocument(did, load(`${folder}/did_plc_doc.json`))
    const legacy = readDidDocument(did, load(`${folder}/did_plc_doc_legacy.json`))
    expect(current).toEqual({
      did,
      handles: ['atproto.com'],
      pds: 'https://bsky.social',
      key: `did:key:${KEY}`,
      warnings: [],
    })
    expect(legacy).toEqual(current)
  })

  it('are read without an account in them', () => {
    const web = 'did:web:discover.bsky.social'
    const read = readDidDocument(web, load(`${folder}/did_web_doc.json`))
    expect(read).toEqual({ did: web, handles: [], pds: undefined, key: undefined, warnings: [] })
  })

  it('are read as a PDS of 2023 wrote them', () => {
    const alice = 'did:plc:omnhei3zzpwuvpvmc7y4xqsz'
    const read = readDidDocument(alice, load('cars/testpds-alice-plc.json'))
    expect(read).toMatchObject({ handles: ['alice.test'], pds: 'http://localhost:2583', warnings: [] })
    expect(read.key).toMatch(/^did:key:zQ3sh/)
  })
})
