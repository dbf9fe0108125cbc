import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { makeCast, problem, type Cast } from '../testing/plc-cast.ts'
import { entryOf, LOG_START, nameOperation, regular, startLog, type LogEntry } from '../testing/plc-maker.ts'
import { MAX_LOG_ENTRIES } from './log.ts'

let cast: Cast
beforeAll(async () => {
  cast = await makeCast()
})

describe('a log that is not sound', () => {
  it('is refused when it is no log', async () => {
    const { did, entries } = await cast.start()
    expect(await problem(did, { entries })).toEqual({ reason: 'not-a-log', index: undefined })
    expect(await problem(did, [])).toEqual({ reason: 'empty', index: undefined })
    const endless = Array.from({ length: MAX_LOG_ENTRIES + 1 }, () => entries[0])
    expect(await problem(did, endless)).toEqual({ reason: 'too-long', index: undefined })
  })

  it('is refused when an operation is forged by a stranger', async () => {
    const log = await cast.start()
    await log.add({ rotationKeys: [cast.stranger], signing: cast.stranger }, cast.stranger)
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'bad-signature', index: 1 })
  })

  it('is refused when the genesis is signed by a cast.stranger, or by the signing key alone', async () => {
    const log = await startLog({ rotationKeys: cast.keys, signing: cast.signA }, cast.signA)
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'bad-signature', index: 0 })
  })

  it('is refused when a key that was rotated out signs on', async () => {
    const log = await cast.start()
    await log.add({ rotationKeys: [cast.strong], signing: cast.signA }, cast.weak)
    await log.add({ rotationKeys: [cast.weak], signing: cast.stranger }, cast.weak)
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'bad-signature', index: 2 })
  })

  it('is refused for another DID', async () => {
    const log = await cast.start()
    const other = await startLog({ rotationKeys: cast.keys, signing: cast.signB }, cast.weak)
    expect(await problem(other.did, log.entries)).toEqual({ reason: 'wrong-did', index: 0 })
    const relabelled = log.entries.map((entry) => ({ ...entry, did: other.did }))
    expect(await problem(other.did, relabelled)).toEqual({ reason: 'genesis-mismatch', index: 0 })
  })

  it('is refused out of order, with a gap, without its genesis, or with two', async () => {
    const log = await cast.start()
    await log.add({ rotationKeys: cast.keys, signing: cast.signA }, cast.weak)
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.weak)
    const [first, second, third] = log.entries
    expect(await problem(log.did, [first, third, second])).toEqual({ reason: 'prev-unknown', index: 1 })
    expect(await problem(log.did, [first, third])).toEqual({ reason: 'prev-unknown', index: 1 })
    expect(await problem(log.did, [second, third])).toEqual({ reason: 'no-genesis', index: 0 })
    expect(await problem(log.did, [first, first])).toEqual({ reason: 'second-genesis', index: 1 })
    expect(await problem(log.did, [first, second, second])).toEqual({
      reason: 'recovery-not-allowed',
      index: 2,
    })
  })

  it('is refused when time runs backwards', async () => {
    const log = await cast.start()
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.weak, { at: LOG_START - 1 })
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'order', index: 1 })
  })

  it('goes on after a tombstone only by recovery', async () => {
    const log = await cast.start()
    await log.add('tombstone', cast.weak)
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.strong)
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'after-tombstone', index: 2 })
  })

  it('is refused when a signature has a high S', async () => {
    for (const key of [cast.weak, cast.middle]) {
      const log = await startLog({ rotationKeys: [key], signing: cast.signA }, key)
      const genesis = log.entries[0]
      if (genesis === undefined) throw new Error('a log has a genesis')
      const next = await entryOf(log, regular({ rotationKeys: [key], signing: cast.signB }, genesis.cid), key)
      next.operation = {
        ...next.operation,
        sig: highS(String(next.operation['sig']), key === cast.weak ? P256_ORDER : K256_ORDER),
      }
      next.cid = (await nameOperation(next.operation)).cid
      expect(await problem(log.did, [genesis, next])).toEqual({ reason: 'high-s', index: 1 })
    }
  })

  it.each([
    ['padded', (sig: string) => `${sig}==`],
    ['with left-over bits', (sig: string) => `${sig.slice(0, -1)}${sig.endsWith('B') ? 'C' : 'B'}`],
    ['with a line break', (sig: string) => `${sig}\n`],
    ['cut short', (sig: string) => sig.slice(0, -4)],
    ['empty', () => ''],
    ['in plain base64', (sig: string) => `+/${sig.slice(2)}`],
  ])('is refused when a signature is %s', async (_name, bend) => {
    const log = await cast.start()
    const next = await entryOf(
      log,
      regular({ rotationKeys: cast.keys, signing: cast.signB }, log.head()),
      cast.weak,
    )
    next.operation = { ...next.operation, sig: bend(String(next.operation['sig'])) }
    next.cid = (await nameOperation(next.operation)).cid
    expect(await problem(log.did, [...log.entries, next])).toEqual({
      reason: 'signature-malformed',
      index: 1,
    })
  })

  it.each<[string, (operation: Record<string, unknown>) => Record<string, unknown>]>([
    ['an unknown type', (op) => ({ ...op, type: 'plc_update' })],
    ['a field too many', (op) => ({ ...op, extra: 1 })],
    ['a field too few', ({ services: _, ...op }) => op],
    ['keys that are no list', (op) => ({ ...op, rotationKeys: 'x' })],
    ['a service without an endpoint', (op) => ({ ...op, services: { atproto_pds: { type: 'x' } } })],
    ['a link in a map', (op) => ({ ...op, verificationMethods: { $link: 'bafy' } })],
    ['no signature', ({ sig: _, ...op }) => op],
    ['half a character', (op) => ({ ...op, alsoKnownAs: ['at://\ud800'] })],
    [
      'far too many names',
      (op) => ({ ...op, alsoKnownAs: Array.from({ length: 100 }, () => 'at://a.test') }),
    ],
  ])('is refused when an operation has %s', async (_name, bend) => {
    const log = await cast.start()
    const next = await entryOf(
      log,
      regular({ rotationKeys: cast.keys, signing: cast.signB }, log.head()),
      cast.weak,
    )
    next.operation = bend(next.operation)
    const found = await problem(log.did, [...log.entries, next])
    expect(found).not.toBe('verified')
    expect(['malformed', 'cid-mismatch']).toContain(found === 'verified' ? found : found.reason)
  })

  it.each<[string, (entry: LogEntry) => unknown]>([
    ['no date', ({ createdAt: _, ...entry }) => entry],
    ['a date in words', (entry) => ({ ...entry, createdAt: 'yesterday' })],
    ['an impossible date', (entry) => ({ ...entry, createdAt: '2024-13-45T00:00:00.000Z' })],
    ['no mark', ({ nullified: _, ...entry }) => entry],
    ['null for an operation', (entry) => ({ ...entry, operation: null })],
    ['nothing', () => null],
  ])('is refused when an entry has %s', async (_name, bend) => {
    const log = await cast.start()
    const bent = log.entries.map(bend)
    expect(await problem(log.did, bent)).toEqual({ reason: 'malformed', index: 0 })
  })
})

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const K256_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

function highS(sig: string, order: bigint): string {
  const bytes = Buffer.from(sig, 'base64url')
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  return Buffer.concat([
    bytes.subarray(0, 32),
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
  ]).toString('base64url')
}

describe('property', () => {
  it('any honest history verifies, and any one changed character in what is signed does not', async () => {
    const step = fc.record({
      signer: fc.nat(2),
      rotate: fc.boolean(),
      handle: fc.constantFrom('a.test', 'b.test'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 4 }), fc.nat(), fc.nat(), async (steps, where, what) => {
        const log = await cast.start()
        for (const { signer, rotate, handle } of steps) {
          const signing = rotate ? cast.signB : cast.signA
          await log.add({ rotationKeys: cast.keys, signing, handle }, cast.keys[signer] ?? cast.strong)
        }
        expect(await problem(log.did, log.entries)).toBe('verified')

        const index = where % log.entries.length
        const text = JSON.stringify(log.entries[index])
        const operation = JSON.stringify(log.entries[index]?.operation)
        const at = text.indexOf(operation) + (what % operation.length)
        const bent = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`
        let entry: unknown
        try {
          entry = JSON.parse(bent)
        } catch {
          return
        }
        expect(await problem(log.did, log.entries.with(index, entry as LogEntry))).not.toBe('verified')
      }),
      { numRuns: runs(15) },
    )
  }, 60_000)

  it('a cut at the end leaves a sound older log, a cut anywhere else none', async () => {
    const log = await cast.start()
    for (let i = 0; i < 5; i++)
      await log.add({ rotationKeys: cast.keys, signing: i % 2 === 0 ? cast.signB : cast.signA }, cast.weak)
    for (let length = 1; length <= 6; length++) {
      expect(await problem(log.did, log.entries.slice(0, length))).toBe('verified')
    }
    for (let missing = 0; missing < 5; missing++) {
      expect(await problem(log.did, log.entries.toSpliced(missing, 1))).not.toBe('verified')
    }
  })

  it('no JSON at all makes it fail in an untyped way', async () => {
    const { did } = await cast.start()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 3 }), async (log) => {
        expect(await problem(did, log)).not.toBe('verified')
      }),
      { numRuns: runs(80) },
    )
  })
})
