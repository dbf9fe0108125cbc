import { join as joinPath } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { p256 } from '@noble/curves/nist.js'
import { fromHex, toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { readKeyCard, signKeyCard } from '../key-card.ts'
import { codeOf, createTestDevice, randomFrom, type TestDevice, vectorText } from '../testing/kit.ts'
import { acceptJoins, type Acceptance, linkState } from './accept.ts'
import { type LinkClosing, readLinkClosing, signLinkClosing } from './closing.ts'
import { type Join, type JoinFields, readJoin, signJoin } from './join.ts'
import { createLinkKey, linkSigner } from './link-key.ts'
import { type LinkRecord, readLinkRecord, signLinkRecord } from './record.ts'

const prng = createPrng(5)
const admin = createTestDevice(prng)
const ann = createTestDevice(prng)
const ben = createTestDevice(prng)
const link = linkSigner(createLinkKey(randomFrom(6)))
const otherLink = linkSigner(createLinkKey(randomFrom(7)))
const space = 'at://did:key:zDnaeTV2XWkufA1EGbCgEGgZ1wbbCTWM5xW1kmN77gwo632zx/space/app.cairn.group/main'
const NOW = 1_795_000_000_000

const record: LinkRecord = {
  space,
  link: link.id,
  role: 'writer',
  approval: false,
  created: NOW,
  expires: NOW + 1000,
  uses: 2,
  epoch: new Uint8Array(32).fill(3),
  by: admin.id,
}
const cardOf = (device: TestDevice, seed: number): Promise<Uint8Array> =>
  signKeyCard({ device: device.id, key: p256.getPublicKey(createLinkKey(randomFrom(seed)), false) }, device)
const annCard = await cardOf(ann, 20)
const annFields: JoinFields = { space, link: link.id, device: ann.id, card: annCard, at: NOW + 5 }
const annJoin = await signJoin(annFields, link, ann)
const closing: LinkClosing = {
  space,
  link: link.id,
  reason: 'used-up',
  joins: [(await readJoin(annJoin, record)).id],
  by: admin.id,
}

describe('link record, join, closing and key card', () => {
  it('have the committed bytes', async () => {
    const recordBytes = await signLinkRecord(record, admin)
    const closingBytes = await signLinkClosing(closing, admin)
    const shown = {
      privateKeysHex: [admin, ann].map((it) => toHex(it.key.privateKey)),
      linkPrivateKeyHex: toHex(createLinkKey(randomFrom(6))),
      record: toHex(recordBytes),
      card: toHex(annCard),
      join: toHex(annJoin),
      joinId: closing.joins[0],
      closing: toHex(closingBytes),
    }
    await expect(vectorText(shown)).toMatchFileSnapshot(joinPath(import.meta.dirname, 'vectors', 'join.json'))
    expect(await readLinkRecord(recordBytes)).toEqual(record)
    expect(await readLinkClosing(closingBytes, record)).toEqual(closing)
    expect(await readJoin(annJoin, record)).toMatchObject({ ...annFields, id: closing.joins[0] })
    expect(await readKeyCard(annCard)).toMatchObject({ device: ann.id })
  })

  it('with any byte changed or cut off are refused', async () => {
    const kinds: readonly [Uint8Array, (bytes: Uint8Array) => Promise<unknown>][] = [
      [await signLinkRecord(record, admin), readLinkRecord],
      [await signLinkClosing(closing, admin), (it) => readLinkClosing(it, record)],
      [annJoin, (it) => readJoin(it, record)],
      [annCard, readKeyCard],
    ]
    for (const [bytes, read] of kinds) {
      expect(await codeOf(() => read(bytes))).toBe('none')
      for (let at = 0; at < bytes.length; at++) {
        const bad = bytes.slice()
        bad[at] = (bad[at] ?? 0) ^ 1
        expect(await codeOf(() => read(bad))).toMatch(
          /^spaces\.(bad-signature|version|join-other|(link-record|join|closing|card)-malformed)/,
        )
        expect(await codeOf(() => read(bytes.subarray(0, at)))).toMatch(/-malformed dag-cbor$/)
      }
    }
  })

  it('count in no other space and for no other link', async () => {
    const there = { ...record, space: `${space}2` }
    const other = { ...record, link: otherLink.id }
    expect(await codeOf(() => readJoin(annJoin, there))).toBe('spaces.join-other space')
    expect(await codeOf(() => readJoin(annJoin, other))).toBe('spaces.join-other link')
    const bytes = await signLinkClosing(closing, admin)
    expect(await codeOf(() => readLinkClosing(bytes, there))).toBe('spaces.join-other space')
    expect(await codeOf(() => readLinkClosing(bytes, other))).toBe('spaces.join-other link')
  })

  it('need both keys, and the card of who joins', async () => {
    expect(await codeOf(() => signJoin(annFields, otherLink, ann))).toBe('spaces.invalid')
    expect(await codeOf(() => signJoin(annFields, link, ben))).toBe('spaces.invalid')
    const posing = { ...annFields, device: ben.id }
    expect(await codeOf(() => signJoin(posing, link, ben))).toBe('spaces.join-other device')
    const lying = { id: link.id, sign: (it: Uint8Array) => otherLink.sign(it) }
    expect(await codeOf(() => signJoin(annFields, lying, ann))).toBe('spaces.bad-signature invalid')
    const point = (await readKeyCard(annCard)).key
    const bent = point.slice()
    bent[64] = (bent[64] ?? 0) ^ 1
    expect(await codeOf(() => signKeyCard({ device: ann.id, key: bent }, ann))).toBe(
      'spaces.card-malformed key',
    )
  })

  it('of a form that none has are refused', async () => {
    const sign = (more: Partial<LinkRecord>): Promise<string> =>
      codeOf(() => signLinkRecord({ ...record, ...more }, admin))
    expect(await sign({ uses: 0 })).toBe('spaces.link-record-malformed uses')
    expect(await sign({ uses: 1025 })).toBe('spaces.link-record-malformed uses')
    expect(await sign({ expires: NOW })).toBe('spaces.link-record-malformed expires')
    expect(await sign({ approval: true })).toBe('spaces.link-record-malformed epoch')
    expect(await sign({ by: ann.id })).toBe('spaces.invalid')
    const id = closing.joins[0] ?? ''
    const twice = { ...closing, joins: [id, id] }
    expect(await codeOf(() => signLinkClosing(twice, admin))).toBe('spaces.closing-malformed joins')
    const words = { ...closing, joins: ['xyz'] }
    expect(await codeOf(() => signLinkClosing(words, admin))).toBe('spaces.closing-malformed joins')
    const wire = encodeDagCbor({ ver: 1, ...record, link: { $bytes: '' }, sig: new Uint8Array(64) })
    expect(await codeOf(() => readLinkRecord(wire))).toBe('spaces.link-record-malformed link')
  })
})

/** Joins that are proven already. */
const joinBy = (device: string, at: number, id: string): Join => {
  const bytes = fromHex(id) ?? new Uint8Array()
  const keys = { device, key: bytes }
  return { space, link: link.id, device, card: bytes, at, id, keys }
}
const names = Array.from({ length: 6 }, () => createTestDevice(prng).id)
const joins = fc.uniqueArray(
  fc
    .tuple(fc.nat(5), fc.integer({ min: -2, max: 12 }), fc.nat(255))
    .map(([who, at, id]) => joinBy(names[who] ?? '', NOW + at * 100, id.toString(16).padStart(64, '0'))),
  { selector: (it) => it.id, maxLength: 12 },
)
const closingsOf = (all: readonly Join[], picks: readonly number[]): LinkClosing[] =>
  picks.map((pick) => ({
    ...closing,
    joins: all.flatMap((it, n) => (((pick >> n) & 1) === 1 ? [it.id] : [])).sort(),
  }))
const summary = ({ accepted, ignored }: Acceptance): unknown => [
  accepted.map((it) => it.id),
  [...ignored].sort(([a], [b]) => (a < b ? -1 : 1)),
]

describe('acceptJoins', () => {
  it('finds the same in any order, and however often things came', () => {
    fc.assert(
      fc.property(
        joins,
        fc.array(fc.nat(4095), { maxLength: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.infiniteStream(fc.nat(1000)),
        (all, picks, uses, chance) => {
          const mix = <T>(list: readonly T[]): T[] =>
            [...list, ...list.slice(0, 3)]
              .map((it) => [chance.next().value ?? 0, it] as const)
              .sort(([a], [b]) => a - b)
              .map(([, it]) => it)
          const of = { ...record, uses }
          const closings = closingsOf(all, picks)
          const found = acceptJoins(of, all, closings)
          expect(summary(acceptJoins(of, mix(all), mix(closings)))).toEqual(summary(found))
          expect(found.accepted.length).toBeLessThanOrEqual(uses)
          expect(found.accepted.length + found.ignored.size).toBe(all.length)
          expect(new Set(found.accepted.map((it) => it.device)).size).toBe(found.accepted.length)
          for (const it of found.accepted) {
            expect(it.at >= NOW && it.at < NOW + 1000).toBe(true)
            for (const { joins: listed } of closings) expect(listed).toContain(it.id)
          }
        },
      ),
    )
  })

  it('closed with what counted, keeps exactly that, whatever comes later', () => {
    fc.assert(
      fc.property(joins, joins, fc.integer({ min: 1, max: 4 }), (seen, later, uses) => {
        const of = { ...record, uses }
        const ids = acceptJoins(of, seen, []).accepted.map((it) => it.id)
        const end = { ...closing, joins: ids.toSorted() }
        const fresh = later.filter((it) => !seen.some(({ id }) => id === it.id))
        const found = acceptJoins(of, [...fresh, ...seen], [end])
        expect(found.accepted.map((it) => it.id)).toEqual(ids)
      }),
    )
  })

  it('lets two who close at once agree on what both list', () => {
    const [a, b, c] = ['a1', 'b2', 'c3'].map((it, n) =>
      joinBy(names[n] ?? '', NOW + n, it.padEnd(64, '0')),
    ) as [Join, Join, Join]
    const of = { ...record, uses: 3 }
    const closings = [
      { ...closing, joins: [a.id, b.id] },
      { ...closing, joins: [b.id, c.id] },
    ]
    const found = acceptJoins(of, [a, b, c], closings)
    expect(found.accepted.map((it) => it.id)).toEqual([b.id])
    expect([...found.ignored]).toEqual([
      [a.id, 'closed'],
      [c.id, 'closed'],
    ])
    const elsewhere = [{ ...closing, link: otherLink.id, joins: [] }]
    expect(acceptJoins(of, [a, b, c], elsewhere).accepted).toEqual([a, b, c])
  })

  it('says why', () => {
    const at = (n: number, when: number, id: string, more: Partial<Join> = {}): Join => ({
      ...joinBy(names[n] ?? '', NOW + when, id.padEnd(64, '0')),
      ...more,
    })
    const all = [
      at(0, 1, 'a1'),
      at(0, 2, 'a2'),
      at(1, 3, 'b1'),
      at(2, 4, 'c1'),
      at(3, -1, 'd1'),
      at(3, 1000, 'd2'),
      at(4, 1, 'e1', { link: otherLink.id }),
    ]
    const { accepted, ignored } = acceptJoins(record, all, [])
    expect(accepted.map((it) => it.id.slice(0, 2))).toEqual(['a1', 'b1'])
    expect(Object.fromEntries([...ignored].map(([id, why]) => [id.slice(0, 2), why]))).toEqual({
      a2: 'again',
      c1: 'surplus',
      d1: 'early',
      d2: 'expired',
      e1: 'other',
    })
    expect(acceptJoins({ ...record, expires: null }, all, []).ignored.get('d2'.padEnd(64, '0'))).toBe(
      'surplus',
    )
  })
})

describe('linkState', () => {
  it('is the strongest that is so', () => {
    const ended = (reason: LinkClosing['reason']): LinkClosing => ({ ...closing, reason })
    expect(linkState(record, 0, [], NOW)).toBe('live')
    expect(linkState(record, 1, [], NOW + 999)).toBe('live')
    expect(linkState(record, 2, [], NOW)).toBe('used-up')
    expect(linkState(record, 2, [], NOW + 1000)).toBe('expired')
    expect(linkState({ ...record, expires: null }, 1, [], NOW * 2)).toBe('live')
    expect(linkState(record, 0, [ended('used-up')], NOW)).toBe('used-up')
    expect(linkState(record, 0, [ended('used-up'), ended('revoked')], NOW + 2000)).toBe('revoked')
    expect(linkState(record, 0, [{ ...ended('revoked'), link: otherLink.id }], NOW)).toBe('live')
  })
})
