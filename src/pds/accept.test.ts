import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTid } from '../core/tid.ts'
import { acceptableKey, type KeyHistory, type SignedCommit } from './accept.ts'

const revAt = (ms: number): string => formatTid(ms * 1000, 7)
/** Key A until 1000, B until 2000, A again until 3000, then C. */
const history: KeyHistory = {
  keys: [
    { didKey: 'A', from: 0, until: 1000 },
    { didKey: 'B', from: 1000, until: 2000 },
    { didKey: 'A', from: 2000, until: 3000 },
    { didKey: 'C', from: 3000, until: undefined },
  ],
  currentKey: 'C',
}

type Row = [string, { key: string; at: number; pds?: boolean; kept?: string }, string]
const rows: Row[] = [
  ['the current key', { key: 'C', at: 3500 }, 'current-key'],
  ['the current key, with an old rev', { key: 'C', at: 10 }, 'current-key'],
  ['the current key over a past one', { key: 'C', at: 3500, kept: 'B' }, 'current-key'],
  ['the current key over itself', { key: 'C', at: 3500, kept: 'C' }, 'current-key'],
  ['the current key over one the log does not know', { key: 'C', at: 3500, kept: 'X' }, 'current-key'],
  ['a past key, rev before its rotation, from a peer', { key: 'B', at: 1999 }, 'past-key'],
  ['a past key, rev at its rotation, from a peer', { key: 'B', at: 2000 }, 'past-key-after-rotation'],
  ['a forged newer head with a past key', { key: 'B', at: 9000 }, 'past-key-after-rotation'],
  [
    'a forged newer head with a past key, over a head by the current one',
    { key: 'B', at: 9000, kept: 'C' },
    'older-than-kept',
  ],
  ['a past key from the current PDS, after a migration', { key: 'B', at: 2500, pds: true }, 'past-key'],
  [
    'a past key from the current PDS over a newer key',
    { key: 'B', at: 2500, pds: true, kept: 'C' },
    'older-than-kept',
  ],
  ['a backdated commit by a past key over a newer key', { key: 'B', at: 1500, kept: 'C' }, 'older-than-kept'],
  ['a past key over itself', { key: 'B', at: 1500, kept: 'B' }, 'past-key'],
  ['a key taken up again counts by its last stretch', { key: 'A', at: 2999 }, 'past-key'],
  ['a key taken up again over the one between', { key: 'A', at: 2500, kept: 'B' }, 'past-key'],
  ['the one between over a key taken up again', { key: 'B', at: 1500, kept: 'A' }, 'older-than-kept'],
  ['a key taken up again, after its last stretch', { key: 'A', at: 3000 }, 'past-key-after-rotation'],
  ['a stranger', { key: 'X', at: 10, pds: true }, 'unknown-key'],
]

const decide = (from: KeyHistory, { key, at, pds = false, kept }: Row[1]): string => {
  const newestAccepted = kept === undefined ? undefined : { didKey: kept }
  const made = acceptableKey(from, {
    didKey: key,
    rev: revAt(at),
    fetchedFromCurrentPds: pds,
    newestAccepted,
  })
  return made.ok ? made.by : made.reason
}

describe('whose signature counts', () => {
  it.each(rows)('%s', (_name, commit, expected) => {
    expect(decide(history, commit)).toBe(expected)
  })

  it('has nobody when the account has no key, and only the past when it has none now', () => {
    expect(decide({ keys: [], currentKey: undefined }, { key: 'A', at: 1, pds: true })).toBe('unknown-key')
    const ended: KeyHistory = { keys: [{ didKey: 'A', from: 0, until: 1000 }], currentKey: undefined }
    expect(decide(ended, { key: 'A', at: 999 })).toBe('past-key')
    expect(decide(ended, { key: 'A', at: 1001 })).toBe('past-key-after-rotation')
  })

  it('takes a rev that is no TID as before nothing', () => {
    const commit: SignedCommit = { didKey: 'B', rev: '2', fetchedFromCurrentPds: false }
    expect(acceptableKey(history, commit)).toEqual({ ok: false, reason: 'past-key-after-rotation' })
  })

  it('never lets an older key replace a newer one, whatever else is claimed', () => {
    const key = fc.constantFrom('A', 'B', 'C', 'X')
    const order = ['X', 'B', 'A', 'C']
    fc.assert(
      fc.property(key, key, fc.nat(10_000), fc.boolean(), (candidate, kept, at, pds) => {
        const accepted = ['current-key', 'past-key'].includes(
          decide(history, { key: candidate, at, pds, kept }),
        )
        if (accepted) expect(order.indexOf(candidate)).toBeGreaterThanOrEqual(order.indexOf(kept))
        if (candidate === 'X') expect(accepted).toBe(false)
      }),
    )
  })
})
