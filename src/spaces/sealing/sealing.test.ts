import { join } from 'node:path'
import { fromBase32 } from '@atcute/multibase'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../core/bytes.ts'
import { fromJson } from '../../repo/json.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { deriveKey, gcmSeal, importSecret } from '../crypto.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { codeOf, createTestDevice, randomFrom, testEpoch, vectorText } from '../testing/kit.ts'
import { isPaddedSize, pad, paddedSize, unpad } from './padding.ts'
import {
  isSealedRkey,
  MAX_SEALED_CONTENT,
  newSealedRkey,
  type OpenRecord,
  openRecord,
  parseSealedRecord,
  type SealedPlace,
  sealRecord,
} from './record.ts'

const author = createTestDevice(createPrng(1)).id
const other = createTestDevice(createPrng(2)).id
const space = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'
const place: SealedPlace = { space, author, rkey: newSealedRkey(randomFrom(3)) }
const epoch = await testEpoch(1)
const post: OpenRecord = {
  collection: 'app.cairn.post',
  rkey: '3lbaaaaaaaa22',
  value: fromJson({ $type: 'app.cairn.post', text: 'Hello, tunnel' }),
}
const recordOf = (size: number): OpenRecord => ({ ...post, value: fromJson({ t: 'x'.repeat(size) }) })

describe('padding', () => {
  it('has powers of two from 256 bytes to 64 KiB, then few bits', () => {
    expect([0, 1, 256, 257, 512, 513, 65_535, 65_536].map(paddedSize)).toEqual([
      256, 256, 256, 512, 512, 1024, 65_536, 65_536,
    ])
    expect([65_537, 67_584, 67_585, 131_072, 131_073, 1_048_576].map(paddedSize)).toEqual([
      67_584, 67_584, 69_632, 131_072, 135_168, 1_048_576,
    ])
  })

  it('never shrinks, adds at most an eighth beyond 64 KiB, and grows with the length', () => {
    fc.assert(
      fc.property(fc.nat(3_000_000), fc.nat(2000), (length, more) => {
        const size = paddedSize(length)
        expect(size).toBeGreaterThanOrEqual(length)
        expect(paddedSize(size)).toBe(size)
        expect(paddedSize(length + more)).toBeGreaterThanOrEqual(size)
        if (length > 65_536) expect(size).toBeLessThanOrEqual(length * 1.12)
      }),
    )
  })

  it('has one form for one content', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (content) => {
        const padded = pad([content])
        expect(isPaddedSize(padded.length)).toBe(true)
        expect(unpad(padded)).toEqual(new Uint8Array(content))
      }),
    )
    const padded = pad([new Uint8Array(10).fill(7)])
    for (const [at, value] of [
      [255, 1],
      [14, 1],
      [3, 253],
      [2, 1],
      [0, 255],
    ] as const) {
      const bad = padded.slice()
      bad[at] = value
      expect(unpad(bad)).toBeUndefined()
    }
    expect(unpad(concat([padded, new Uint8Array(256)]))).toBeUndefined()
    expect(unpad(padded.subarray(0, 128))).toBeUndefined()
    expect(unpad(new Uint8Array(3))).toBeUndefined()
  })
})

describe('a sealed record', () => {
  it('has the committed bytes', async () => {
    const shown = []
    for (const [n, content] of [post, recordOf(300), { ...post, value: fromJson({}) }].entries()) {
      const bytes = await sealRecord(place, epoch, content, randomFrom(n + 10))
      shown.push({
        ...place,
        epochHex: toHex(epoch.epoch),
        epochKeyHex: toHex(new Uint8Array(32).fill(101)),
        saltHex: toHex(parseSealedRecord(bytes).salt),
        collection: content.collection,
        recordKey: content.rkey,
        valueHex: toHex(content.value),
        hex: toHex(bytes),
      })
      const read = fromHex(shown.at(-1)?.hex ?? '') ?? new Uint8Array()
      expect(await openRecord(place, epoch, parseSealedRecord(read))).toEqual(content)
    }
    await expect(vectorText(shown)).toMatchFileSnapshot(join(import.meta.dirname, 'vectors', 'record.json'))
  })

  it('opens to what was sealed, whatever that was', async () => {
    const values = fc.dictionary(
      fc.string({ maxLength: 20 }).filter((it) => !it.startsWith('$')),
      fc.nat(),
      {
        maxKeys: 20,
      },
    )
    await fc.assert(
      fc.asyncProperty(values, fc.nat(), async (value, seed) => {
        const content = { ...post, value: encodeDagCbor(value) }
        const bytes = await sealRecord(place, epoch, content, randomFrom(seed))
        expect(await openRecord(place, epoch, parseSealedRecord(bytes))).toEqual(content)
      }),
      { numRuns: 50 },
    )
  })

  it('keeps links, bytes and the deepest record as they are', async () => {
    const deep = concat([
      ...Array.from({ length: 31 }, () => new Uint8Array([0xa1, 0x61, 0x61])),
      new Uint8Array([0xa0]),
    ])
    const link = { $link: 'bafyreidnubrtkkg6viaujz5qlayv6c3vh3alsriwhjzl7fva2gayb6o6bu' }
    for (const value of [deep, encodeDagCbor({ link, bytes: new Uint8Array([1, 2]) })]) {
      const bytes = await sealRecord(place, epoch, { ...post, value }, randomFrom(1))
      expect((await openRecord(place, epoch, parseSealedRecord(bytes))).value).toEqual(value)
    }
  })

  it('never is the same twice, and shows only its padded size', async () => {
    const random = randomFrom(4)
    const sizes = new Set<number>()
    const seen = new Set<string>()
    for (const size of [0, 1, 20, 60, 100]) {
      const bytes = await sealRecord(place, epoch, recordOf(size), random)
      sizes.add(bytes.length)
      seen.add(toHex(bytes))
      seen.add(toHex(await sealRecord(place, epoch, recordOf(size), random)))
    }
    expect(sizes.size).toBe(1)
    expect(seen.size).toBe(10)
  })

  it('fits a record of 1 MiB at its largest, and is refused above', async () => {
    // What stands around a text of more than 64 KiB: three keys, the path, and heads.
    const around = 1 + 5 + 14 + 6 + 3 + 5 + 11 + 15
    const size = MAX_SEALED_CONTENT - around
    const bytes = await sealRecord(place, epoch, recordOf(size), randomFrom(5))
    expect(bytes.length).toBeLessThanOrEqual(1_048_576)
    expect((await openRecord(place, epoch, parseSealedRecord(bytes))).value.length).toBeGreaterThan(1_000_000)
    expect(await codeOf(() => sealRecord(place, epoch, recordOf(size + 1), randomFrom(5)))).toBe(
      'spaces.too-large',
    )
  })

  it('opens nowhere but at its place, by its author, in its space and epoch', async () => {
    const bytes = await sealRecord(place, epoch, post, randomFrom(6))
    const sealed = parseSealedRecord(bytes)
    const elsewhere: SealedPlace[] = [
      { ...place, rkey: newSealedRkey(randomFrom(9)) },
      { ...place, author: other },
      { ...place, space: `${space}2` },
      { ...place, space: space.replace('group', 'groups') },
    ]
    for (const it of elsewhere) {
      expect(await codeOf(() => openRecord(it, epoch, sealed))).toBe('spaces.sealed-broken')
    }
    const second = await testEpoch(2)
    expect(await codeOf(() => openRecord(place, second, sealed))).toBe('spaces.sealed-epoch')
    const renamed = { ...second, epoch: epoch.epoch }
    expect(await codeOf(() => openRecord(place, renamed, sealed))).toBe('spaces.sealed-broken')
    const moved = { ...epoch, epoch: second.epoch }
    expect(await codeOf(() => openRecord(place, moved, { ...sealed, epoch: second.epoch }))).toBe(
      'spaces.sealed-broken',
    )
  })

  it('with any byte changed, cut off or added is refused', async () => {
    const bytes = await sealRecord(place, epoch, post, randomFrom(7))
    const open = (it: Uint8Array): Promise<string> =>
      codeOf(() => openRecord(place, epoch, parseSealedRecord(it)))
    const codes = new Set<string>()
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [1, 0x80]) {
        const bad = bytes.slice()
        bad[at] = (bad[at] ?? 0) ^ mask
        codes.add((await open(bad)).split(' ')[0] ?? '')
      }
      expect(await open(bytes.subarray(0, at))).toBe('spaces.sealed-malformed dag-cbor')
    }
    expect([...codes].sort()).toEqual([
      'spaces.sealed-broken',
      'spaces.sealed-epoch',
      'spaces.sealed-malformed',
    ])
    expect(await open(concat([bytes, new Uint8Array(1)]))).toBe('spaces.sealed-malformed dag-cbor')
  })

  const wire = {
    $type: 'app.cairn.sealed',
    epoch: new Uint8Array(32),
    salt: new Uint8Array(32),
    sealed: new Uint8Array(272),
  }
  it.each([
    ['an unknown field', { ...wire, extra: 1 }, 'unknown-field'],
    ['another type', { ...wire, $type: 'app.cairn.post' }, '$type'],
    ['a short epoch', { ...wire, epoch: new Uint8Array(31) }, 'epoch'],
    ['no salt', { ...wire, salt: null }, 'salt'],
    ['text as salt', { ...wire, salt: 'x'.repeat(32) }, 'salt'],
    ['a size that padding does not give', { ...wire, sealed: new Uint8Array(273) }, 'sealed'],
    ['nothing sealed', { ...wire, sealed: new Uint8Array(0) }, 'sealed'],
    ['no map', [1], 'map'],
  ])('with %s is none', async (_name, value, reason) => {
    expect(await codeOf(() => parseSealedRecord(encodeDagCbor(value)))).toBe(
      `spaces.sealed-malformed ${reason}`,
    )
  })

  it('whose author sealed what is no record is told apart from a broken one', async () => {
    const seal = async (plain: Uint8Array<ArrayBuffer>): Promise<string> => {
      const salt = randomFrom(8)(32)
      const info = ['cairn.space.record.v1', space, author, fromBase32(place.rkey), salt]
      const uri = `${space}/${author}/app.cairn.sealed/${place.rkey}`
      const key = await deriveKey(epoch.secret, salt, info)
      const sealed = await gcmSeal(key, ['cairn.space.sealed.v1', uri, epoch.epoch], plain)
      return codeOf(() => openRecord(place, epoch, { epoch: epoch.epoch, salt, sealed }))
    }
    const good = { collection: 'app.cairn.post', rkey: 'a', value: {} }
    const padded = (value: unknown): Uint8Array<ArrayBuffer> => pad([encodeDagCbor(value)])
    expect(await seal(padded(good))).toBe('none')
    expect(await seal(new Uint8Array(256).fill(255))).toBe('spaces.sealed-content padding')
    expect(await seal(pad([new Uint8Array([0xff])]))).toBe('spaces.sealed-content dag-cbor')
    expect(await seal(padded({ ...good, more: 1 }))).toBe('spaces.sealed-content fields')
    expect(await seal(padded({ ...good, rkey: 1 }))).toBe('spaces.sealed-content fields')
    expect(await seal(padded({ ...good, rkey: '..' }))).toBe('spaces.sealed-content path')
    expect(await seal(padded({ ...good, rkey: 'a/b' }))).toBe('spaces.sealed-content path')
    expect(await seal(padded({ ...good, collection: 'post' }))).toBe('spaces.sealed-content path')
    expect(await seal(padded({ ...good, value: [] }))).toBe('spaces.sealed-content value')
  })

  it('is not made of what is no record, or at no place', async () => {
    const seal = (at: SealedPlace, content: OpenRecord): Promise<string> =>
      codeOf(() => sealRecord(at, epoch, content, randomFrom(1)))
    expect(await seal({ ...place, rkey: 'short' }, post)).toBe('spaces.invalid')
    expect(await seal({ ...place, rkey: `${place.rkey.slice(0, -1)}b` }, post)).toBe('spaces.invalid')
    expect(await seal({ ...place, author: 'did:plc:abc' }, post)).toBe('spaces.invalid')
    expect(await seal({ ...place, space: 'at://x' }, post)).toBe('spaces.invalid')
    expect(await seal(place, { ...post, rkey: '.' })).toBe('spaces.invalid')
    expect(await seal(place, { ...post, value: new Uint8Array([0x80]) })).toBe('spaces.invalid')
    expect(await codeOf(() => sealRecord(place, epoch, post, () => new Uint8Array(31)))).toBe(
      'spaces.invalid',
    )
    expect(await codeOf(() => importSecret(new Uint8Array(31)))).toBe('spaces.invalid')
  })

  it('has a name that no other text spells', () => {
    expect(isSealedRkey(place.rkey)).toBe(true)
    for (const bad of [place.rkey.toUpperCase(), place.rkey.slice(1), `${place.rkey}a`, '']) {
      expect(isSealedRkey(bad)).toBe(false)
    }
    expect(isSealedRkey(`${'a'.repeat(25)}b`)).toBe(false)
  })
})
