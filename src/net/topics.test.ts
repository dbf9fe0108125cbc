import { describe, expect, it } from 'vitest'
import { toHex } from '../core/bytes.ts'
import { repoTopic, secretTopic } from './topics.ts'

describe('a topic', () => {
  it('of a public repo follows from its DID', () => {
    const { id, secret } = repoTopic('did:plc:ewvi7nxzyoun6zhxrhs64oiz')
    expect(toHex(id)).toBe('c5208e735807478996facc3c7a91b33be7eead4d292ce7efe497710335eafabc')
    expect(toHex(secret)).toBe('3e3fe5ead7395a4c6ee3cff025ffd10ff417d7def2ccc7a6218e091e8729f480')
  })

  it('of a secret follows from the secret', () => {
    const { id, secret } = secretTopic(Uint8Array.from({ length: 32 }, (_, index) => index))
    expect(toHex(id)).toBe('74a7eb398591029d603f49bcec193c4957a7413aadc458f67bf2b483386d4e22')
    expect(toHex(secret)).toBe('675741a11e108d1cd1890f719a01fe481da4447f84693ae2c99ed5c131debb20')
  })

  it('is made of nothing else', () => {
    expect(() => repoTopic('alice.example')).toThrow('did')
    expect(() => secretTopic(new Uint8Array(15))).toThrow('secret')
  })
})
