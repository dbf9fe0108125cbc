import { encode, toBytes } from '@atcute/cbor'
import { CidLinkWrapper } from '@atcute/cid'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_TEXT, recordTexts, searchText } from './text.ts'

const link = new CidLinkWrapper(Uint8Array.from([1, 0x55, 0x12, 32, ...new Uint8Array(32)]))

describe('the texts of a record', () => {
  it('are what a person may look for', () => {
    const record = {
      $type: 'app.bsky.feed.post',
      text: 'Grüße 👋',
      langs: ['de', 'en-GB'],
      createdAt: '2026-01-02T03:04:05.678Z',
      when: '2026-01-02T03:04Z',
      reply: {
        root: {
          uri: 'at://did:plc:abc/app.bsky.feed.post/3k',
          cid: 'bafyreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqcsgz7soitae',
        },
      },
      facets: [
        { features: [{ $type: 'x.y.z#link', uri: 'https://example.com/path' }, { did: 'did:plc:abc' }] },
      ],
      embed: {
        images: [{ alt: 'a cat', image: { $type: 'blob', ref: link, mimeType: 'image/png', size: 3 } }],
      },
      purpose: 'app.bsky.graph.defs#modlist',
      seal: toBytes(new TextEncoder().encode('not text')),
      tags: ['one', 'two'],
      nested: [[['deep']]],
      numbers: [1, -2, true, null],
    }
    expect(recordTexts(encode(record)).sort()).toEqual(
      ['Grüße 👋', 'https://example.com/path', 'a cat', 'one', 'two', 'deep'].sort(),
    )
  })

  it('are none in a like or a follow', () => {
    const like = {
      $type: 'app.bsky.feed.like',
      subject: {
        uri: 'at://did:plc:abc/app.bsky.feed.post/3k',
        cid: 'bafyreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqcsgz7soitae',
      },
      createdAt: '2026-01-02T03:04:05.678Z',
    }
    expect(searchText(recordTexts(encode(like)))).toBe('')
    expect(recordTexts(encode({ $type: 'app.bsky.graph.follow', subject: 'did:web:example.com' }))).toEqual(
      [],
    )
  })

  it('are bounded, and cut between characters', () => {
    const texts = recordTexts(encode({ a: '🪨'.repeat(MAX_TEXT), b: 'after' }))
    expect(texts.join('').length).toBeLessThanOrEqual(MAX_TEXT)
    expect(texts[0]?.startsWith('🪨🪨')).toBe(true)
    expect(texts.join('')).not.toContain('\ufffd')
    expect(
      recordTexts(encode({ list: Array.from({ length: 10_000 }, () => 'x') })).length,
    ).toBeLessThanOrEqual(4096)
  })

  it('of any bytes come without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const text of recordTexts(bytes)) expect(typeof text).toBe('string')
      }),
      { numRuns: 1000 },
    )
  })
})
