import { describe, expect, it } from 'vitest'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { toHex, utf8 } from '../../core/bytes.ts'
import { formatTid } from '../../core/tid.ts'
import { encodeMessage } from '../../net/messages.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { compareHeads } from './client.ts'
import { bucketOf, createBucketDigests, type HeadWord } from './digest.ts'
import { ANSWER_BYTES, MAX_IDS } from './protocol.ts'
import { holding, withPair } from './testing/digest-kit.ts'

const START = Date.UTC(2026, 0, 1) * 1000
const revOf = (minutes: number): string => formatTid(START + minutes * 60_000_000, 7)
const headOf = (id: string, minutes: number): HeadWord => ({
  id,
  rev: revOf(minutes),
  commit: cidString(CODEC_DAG_CBOR, sha256(utf8(`${id} ${minutes}`))),
})
const didOf = (i: number): string => `did:plc:${i.toString(36).padStart(24, '0')}`
const GROUP = 'at://did:plc:group/space/app.cairn.space/one'
const memberOf = (i: number): string => `${GROUP}/did:key:zDnae${i.toString(36).padStart(42, '0')}`

const allOf = (heads: Iterable<HeadWord>): Map<string, HeadWord> =>
  new Map([...heads].map((head) => [head.id, head]))

describe('a digest', () => {
  const [a, b] = [headOf(didOf(1), 1), headOf(didOf(2), 2)]
  const of = (...heads: HeadWord[]): Uint8Array => {
    const digests = createBucketDigests(1, sha256)
    for (const head of heads) digests.add(0, head)
    return digests.bytes
  }

  it('does not depend on the order, and has every head, however often it comes', () => {
    expect(of(a, b)).toEqual(of(b, a))
    expect(of(a, a)).not.toEqual(of())
    expect(of(a, b)).not.toEqual(of(a))
  })

  it('is another for each part of a head', () => {
    const posts = { nsid: 'app.bsky.feed.post', rev: a.rev }
    const likes = { nsid: 'app.bsky.feed.like', rev: a.rev }
    const others: HeadWord[] = [
      { ...a, id: b.id },
      { ...a, rev: b.rev },
      { ...a, commit: b.commit },
      { ...a, collections: [] },
      { ...a, collections: [posts] },
      { ...a, collections: [{ ...posts, rev: b.rev }] },
      { ...a, collections: [posts, likes] },
    ]
    expect(new Set([a, ...others].map((it) => of(it).toString())).size).toBe(others.length + 1)
    expect(of({ ...a, collections: [posts, likes] })).toEqual(of({ ...a, collections: [likes, posts] }))
  })

  it('of a head is known', () => {
    const head = {
      id: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz',
      rev: '3lmztkjyh2k2a',
      commit: 'bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454',
    }
    const request = encodeMessage({ type: 'list', ids: [head.id], digests: of(head) })
    // As it stands in docs/protocols.md.
    expect(toHex(request)).toBe(
      'a3636964738178206469643a706c633a65777669376e787a796f756e367a687872687336346f697a6474797065646c6973746764696765737473' +
        '50359cd3d9098ea1723072b1ea1656d68e',
    )
  })

  it('is the sum, modulo 2^128, of the first bytes of their hashes', () => {
    const hashes = [a, b].map((it) =>
      sha256(utf8(['cairn/head-digest/1', it.id, it.rev, it.commit].join('\0'))),
    )
    const numberOf = (bytes: Uint8Array): bigint =>
      bytes.slice(0, 16).reduceRight((all, byte) => all * 256n + BigInt(byte), 0n)
    const sum = hashes.reduce((all, hash) => all + numberOf(hash), 0n) % 2n ** 128n
    expect(numberOf(of(a, b))).toBe(sum)
  })

  it('puts a member into the bucket of its first bits', () => {
    for (let i = 0; i < 50; i++) {
      const [first = 0, second = 0] = sha256(utf8(memberOf(i)))
      expect(bucketOf(memberOf(i), 8, sha256)).toBe(first)
      expect(bucketOf(memberOf(i), 12, sha256)).toBe((first << 4) | (second >> 4))
      expect(bucketOf(memberOf(i), 0, sha256)).toBe(0)
    }
  })
})

describe('heads that are compared', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))('are those that the peer holds (%i)', (seed) => {
    const prng = createPrng(`digests ${seed}`)
    const isGroup = prng.chance(0.4)
    const idOf = isGroup ? memberOf : didOf
    const count = isGroup ? MAX_IDS + 1 + prng.int(1500) : 1 + prng.int(1200)
    const differs = prng.pick([0, 0.001, 0.02, 0.5, 1])
    const expected = new Map<string, HeadWord | undefined>()
    const theirs = new Map<string, HeadWord>()
    for (let i = 0; i < count; i++) {
      const id = idOf(i)
      const head = prng.chance(0.95) ? headOf(id, prng.int(10)) : undefined
      expected.set(id, head)
      const held = !prng.chance(differs)
        ? head
        : prng.chance(0.3)
          ? undefined
          : prng.chance(0.2)
            ? { ...headOf(id, 20), collections: [{ nsid: 'app.bsky.feed.post', rev: revOf(3) }] }
            : headOf(id, prng.int(30))
      if (held !== undefined) theirs.set(id, held)
    }
    // What only the other side knows of.
    const more = Array.from({ length: prng.int(50) }, (_, i) => headOf(idOf(count + i), 1))
    return withPair(holding(allOf([...theirs.values(), ...more]), GROUP), async ({ compare }) => {
      const found = await compare(expected, isGroup ? { group: GROUP } : {})
      expect([...found.keys()]).toEqual([...expected.keys()])
      for (const [id, head] of found) expect(head, id).toEqual(theirs.get(id))
    })
  })

  it('cost one exchange and some KB for 50 repos where nothing changed', () => {
    const heads = allOf(Array.from({ length: 50 }, (_, i) => headOf(didOf(i), i)))
    return withPair(holding(heads), async ({ compare, sent, came, requests }) => {
      expect(await compare(heads)).toEqual(heads)
      expect(requests()).toHaveLength(1)
      expect(sent()).toBeLessThan(3 * 1024)
      expect(came()).toBeLessThan(64)
    })
  })

  it('cost one exchange and less than 64 KB for a group of 10,000 where nothing changed', () => {
    const heads = allOf(Array.from({ length: 10_000 }, (_, i) => headOf(memberOf(i), i)))
    return withPair(holding(heads, GROUP), async ({ compare, sent, came, requests, reads }) => {
      expect(await compare(heads, { group: GROUP })).toEqual(heads)
      expect(requests()).toHaveLength(1)
      expect(sent() + came()).toBeLessThan(20 * 1024)
      expect(reads()).toBe(10_000)
    })
  })

  it('cost a bucket more for one member that changed', () => {
    const heads = allOf(Array.from({ length: 10_000 }, (_, i) => headOf(memberOf(i), i)))
    const theirs = new Map(heads).set(memberOf(77), headOf(memberOf(77), 20_000))
    return withPair(holding(theirs, GROUP), async ({ compare, sent, came, requests, reads }) => {
      expect(await compare(heads, { group: GROUP })).toEqual(theirs)
      expect(requests()).toHaveLength(1)
      expect(sent() + came()).toBeLessThan(24 * 1024)
      expect(reads()).toBeLessThan(10_040)
    })
  })

  it('come in as many answers as it takes, each within its size', () => {
    const theirs = allOf(Array.from({ length: 3000 }, (_, i) => headOf(memberOf(i), i)))
    const nothing = new Map([...theirs.keys()].map((id) => [id, undefined]))
    return withPair(holding(theirs, GROUP), async ({ compare, requests, answers }) => {
      expect(await compare(nothing, { group: GROUP })).toEqual(theirs)
      expect(requests().length).toBeGreaterThan(1)
      expect(Math.max(...answers())).toBeLessThanOrEqual(ANSWER_BYTES)
      expect(answers().length).toBeLessThan(6)
    })
  })

  it('of nothing ask nobody', () =>
    withPair(holding(new Map()), async ({ compare, requests }) => {
      expect(await compare(new Map())).toEqual(new Map())
      expect(requests()).toEqual([])
    }))

  it('of a group that is not known there are refused', () => {
    const heads = allOf(Array.from({ length: MAX_IDS + 1 }, (_, i) => headOf(memberOf(i), i)))
    return withPair(holding(heads), async ({ compare, peer }) => {
      await expect(compare(heads, { group: GROUP })).rejects.toMatchObject({
        code: 'net.refused',
        fields: { peer, reason: 'not-kept' },
      })
    })
  })

  it('fail with what the network fails with', () =>
    withPair(holding(new Map()), async ({ asker, compare, timers, stopServing, peer }) => {
      const over = new AbortController()
      over.abort()
      const one = allOf([headOf(didOf(1), 1)])
      await expect(compare(one, { signal: over.signal })).rejects.toMatchObject({ code: 'net.cancelled' })
      stopServing()
      await expect(compareHeads(asker, peer, one, { timers, sha256 })).rejects.toMatchObject({
        code: 'net.unsupported',
      })
    }))
})
