import { describe, expect, it } from 'vitest'
import { parseAccountName } from './input.ts'

const handle = { type: 'handle', handle: 'alice.test' }
const did = { type: 'did', did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz' }

describe('parseAccountName', () => {
  it.each([
    ['alice.test', handle],
    ['  @Alice.Test ', handle],
    ['\u202a@alice.test\u202c', handle],
    ['\u200balice.test\ufeff', handle],
    ['at://alice.test', handle],
    ['at://alice.test/app.bsky.feed.post/3k', handle],
    ['https://bsky.app/profile/alice.test', handle],
    ['https://bsky.app/profile/alice.test/post/3k?x=1#y', handle],
    ['https://bsky.app/profile/@alice.test/', handle],
    [did.did, did],
    [`at://${did.did}/app.bsky.actor.profile/self`, did],
    [`https://deer.social/profile/${did.did}`, did],
    ['https://bsky.app/profile/did%3Aplc%3Aewvi7nxzyoun6zhxrhs64oiz', did],
    ['did:web:localhost%3A2583', { type: 'did', did: 'did:web:localhost%3A2583' }],
  ])('reads %j', (input, expected) => {
    expect(parseAccountName(input)).toEqual(expected)
  })

  it.each([
    '',
    '@',
    'alice',
    'alice test',
    'https://bsky.app/',
    'https://bsky.app/profile/',
    'at://',
    'did:',
    'https://bsky.app/profile/%ff',
    'x'.repeat(10_000),
  ])('refuses %j', (input) => {
    expect(() => parseAccountName(input)).toThrowError(/pds.input-unsupported/)
  })
})
