import { describe, expect, it } from 'vitest'
import { verifyPlcLog } from './log.ts'

/**
 * Operations as the public directory holds them, signed by others' software: they pin our byte
 * encoding, hash and key order to the method as it is in use.
 */
const BLUESKY_ROTATION = [
  'did:key:zQ3shhCGUqDKjStzuDxPkTxN6ujddP4RkEKJJouJGRRkaLGbg',
  'did:key:zQ3shpKnbdPx3g3CmPf5cRVTPe1HtSwVn5ish3wSnDPQCbLJK',
]
const SIGNING = 'did:key:zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF'
const PDS = { atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: 'https://bsky.social' } }

/** The first two operations of did:plc:ewvi7nxzyoun6zhxrhs64oiz, atproto.com. */
const ATPROTO_COM = [
  {
    did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz',
    operation: {
      sig: 'lza4at_jCtGo_TYgL5PC1ZNP7lhF4DV8H50LWHhvdHcB143x1wEwqZ43xvV36Pws6OOnJLJrkibEUFDFqkhIhg',
      prev: null,
      type: 'plc_operation',
      services: PDS,
      alsoKnownAs: ['at://atprotocol.bsky.social'],
      rotationKeys: BLUESKY_ROTATION,
      verificationMethods: { atproto: SIGNING },
    },
    cid: 'bafyreibfvkh3n6odvdpwj54j4xxdsgnn4zo5utbyf7z7nfbyikhtygzjcq',
    nullified: false,
    createdAt: '2023-04-26T06:19:25.508Z',
  },
  {
    did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz',
    operation: {
      sig: 'lRDLz1RRcauzDos9LZ0Q5bi3YzJXbpgrUpZ51e__tdg89xYgHiWWtnKcrAJanBMkgW0uloD40TYWMVXyZWi4mw',
      prev: 'bafyreibfvkh3n6odvdpwj54j4xxdsgnn4zo5utbyf7z7nfbyikhtygzjcq',
      type: 'plc_operation',
      services: PDS,
      alsoKnownAs: ['at://atproto.com'],
      rotationKeys: BLUESKY_ROTATION,
      verificationMethods: { atproto: SIGNING },
    },
    cid: 'bafyreihljrd4zlm6egppxzwq52fgzdrh7hv2bkjnbgyjteqasmpjgqmryi',
    nullified: false,
    createdAt: '2023-04-26T17:16:46.827Z',
  },
]

/** The directory's first operation, in the legacy form. */
const PAUL = {
  did: 'did:plc:ragtjsm2j2vknwkz3zp4oxrd',
  operation: {
    sig: 'DyaPWDItkJnVkN1izINSW-fdjUzP9BkIKlD7SnzD5axfK_870ZZ-1EYcrQLQtP9VkWcp2cdbyIHprjPfeUs8WQ',
    prev: null,
    type: 'create',
    handle: 'paul.bsky.social',
    service: 'https://bsky.social',
    signingKey: 'did:key:zQ3shP5TBe1sQfSttXty15FAEHV1DZgcxRZNxvEWnPfLFwLxJ',
    recoveryKey: 'did:key:zQ3shhCGUqDKjStzuDxPkTxN6ujddP4RkEKJJouJGRRkaLGbg',
  },
  cid: 'bafyreieibu2mtgsovktnswo6l7dv4i4ztioutzpsy7wsasmbznzqxkpyje',
  nullified: false,
  createdAt: '2022-11-17T00:35:16.391Z',
}

describe('operations of the public directory', () => {
  it('verify in the current form', async () => {
    const verified = await verifyPlcLog('did:plc:ewvi7nxzyoun6zhxrhs64oiz', ATPROTO_COM)
    expect(verified.operations.map(({ signedBy }) => signedBy)).toEqual([
      BLUESKY_ROTATION[1],
      BLUESKY_ROTATION[1],
    ])
    expect(verified.signingKeys).toEqual([
      { didKey: SIGNING, from: Date.parse('2023-04-26T06:19:25.508Z'), until: undefined },
    ])
  })

  it('verify in the legacy form', async () => {
    const verified = await verifyPlcLog('did:plc:ragtjsm2j2vknwkz3zp4oxrd', [PAUL])
    expect(verified.signingKeys[0]?.didKey).toBe(PAUL.operation.signingKey)
    expect(verified.current).toMatchObject({ alsoKnownAs: ['at://paul.bsky.social'] })
  })
})
