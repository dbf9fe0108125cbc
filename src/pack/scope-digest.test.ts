import { expect, it } from 'vitest'
import { scopeDigest } from './scope-digest.ts'
import { sha256 } from './testing/sha256.ts'

it.each([
  [{ user_id: 'user-1' }, '7e9d282c035996d7c4abb067c12d053a0e97e3226c4506c93e5408e926e07108'],
  [
    { user_id: 'user-1', project_id: ['p2', 'p1'] },
    '19f20986092640253ee2b033ccb16404d8eb3abe9edefab34190f20c0b2c654d',
  ],
])('the digest of scopes %j', (scopes, digest) => {
  expect(scopeDigest(scopes, sha256)).toBe(digest)
})
