import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { secretTopic, type Topic } from '../topics.ts'
import { topicToken } from './proof.ts'
import { createSharing } from './sharing.ts'
import { createNumbers32 } from './testing/world.ts'
import { TOKEN_BYTES } from './wire.ts'

const topicOf = (byte: number): Topic => secretTopic(new Uint8Array(32).fill(byte))
const byId = (...topics: Topic[]): Map<string, Topic> => new Map(topics.map((it) => [toHex(it.id), it]))
const nonce = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

function pair(limit = 100) {
  const next = createNumbers32(5)
  const randomBytes = (length: number) => Uint8Array.from({ length }, () => next() & 0xff)
  const side = (self: string, peer: string, ownNonce: Uint8Array, peerNonce: Uint8Array) =>
    createSharing({ self, peer, ownNonce, peerNonce, limit, randomBytes })
  return { a: side('a', 'b', nonce(1), nonce(2)), b: side('b', 'a', nonce(2), nonce(1)) }
}

describe('a topic token', () => {
  const topic = secretTopic(Uint8Array.from({ length: 32 }, (_, index) => index))
  const direction = { from: 'alice', to: 'bob', fromNonce: nonce(1), toNonce: nonce(2) }

  it('is a keyed hash over both peers and both nonces', () => {
    expect(toHex(topicToken(topic, direction))).toBe('9c88065f6235931cd9aa0d4d457e6c16')
    const back = { from: 'bob', to: 'alice', fromNonce: nonce(2), toNonce: nonce(1) }
    expect(toHex(topicToken(topic, back))).toBe('950ddfc2d28d349113231159729abc4c')
  })

  it('is another one for any other link, direction, peer or secret', () => {
    const tokens = [
      topicToken(topic, direction),
      topicToken({ ...topic, secret: nonce(0) }, direction),
      topicToken(topic, { ...direction, from: 'alic', to: 'ebob' }),
      topicToken(topic, { ...direction, to: 'mallory' }),
      topicToken(topic, { ...direction, fromNonce: nonce(3) }),
      topicToken(topic, { ...direction, toNonce: nonce(3) }),
      topicToken(topic, { ...direction, from: 'bob', to: 'alice' }),
    ].map(toHex)
    expect(new Set(tokens).size).toBe(tokens.length)
  })
})

describe('sharing', () => {
  it('finds what both sides have, and nothing else', () => {
    const { a, b } = pair()
    const [one, two, three] = [topicOf(1), topicOf(2), topicOf(3)]
    const fromA = a.ours(byId(one, two))
    const fromB = b.ours(byId(two, three))
    expect(a.theirs(fromB).added).toEqual([two])
    expect(b.theirs(fromA).added).toEqual([two])
    expect(a.topics()).toEqual([two])
    expect(b.topics()).toEqual([two])
  })

  it('finds a topic that one side joins later, told once', () => {
    const { a, b } = pair()
    const one = topicOf(1)
    b.theirs(a.ours(byId(one)))
    a.theirs(b.ours(byId()))
    const late = b.ours(byId(one))
    expect(late.added).toEqual([one])
    expect(a.theirs(late).added).toEqual([one])
  })

  it('takes as many topics as a side may have, whatever its first list was filled up with', () => {
    const { a, b } = pair(8)
    const topics = [1, 2, 3, 4, 5, 6, 7, 8].map(topicOf)
    a.theirs(b.ours(byId(...topics)))
    expect(b.theirs(a.ours(byId(...topics.slice(0, 5)))).added).toHaveLength(5)
    expect(b.theirs(a.ours(byId(...topics))).added).toHaveLength(3)
  })

  it('ends with a topic that one side leaves, and begins again', () => {
    const { a, b } = pair()
    const one = topicOf(1)
    b.theirs(a.ours(byId(one)))
    a.theirs(b.ours(byId(one)))
    const left = a.ours(byId())
    expect(left.removed).toEqual([one])
    expect(b.theirs(left).removed).toEqual([one])
    expect([...a.topics(), ...b.topics()]).toEqual([])
    const again = a.ours(byId(one))
    expect(again.added).toEqual([one])
    expect(b.theirs(again).added).toEqual([one])
  })

  it('is not taken in by tokens that are sent back', () => {
    const { a } = pair()
    const told = a.ours(byId(topicOf(1)))
    expect(a.theirs(told).added).toEqual([])
    expect(a.topics()).toEqual([])
  })

  it('hides how many topics there are', () => {
    const lengths = [0, 1, 5, 8, 9].map((count) => {
      const topics = Array.from({ length: count }, (_, index) => topicOf(index))
      return pair().a.ours(byId(...topics)).add.length / TOKEN_BYTES
    })
    expect(lengths).toEqual([8, 8, 8, 8, 16])
  })

  it('remembers no more than a peer may tell', () => {
    const { a } = pair(8)
    const many = new Uint8Array(9 * TOKEN_BYTES).map((_, index) => index)
    expect(() => a.theirs({ add: many, remove: new Uint8Array() })).toThrow('topics')
  })
})
