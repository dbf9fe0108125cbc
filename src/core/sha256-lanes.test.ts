import { hash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkEach,
  createSha256,
  type DigestCheck,
  type DigestFill,
  fillEach,
  headEach,
  type HeadsOf,
} from './hash.ts'
import { createLanes } from './sha256-lanes.ts'

interface Batch {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly messages: Int32Array
  readonly count: number
}

/** Messages with their digests before them, as in a CAR. */
function batch(list: readonly Uint8Array[]): Batch {
  const bytes = new Uint8Array(list.reduce((sum, it) => sum + 32 + it.length, 0))
  const messages = new Int32Array(list.length * 3)
  let at = 0
  list.forEach((message, i) => {
    bytes.set(hash('sha256', message, 'buffer'), at)
    bytes.set(message, at + 32)
    messages.set([at + 32, at + 32 + message.length, at], i * 3)
    at += 32 + message.length
  })
  return { bytes, messages, count: list.length }
}

const lanes = await createLanes()
if (lanes === undefined) throw new Error('this Node has no WebAssembly SIMD')
const checks: [string, DigestCheck][] = [
  ['four at once', lanes.check],
  ['one after another', checkEach(await createSha256())],
]

describe.each(checks)('a check of digests, %s', (_name, check) => {
  const run = ({ bytes, messages, count }: Batch): number => check(bytes, messages, count)

  it('holds for every length around the block edges, alone and together', () => {
    const all = Array.from({ length: 300 }, (_, length) => randomBytes(length))
    for (const message of all) expect(run(batch([message]))).toBe(-1)
    expect(run(batch(all))).toBe(-1)
    expect(run(batch([]))).toBe(-1)
  })

  it('names the first that does not hold, wherever a bit is wrong', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(messages, fc.nat(), fc.nat(7), (list, where, bit) => {
        const one = batch(list)
        expect(run(one)).toBe(-1)
        const at = where % one.bytes.length
        one.bytes[at] = (one.bytes[at] ?? 0) ^ (1 << bit)
        const hit = list.findIndex((_, i) => at < (one.messages[i * 3 + 1] ?? 0))
        expect(run(one)).toBe(hit)
      }),
      { numRuns: 200 },
    )
  })

  it('names the first of several', () => {
    const one = batch(Array.from({ length: 50 }, (_, i) => randomBytes(i * 13)))
    for (const i of [41, 17, 30]) one.bytes[one.messages[i * 3 + 2] ?? 0]! ^= 1
    expect(run(one)).toBe(17)
  })

  it('takes more than fits in one call, and a message larger than a megabyte', () => {
    const many = batch(Array.from({ length: 9000 }, (_, i) => Uint8Array.from([i & 0xff, i >> 8])))
    expect(run(many)).toBe(-1)
    many.bytes[many.messages[8500 * 3] ?? 0]! ^= 0x80
    expect(run(many)).toBe(8500)
    const large = batch([randomBytes(900_000), randomBytes(2_000_000), randomBytes(10), randomBytes(300_000)])
    expect(run(large)).toBe(-1)
    large.bytes[large.bytes.length - 1]! ^= 1
    expect(run(large)).toBe(3)
  })
})

describe.each<[string, DigestFill]>([
  ['four at once', lanes.fill],
  ['one after another', fillEach(await createSha256())],
])('digests put among their messages, %s', (_name, fill) => {
  const wanted = (list: readonly Uint8Array[]): Uint8Array => batch(list).bytes
  /** The same with nothing where the digests go, and something before and after. */
  const filled = (list: readonly Uint8Array[]): Uint8Array => {
    const { bytes, messages, count } = batch(list)
    for (let i = 0; i < count; i++) bytes.fill(9, messages[i * 3 + 2], (messages[i * 3 + 2] ?? 0) + 32)
    const within = new Uint8Array(bytes.length + 10).fill(7)
    within.set(bytes, 5)
    fill(
      within,
      messages.map((at, i) => (i < count * 3 ? at + 5 : at)),
      count,
    )
    expect([...within.subarray(0, 5), ...within.subarray(-5)]).toEqual(Array.from({ length: 10 }, () => 7))
    return within.subarray(5, 5 + bytes.length)
  }

  it('are those of the messages, which stay as they are', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 40 })
    fc.assert(fc.property(messages, (list) => Buffer.compare(filled(list), wanted(list)) === 0))
  })

  it('are right beyond what one call takes', () => {
    const many = Array.from({ length: 9000 }, (_, i) => Uint8Array.from([i & 0xff, i >> 8]))
    expect(Buffer.compare(filled(many), wanted(many))).toBe(0)
    const large = [900_000, 2_000_000, 10, 300_000].map((size) => new Uint8Array(randomBytes(size)))
    expect(Buffer.compare(filled(large), wanted(large))).toBe(0)
  })
})

describe.each<[string, HeadsOf]>([
  ['four at once', lanes.heads],
  ['one after another', headEach],
])('heads of hashes, %s', (_name, headsOf) => {
  it('are the first words, for any number of messages of any length', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 60 })
    fc.assert(
      fc.property(messages, (list) => {
        const bytes = new Uint8Array(Buffer.concat(list))
        const ends = new Int32Array(list.length)
        list.reduce((at, it, i) => (ends[i] = at + it.length), 0)
        const heads = new Int32Array(list.length)
        headsOf(bytes, ends, list.length, heads)
        expect([...heads]).toEqual(list.map((it) => hash('sha256', it, 'buffer').readInt32BE(0)))
      }),
    )
  })

  it('are right beyond what one call takes', () => {
    const count = 10_000
    const bytes = randomBytes(count * 32)
    const ends = Int32Array.from({ length: count }, (_, i) => (i + 1) * 32)
    const heads = new Int32Array(count)
    headsOf(bytes, ends, count, heads)
    for (let i = 0; i < count; i += 997)
      expect(heads[i]).toBe(hash('sha256', bytes.subarray(i * 32, i * 32 + 32), 'buffer').readInt32BE(0))
  })
})
