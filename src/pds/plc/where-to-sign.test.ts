import { beforeAll, describe, expect, it } from 'vitest'
import { HOUR, LOG_START, makeKey, startLog, type TestKey } from '../testing/plc-maker.ts'
import { RECOVERY_WINDOW, verifyPlcLog } from './log.ts'
import { makePlcOperation, readMadeOperation, stateText } from './make-operation.ts'
import { parsePlcOperation } from './operation.ts'
import {
  formatPrivateKey,
  makePrivateKey,
  parsePrivateKey,
  type PrivateKey,
  privateKeyOf,
  signWith,
} from './private-key.ts'
import { findSigner } from './signer.ts'
import { whereToSign } from './where-to-sign.ts'
import { verifySignature } from '../../repo/signature.ts'

let own: PrivateKey
let ownInLog: TestKey
let server: TestKey
let stranger: TestKey
beforeAll(async () => {
  own = makePrivateKey()
  server = await makeKey('k256')
  stranger = await makeKey('p256')
  // only its did:key goes into a log
  ownInLog = { ...server, didKey: own.didKey }
})

const verified = async (log: Awaited<ReturnType<typeof startLog>>) => verifyPlcLog(log.did, log.entries)

describe('where a key can sign', () => {
  it('is after the newest operation while the key is listed there', async () => {
    const log = await startLog({ rotationKeys: [ownInLog, server], signing: server }, server)
    await log.add({ rotationKeys: [server, ownInLog], signing: server }, server)
    const place = whereToSign(await verified(log), own.didKey, LOG_START + 1000 * HOUR)
    expect(place).toMatchObject({ prev: log.head(), rank: 1, overrules: [], until: undefined })
  })

  it('is in place of what took it out, for 72 hours', async () => {
    const log = await startLog({ rotationKeys: [ownInLog, server], signing: server }, server)
    const before = log.head()
    await log.add({ rotationKeys: [server], signing: stranger }, server)
    await log.add({ rotationKeys: [stranger], signing: stranger }, server)
    const read = await verified(log)
    const taken = LOG_START + HOUR
    const place = whereToSign(read, own.didKey, taken + RECOVERY_WINDOW - 1)
    expect(place).toMatchObject({ prev: before, rank: 0, until: taken + RECOVERY_WINDOW })
    expect('overrules' in place && place.overrules).toHaveLength(2)
    expect(whereToSign(read, own.didKey, taken + RECOVERY_WINDOW)).toEqual({ problem: 'too-late' })
  })

  it('is nowhere for a key below the one that took it out, or that was never there', async () => {
    const log = await startLog({ rotationKeys: [server, ownInLog], signing: server }, server)
    await log.add({ rotationKeys: [server], signing: server }, server)
    const read = await verified(log)
    expect(whereToSign(read, own.didKey, LOG_START + 2 * HOUR)).toEqual({ problem: 'outranked' })
    expect(whereToSign(read, stranger.didKey, LOG_START + 2 * HOUR)).toEqual({ problem: 'not-listed' })
  })

  it('makes an operation there that our own verifier takes as a recovery', async () => {
    const log = await startLog({ rotationKeys: [ownInLog, server], signing: server }, server)
    await log.add({ rotationKeys: [server], signing: stranger }, server)
    const at = LOG_START + 2 * HOUR
    const place = whereToSign(await verified(log), own.didKey, at)
    if ('problem' in place) throw new Error(place.problem)
    const operation = makePlcOperation({ ...place.state, rotationKeys: [own.didKey] }, place.prev, own)
    const parsed = parsePlcOperation(operation)
    if (parsed === undefined) throw new Error('not an operation')
    expect(await findSigner([server.didKey, own.didKey], parsed)).toEqual({ key: own.didKey, rank: 1 })
    expect(parsed.state && stateText(parsed.state)).toBe(
      stateText({ ...place.state, rotationKeys: [own.didKey] }),
    )
  })
})

describe('an operation that a server made', () => {
  it('is taken only when it says what was asked for, after what was', async () => {
    const log = await startLog({ rotationKeys: [server, ownInLog], signing: server }, server)
    const { current } = await verified(log)
    if (current === 'tombstoned') throw new Error('a live log')
    const wanted = { state: { ...current, rotationKeys: [own.didKey, server.didKey] }, prev: log.head() }
    const made = makePlcOperation(wanted.state, wanted.prev, own)
    expect(readMadeOperation(made, wanted, 'pds.example').prev).toBe(log.head())
    for (const bent of [
      { ...made, rotationKeys: [server.didKey, own.didKey] },
      { ...made, alsoKnownAs: ['at://evil.test'] },
      {
        ...made,
        services: { atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: 'https://evil.test' } },
      },
      { ...made, verificationMethods: { atproto: stranger.didKey } },
      { ...made, prev: null },
      { ...made, more: 1 },
      'nothing',
      undefined,
    ]) {
      expect(() => readMadeOperation(bent, wanted, 'pds.example')).toThrow(/bad-response/)
    }
  })
})

describe('private keys', () => {
  it.each(['k256', 'p256'] as const)('of %s come back from their text, and sign', async (curve) => {
    const key = makePrivateKey(curve)
    expect(parsePrivateKey(formatPrivateKey(key))).toEqual(key)
    const bytes = new TextEncoder().encode('signed')
    expect(await verifySignature(key.didKey, signWith(key, bytes), bytes)).toBe('valid')
    expect(await verifySignature(key.didKey, signWith(key, bytes), new Uint8Array(3))).toBe('invalid')
  })

  it('are refused when they are none', () => {
    for (const text of ['', 'z', 'zzzz', 'x123', `z${'1'.repeat(60)}`, own.didKey.slice(8), 'z0OIl']) {
      expect(parsePrivateKey(text), text).toBeUndefined()
    }
    expect(privateKeyOf('k256', new Uint8Array(32))).toBeUndefined()
    expect(privateKeyOf('p256', new Uint8Array(32).fill(255))).toBeUndefined()
    expect(privateKeyOf('k256', new Uint8Array(31).fill(1))).toBeUndefined()
  })
})
