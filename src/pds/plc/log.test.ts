import { beforeAll, describe, expect, it } from 'vitest'
import { makeCast, problem, type Cast } from '../testing/plc-cast.ts'
import { entryOf, HOUR, LOG_START, regular, startLogWith, type PlcLogMaker } from '../testing/plc-maker.ts'
import { RECOVERY_WINDOW, verifyPlcLog } from './log.ts'

let cast: Cast
beforeAll(async () => {
  cast = await makeCast()
})

describe('a sound log', () => {
  it('is verified from a genesis alone', async () => {
    const log = await cast.start()
    const verified = await verifyPlcLog(log.did, log.entries)
    expect(verified.did).toBe(log.did)
    expect(verified.operations).toHaveLength(1)
    expect(verified.operations[0]?.signedBy).toBe(cast.weak.didKey)
    expect(verified.signingKeys).toEqual([{ didKey: cast.signA.didKey, from: LOG_START, until: undefined }])
  })

  it('follows updates and rotations of both kinds of key', async () => {
    const log = await cast.start()
    await log.add({ rotationKeys: cast.keys, signing: cast.signA, handle: 'alice.example.com' }, cast.weak)
    await log.add(
      { rotationKeys: [cast.middle, cast.strong], signing: cast.signB, pds: 'https://new.example.com' },
      cast.middle,
    )
    await log.add({ rotationKeys: [cast.middle], signing: cast.signB }, cast.strong)
    const verified = await verifyPlcLog(log.did, log.entries)
    if (verified.current === 'tombstoned') throw new Error('not tombstoned')
    expect(verified.current.rotationKeys).toEqual([cast.middle.didKey])
    expect(verified.current.verificationMethods.get('atproto')).toBe(cast.signB.didKey)
    expect(verified.current.services.get('atproto_pds')?.endpoint).toBe('https://pds.example.com')
    expect(verified.signingKeys).toEqual([
      { didKey: cast.signA.didKey, from: LOG_START, until: LOG_START + 2 * HOUR },
      { didKey: cast.signB.didKey, from: LOG_START + 2 * HOUR, until: undefined },
    ])
  })

  it('gives one period for each stretch of a key that comes and goes', async () => {
    const log = await cast.start()
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.weak)
    await log.add({ rotationKeys: cast.keys, signing: undefined }, cast.weak)
    await log.add({ rotationKeys: cast.keys, signing: cast.signA }, cast.weak)
    const { signingKeys } = await verifyPlcLog(log.did, log.entries)
    expect(
      signingKeys.map(({ didKey, from, until }) => [didKey, from - LOG_START, until && until - LOG_START]),
    ).toEqual([
      [cast.signA.didKey, 0, HOUR],
      [cast.signB.didKey, HOUR, 2 * HOUR],
      [cast.signA.didKey, 3 * HOUR, undefined],
    ])
  })

  it('reads the legacy genesis, whose recovery key is the most powerful', async () => {
    const log = await startLogWith(
      {
        type: 'create',
        signingKey: cast.signA.didKey,
        recoveryKey: cast.strong.didKey,
        handle: 'alice.test',
        service: 'https://pds.example.com',
        prev: null,
      },
      cast.signA,
    )
    await log.add({ rotationKeys: [cast.strong], signing: cast.signB }, cast.signA)
    await log.add({ rotationKeys: [cast.strong], signing: cast.signA }, cast.strong, {
      prev: log.entries[0]?.cid ?? '',
    })
    const verified = await verifyPlcLog(log.did, log.entries)
    expect(verified.operations.map(({ nullified }) => nullified)).toEqual([false, true, false])
    expect(verified.operations[0]?.state?.alsoKnownAs).toEqual(['at://alice.test'])
    expect(verified.signingKeys.map(({ didKey }) => didKey)).toEqual([cast.signA.didKey])
  })

  it('ends in a tombstone, which may itself be overruled', async () => {
    const log = await cast.start()
    await log.add('tombstone', cast.weak)
    const dead = await verifyPlcLog(log.did, log.entries)
    expect(dead.current).toBe('tombstoned')
    expect(dead.signingKeys).toEqual([
      { didKey: cast.signA.didKey, from: LOG_START, until: LOG_START + HOUR },
    ])
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.strong, {
      prev: log.entries[0]?.cid ?? '',
    })
    const back = await verifyPlcLog(log.did, log.entries)
    expect(back.current).not.toBe('tombstoned')
    expect(back.signingKeys.map(({ didKey }) => didKey)).toEqual([cast.signA.didKey, cast.signB.didKey])
  })
})

describe('recovery', () => {
  async function hijacked(): Promise<{ log: PlcLogMaker; genesis: string }> {
    const log = await cast.start()
    const genesis = log.head()
    await log.add({ rotationKeys: [cast.stranger], signing: cast.stranger }, cast.middle)
    await log.add(
      { rotationKeys: [cast.stranger], signing: cast.stranger, pds: 'https://thief.example.com' },
      cast.stranger,
    )
    return { log, genesis }
  }

  it('by a more powerful key within the window undoes a whole branch', async () => {
    const { log, genesis } = await hijacked()
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.strong, {
      prev: genesis,
      at: LOG_START + HOUR + RECOVERY_WINDOW,
    })
    const verified = await verifyPlcLog(log.did, log.entries)
    expect(verified.operations.map(({ nullified }) => nullified)).toEqual([false, true, true, false])
    // the thief's key never counts, and the old key counts until the recovery
    expect(verified.signingKeys.map(({ didKey }) => didKey)).toEqual([cast.signA.didKey, cast.signB.didKey])
    expect(verified.signingKeys[0]?.until).toBe(LOG_START + HOUR + RECOVERY_WINDOW)
  })

  it('one millisecond after the window is refused', async () => {
    const { log, genesis } = await hijacked()
    const at = LOG_START + HOUR + RECOVERY_WINDOW + 1
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.strong, { prev: genesis, at })
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'recovery-too-late', index: 3 })
  })

  it.each([
    ['the same key', () => cast.middle],
    ['a less powerful key', () => cast.weak],
  ])('by %s is refused', async (_name, signer) => {
    const { log, genesis } = await hijacked()
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, signer(), { prev: genesis })
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'recovery-not-allowed', index: 3 })
  })

  it('may be overruled again only by a still more powerful key', async () => {
    const log = await cast.start()
    const genesis = log.head()
    await log.add({ rotationKeys: cast.keys, signing: cast.stranger }, cast.weak)
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.middle, { prev: genesis })
    await log.add({ rotationKeys: cast.keys, signing: cast.signA }, cast.strong, { prev: genesis })
    expect(await problem(log.did, log.entries)).toBe('verified')
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.middle, { prev: genesis })
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'recovery-not-allowed', index: 4 })
  })

  it('cannot build on an operation that was overruled', async () => {
    const { log, genesis } = await hijacked()
    const overruled = log.head()
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.strong, { prev: genesis })
    const unsigned = regular({ rotationKeys: [cast.stranger], signing: cast.stranger }, overruled)
    log.entries.push(await entryOf(log, unsigned, cast.stranger))
    expect(await problem(log.did, log.entries)).toEqual({ reason: 'prev-nullified', index: 4 })
  })

  it('that hides its mark, or marks what still stands, is refused', async () => {
    const { log, genesis } = await hijacked()
    await log.add({ rotationKeys: cast.keys, signing: cast.signB }, cast.strong, { prev: genesis })
    const hidden = log.entries.map((entry, index) => (index === 1 ? { ...entry, nullified: false } : entry))
    expect(await problem(log.did, hidden)).toEqual({ reason: 'nullified-mismatch', index: 1 })
    const marked = log.entries.map((entry, index) => (index === 3 ? { ...entry, nullified: true } : entry))
    expect(await problem(log.did, marked)).toEqual({ reason: 'nullified-mismatch', index: 3 })
    // leaving the overruled branch out altogether is a sound log of what stands
    const simple = log.entries.filter((entry) => !entry.nullified)
    expect(await problem(log.did, simple)).toBe('verified')
  })
})
