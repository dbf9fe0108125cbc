import { expect, it } from 'vitest'
import { usable } from './choose.ts'
import type { CopyRow } from './copy-rows.ts'

const NOW = Date.parse('2026-01-01T00:00:00.000Z')
const MINUTE = 60_000

const row = (peer: string, retryAt: number | undefined): CopyRow => ({
  did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
  peer,
  kind: 'device',
  rev: undefined,
  commit: undefined,
  partial: false,
  addresses: [],
  answeredAt: undefined,
  challenge: undefined,
  failures: 1,
  failure: undefined,
  retryAt,
})
const reach = { connected: () => true, direct: () => true }
const peers = (rows: readonly CopyRow[]): string[] => usable(rows, reach, NOW).map(({ peer }) => peer)

it('a peer that failed is left alone for its pause', () => {
  expect(peers([row('never', undefined), row('over', NOW), row('paused', NOW + 30 * MINUTE)])).toEqual([
    'never',
    'over',
  ])
})

it('a pause that was noted while the clock was ahead is over once it is put right', () => {
  expect(peers([row('year', NOW + 365 * 24 * 60 * MINUTE), row('hour', NOW + 60 * MINUTE)])).toEqual([
    'year',
    'hour',
  ])
})
