import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { PdsError } from '../errors.ts'
import {
  HOUR,
  LOG_START,
  makeKey,
  nameOperation,
  regular,
  signOperation,
  startLog,
  startLogWith,
  type LogEntry,
  type PlcLogMaker,
  type TestKey,
} from '../testing/plc-maker.ts'
import { MAX_LOG_ENTRIES, RECOVERY_WINDOW, verifyPlcLog } from './log.ts'

let strong: TestKey
let middle: TestKey
let weak: TestKey
let signA: TestKey
let signB: TestKey
let stranger: TestKey

beforeAll(async () => {
  strong = await makeKey('p256')
  middle = await makeKey('k256')
  weak = await makeKey('p256')
  signA = await makeKey('k256')
  signB = await makeKey('p256')
  stranger = await makeKey('k256')
})

const keys = (): TestKey[] => [strong, middle, weak]

async function started(): Promise<PlcLogMaker> {
  return await startLog({ rotationKeys: keys(), signing: signA }, weak)
}

async function problem(did: string, log: unknown): Promise<{ reason: unknown; index: unknown } | 'verified'> {
  try {
    await verifyPlcLog(did, log)
    return 'verified'
  } catch (error) {
    if (!(error instanceof PdsError)) throw error
    expect(error.code).toBe('pds.plc-log-invalid')
    expect(error.fields['did']).toBe(did)
    return { reason: error.fields['reason'], index: error.fields['index'] }
  }
}

describe('a sound log', () => {
  it('is verified from a genesis alone', async () => {
    const log = await started()
    const verified = await verifyPlcLog(log.did, log.entries)
    expect(verified.did).toBe(log.did)
    expect(verified.operations).toHaveLength(1)
    expect(verified.operations[0]?.signedBy).toBe(weak.didKey)
    expect(verified.signingKeys).toEqual([{ didKey: signA.didKey, from: LOG_START, until: undefined }])
  })

  it('follows updates and rotations of both kinds of key', async () => {
    const log = await started()
    await log.add({ rotationKeys: keys(), signing: signA, handle: 'alice.example.com' }, weak)
    await log.add({ rotationKeys: [middle, strong], signing: signB, pds: 'https://new.example.com' }, middle)
    await log.add({ rotationKeys: [middle], signing: signB }, strong)
    const verified = await verifyPlcLog(log.did, log.entries)
    if (verified.current === 'tombstoned') throw new Error('not tombstoned')
    expect(verified.current.rotationKeys).toEqual([middle.didKey])
    expect(verified.current.verificationMethods.get('atproto')).toBe(signB.didKey)
    expect(verified.current.services.get('atproto_pds')?.endpoint).toBe('https://pds.example.com')
    expect(verified.signingKeys).toEqual([
      { didKey: signA.didKey, from: LOG_START, until: LOG_START + 2 * HOUR },
      { didKey: signB.didKey, from: LOG_START + 2 * HOUR, until: undefined },
    ])
  })

  it('gives one period for each stretch of a key that comes and goes', async () => {
    const log = await started()
    await log.add({ rotationKeys: keys(), signing: signB }, weak)
    await log.add({ rotationKeys: keys(), signing: undefined }, weak)
    await log.add({ rotationKeys: keys(), signing: signA }, weak)
    const { signingKeys } = await verifyPlcLog(log.did, log.entries)
    expect(signingKeys.map(({ didKey, from, until }) => [didKey, from - LOG_START, until && until - LOG_START])).toEqual([
      [signA.didKey, 0, HOUR],
      [signB.didKey, HOUR, 2 * HOUR],
      [signA.didKey, 3 * HOUR, undefined],
    ])
  })

  it('reads the legacy genesis, whose recovery key is the most powerful', async () => {
    const log = await startLogWith(
      {
        type: 'create',
        signingKey: signA.didKey,
        recoveryKey: strong.didKey,
        handle: 'alice.test',
        service: 'https://pds.example.com',
        prev: null,
      },
      signA,
    )
    await log.add({ rotationKeys: [strong], signing: signB }, signA)
    await log.add({ rotationKeys: [strong], signing: signA }, strong, { prev: log.entries[0]?.cid ?? '' })
    const verified = await verifyPlcLog(log.did, log.entries)
    expect(verified.operations.map(({ nullified }) => nullified)).toEqual([false, true, false])
    expect(verified.operations[0]?.state?.alsoKnownAs).toEqual(['at://alice.test'])
    expect(verified.signingKeys.map(({ didKey }) => didKey)).toEqual([signA.didKey])
  })

  it('ends in a tombstone, which may itself be overruled', async () => {
    const log = await started()
    await log.add('tombstone', weak)
    const dead = await verifyPlcLog(log.did, log.entries)
    expect(dead.current).toBe('tombstoned')
    expect(dead.signingKeys).toEqual([{ didKey: signA.didKey, from: LOG_START, until: LOG_START + HOUR }])
    await log.add({ rotationKeys: keys(), signing: signB }, strong, { prev: log.entries[0]?.cid ?? '' })
    const back = await verifyPlcLog(log.did, log.entries)
    expect(back.current).not.toBe('tombstoned')
    expect(back.signingKeys.map(({ didKey }) => didKey)).toEqual([signA.didKey, signB.didKey])
  })
})

describe('recovery', () => {
  async function hijacked(): Promise<{ log: PlcLogMaker; genesis: string }> {
    const log = await started()
    const genesis = log.head()
    await log.add({ rotationKeys: [stranger], signing: stranger }, middle)
    await log.add({ rotationKeys: [stranger], signing: stranger, pds: 'https://thief.example.com' }, stranger)
    return { log, genesis }
  }

  it('by a more powerful key within the window undoes a whole branch', async () => {
    const { log, genesis } = await hijacked()
    await log.add({ rotationKeys: keys(), signing: signB }, strong, { prev: genesis, at: LOG_START + HOUR + RECOVERY_WINDOW })
    const verified = await verifyPlcLog(log.did, log.entries)
    expect(verified.operations.map(({ nullified }) => nullified)).toEqual([false, true, true, false])
    // the thief's key never counts, and the old key counts until the recovery
    expect(verified.signingKeys.map(({ didKey }) => didKey)).toEqual([signA.didKey, signB.didKey])
    expect(verified.signingKeys[0]?.until).toBe(LOG_START + HOUR + RECOVERY_WINDOW)
  })

  it('one millisecond after the window is refused', async () => {
    const { log, genesis } = await hijacked()
    const at = LOG_START + HOUR + RECOVERY_WINDOW + 1
    await log.add({ rotationKeys: keys(), signing: signB }, strong, { prev: genesis, at })
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'recovery-too-late', index: 3 })
  })

  it.each([
    ['the same key', () => middle],
    ['a less powerful key', () => weak],
  ])('by %s is refused', async (_name, signer) => {
    const { log, genesis } = await hijacked()
    await log.add({ rotationKeys: keys(), signing: signB }, signer(), { prev: genesis })
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'recovery-not-allowed', index: 3 })
  })

  it('may be overruled again only by a still more powerful key', async () => {
    const log = await started()
    const genesis = log.head()
    await log.add({ rotationKeys: keys(), signing: stranger }, weak)
    await log.add({ rotationKeys: keys(), signing: signB }, middle, { prev: genesis })
    await log.add({ rotationKeys: keys(), signing: signA }, strong, { prev: genesis })
    expect(await problem(log.did, log.entries)).toBe('verified')
    await log.add({ rotationKeys: keys(), signing: signB }, middle, { prev: genesis })
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'recovery-not-allowed', index: 4 })
  })

  it('cannot build on an operation that was overruled', async () => {
    const { log, genesis } = await hijacked()
    const overruled = log.head()
    await log.add({ rotationKeys: keys(), signing: signB }, strong, { prev: genesis })
    const unsigned = regular({ rotationKeys: [stranger], signing: stranger }, overruled)
    log.entries.push(await entryOf(log, unsigned, stranger))
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'prev-nullified', index: 4 })
  })

  it('that hides its mark, or marks what still stands, is refused', async () => {
    const { log, genesis } = await hijacked()
    await log.add({ rotationKeys: keys(), signing: signB }, strong, { prev: genesis })
    const hidden = log.entries.map((entry, index) => (index === 1 ? { ...entry, nullified: false } : entry))
    expect(await problem(log.did, hidden)).toEqual({ reason: 'nullified-mismatch', index: 1 })
    const marked = log.entries.map((entry, index) => (index === 3 ? { ...entry, nullified: true } : entry))
    expect(await problem(log.did, marked)).toEqual({ reason: 'nullified-mismatch', index: 3 })
    // leaving the overruled branch out altogether is a sound log of what stands
    const simple = log.entries.filter((entry) => !entry.nullified)
    expect(await problem(log.did, simple)).toBe('verified')
  })
})

async function entryOf(log: PlcLogMaker, unsigned: Record<string, unknown>, by: TestKey): Promise<LogEntry> {
  const operation = await signOperation(unsigned, by)
  const { cid } = await nameOperation(operation)
  const createdAt = new Date(log.lastTime() + HOUR).toISOString()
  return { did: log.did, operation, cid, nullified: false, createdAt }
}

describe('a log that is not sound', () => {
  it('is refused when it is no log', async () => {
    const { did, entries } = await started()
    expect(await problem(did, { entries })).toEqual({ reason: 'not-a-log', index: undefined })
    expect(await problem(did, [])).toEqual({ reason: 'empty', index: undefined })
    const endless = Array.from({ length: MAX_LOG_ENTRIES + 1 }, () => entries[0])
    expect(await problem(did, endless)).toEqual({ reason: 'too-long', index: undefined })
  })

  it('is refused when an operation is forged by a stranger', async () => {
    const log = await started()
    await log.add({ rotationKeys: [stranger], signing: stranger }, stranger)
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'bad-signature', index: 1 })
  })

  it('is refused when the genesis is signed by a stranger, or by the signing key alone', async () => {
    const log = await startLog({ rotationKeys: keys(), signing: signA }, signA)
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'bad-signature', index: 0 })
  })

  it('is refused when a key that was rotated out signs on', async () => {
    const log = await started()
    await log.add({ rotationKeys: [strong], signing: signA }, weak)
    await log.add({ rotationKeys: [weak], signing: stranger }, weak)
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'bad-signature', index: 2 })
  })

  it('is refused for another DID', async () => {
    const log = await started()
    const other = await startLog({ rotationKeys: keys(), signing: signB }, weak)
    expect(await problem(other.did, log.entries)).toEqual({ reason: 'wrong-did', index: 0 })
    const relabelled = log.entries.map((entry) => ({ ...entry, did: other.did }))
    expect(await problem(other.did, relabelled)).toEqual({ reason: 'genesis-mismatch', index: 0 })
  })

  it('is refused out of order, with a gap, without its genesis, or with two', async () => {
    const log = await started()
    await log.add({ rotationKeys: keys(), signing: signA }, weak)
    await log.add({ rotationKeys: keys(), signing: signB }, weak)
    const [first, second, third] = log.entries
    expect(await problem(log.did, [first, third, second])).toEqual({ reason: 'prev-unknown', index: 1 })
    expect(await problem(log.did, [first, third])).toEqual({ reason: 'prev-unknown', index: 1 })
    expect(await problem(log.did, [second, third])).toEqual({ reason: 'no-genesis', index: 0 })
    expect(await problem(log.did, [first, first])).toEqual({ reason: 'second-genesis', index: 1 })
    expect(await problem(log.did, [first, second, second])).toEqual({ reason: 'recovery-not-allowed', index: 2 })
  })

  it('is refused when time runs backwards', async () => {
    const log = await started()
    await log.add({ rotationKeys: keys(), signing: signB }, weak, { at: LOG_START - 1 })
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'order', index: 1 })
  })

  it('goes on after a tombstone only by recovery', async () => {
    const log = await started()
    await log.add('tombstone', weak)
    await log.add({ rotationKeys: keys(), signing: signB }, strong)
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'after-tombstone', index: 2 })
  })

  it('is refused when a signature has a high S', async () => {
    for (const key of [weak, middle]) {
      const log = await startLog({ rotationKeys: [key], signing: signA }, key)
      const genesis = log.entries[0]
      if (genesis === undefined) throw new Error('a log has a genesis')
      const next = await entryOf(log, regular({ rotationKeys: [key], signing: signB }, genesis.cid), key)
      next.operation = { ...next.operation, sig: highS(String(next.operation['sig']), key === weak ? P256_ORDER : K256_ORDER) }
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
    const log = await started()
    const next = await entryOf(log, regular({ rotationKeys: keys(), signing: signB }, log.head()), weak)
    next.operation = { ...next.operation, sig: bend(String(next.operation['sig'])) }
    next.cid = (await nameOperation(next.operation)).cid
    expect(await problem(log.did, [...log.entries, next])).toEqual({ reason: 'signature-malformed', index: 1 })
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
    ['far too many names', (op) => ({ ...op, alsoKnownAs: Array.from({ length: 100 }, () => 'at://a.test') })],
  ])('is refused when an operation has %s', async (_name, bend) => {
    const log = await started()
    const next = await entryOf(log, regular({ rotationKeys: keys(), signing: signB }, log.head()), weak)
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
    const log = await started()
    const bent = log.entries.map(bend)
    expect(await problem(log.did, bent)).toEqual({ reason: 'malformed', index: 0 })
  })
})

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const K256_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

function highS(sig: string, order: bigint): string {
  const bytes = Buffer.from(sig, 'base64url')
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  return Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]).toString('base64url')
}

describe('property', () => {
  it('any honest history verifies, and any one changed character in what is signed does not', async () => {
    const step = fc.record({ signer: fc.nat(2), rotate: fc.boolean(), handle: fc.constantFrom('a.test', 'b.test') })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 4 }), fc.nat(), fc.nat(), async (steps, where, what) => {
        const log = await started()
        for (const { signer, rotate, handle } of steps) {
          const signing = rotate ? signB : signA
          await log.add({ rotationKeys: keys(), signing, handle }, keys()[signer] ?? strong)
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
      { numRuns: 40 },
    )
  }, 60_000)

  it('a cut at the end leaves a sound older log, a cut anywhere else none', async () => {
    const log = await started()
    for (let i = 0; i < 5; i++) await log.add({ rotationKeys: keys(), signing: i % 2 === 0 ? signB : signA }, weak)
    for (let length = 1; length <= 6; length++) {
      expect(await problem(log.did, log.entries.slice(0, length))).toBe('verified')
    }
    for (let missing = 0; missing < 5; missing++) {
      expect(await problem(log.did, log.entries.toSpliced(missing, 1))).not.toBe('verified')
    }
  })

  it('no JSON at all makes it fail in an untyped way', async () => {
    const { did } = await started()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 3 }), async (log) => {
        expect(await problem(did, log)).not.toBe('verified')
      }),
      { numRuns: 200 },
    )
  })
})
