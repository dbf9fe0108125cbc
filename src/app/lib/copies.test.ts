import { describe, expect, it } from 'vitest'
import type { Copy } from '../../cairn/api.ts'
import { formatTid } from '../../core/tid.ts'
import { COPIES, PEERS, RELAYS } from '../testing/story-network.ts'
import { CHOIR, MIRELA, ROSA } from '../testing/story-data.ts'
import { copyState, holders, lag, lastAnswer, summarize } from './copies.ts'
import { labelOf, peerLabel, siteName } from './network.ts'

const DAY = 86_400_000_000
const tid = (daysAgo: number) => formatTid(1_790_000_000_000_000 - Math.round(daysAgo * DAY), 3)

const copy = (state: Copy['state'], more: Partial<Copy> = {}): Copy => ({
  did: MIRELA,
  peer: `peer-${state}`,
  name: undefined,
  kind: 'device',
  rev: tid(0),
  state,
  answeredAt: 5,
  challenge: undefined,
  online: true,
  ...more,
})
const ours = copy('current', { kind: 'self', answeredAt: 9 })

describe('copies in words and stones', () => {
  it.each([
    [[], 'No copy yet', ['wanted'], 'quiet'],
    [[ours], '1 copy, on this device', ['current'], 'good'],
    [[copy('current')], '1 copy, elsewhere', ['current'], 'good'],
    [[ours, copy('unknown')], '1 copy, on this device', ['current', 'wanted'], 'good'],
    [[copy('current'), ours], '2 copies, all current', ['current', 'current'], 'good'],
    [
      [ours, copy('behind', { rev: tid(4) })],
      '1 of 2 copies is 4 days behind',
      ['current', 'behind'],
      'behind',
    ],
    [[ours, copy('behind', { rev: 'x' })], '1 of 2 copies is behind', ['current', 'behind'], 'behind'],
    [[ours, copy('partial')], '1 of 2 copies is not whole', ['current', 'behind'], 'behind'],
    [
      [ours, copy('partial'), copy('behind')],
      '2 of 3 copies are behind',
      ['current', 'behind', 'behind'],
      'behind',
    ],
    [[ours, copy('ahead')], '1 of 2 copies is newer than yours', ['current', 'current'], 'behind'],
  ] as const)('%#: %s', (copies, title, stones, tone) => {
    expect(summarize(copies)).toMatchObject({ title, stones, tone })
  })

  it('does not count on a copy that failed its challenge, and says so before anything else', () => {
    const failed = copy('current', { challenge: { at: 1, ok: false, code: 'sync.challenge-failed' } })
    expect(summarize([ours, failed, copy('behind')])).toMatchObject({
      title: '1 of 3 copies did not prove itself',
      tone: 'bad',
      stones: ['current', 'behind', 'behind'],
    })
    expect(copyState(failed, [ours]).tone).toBe('bad')
    // nobody was there to be asked: that proves nothing
    const away = copy('current', { challenge: { at: 1, ok: false, code: 'net.unreachable' } })
    expect(summarize([ours, away]).tone).toBe('good')
  })

  it('never stacks more than five stones, and keeps the worst in the picture', () => {
    const many = Array.from({ length: 12 }, () => copy('current'))
    expect(summarize([...many, copy('unknown')]).stones).toEqual([
      ...Array.from({ length: 4 }, () => 'current'),
      'wanted',
    ])
  })

  it('tells how far behind by the time in revisions', () => {
    expect(lag(copy('behind', { rev: tid(1 / 24) }), [ours])).toBe('1 h')
    expect(lag(copy('behind', { rev: tid(2) }), [ours])).toBe('2 days')
    expect(lag(copy('ahead', { rev: tid(-2) }), [ours])).toBeUndefined()
    expect(lag(copy('behind', { rev: undefined }), [ours])).toBeUndefined()
  })

  it('names the holders and when one of them answered last', () => {
    const stories = COPIES[MIRELA] ?? []
    expect(holders(stories, RELAYS)).toBe('This device, Jun’s laptop, cairn.garden.example')
    expect(holders(COPIES[CHOIR] ?? [], RELAYS)).toMatch(/^This device, Tove’s phone and 2 more$/)
    expect(lastAnswer([ours])).toBeUndefined()
    expect(lastAnswer(stories)).toBe(stories[2]?.answeredAt)
    expect(summarize(COPIES[ROSA] ?? []).tone).toBe('behind')
  })

  it('calls a peer by its name, by its web address, or by the end of its id', () => {
    expect(peerLabel('12D3KooWabcdef', 'Jun')).toBe('Jun')
    expect(peerLabel('12D3KooWabcdef', '')).toBe('Device …abcdef')
    expect(peerLabel('p', undefined, [{ peer: 'p', url: 'https://attic.example/cairn/' }])).toBe(
      'attic.example/cairn/',
    )
    expect(siteName('not a url')).toBe('not a url')
    const status = {
      role: 'leader',
      self: 'me',
      relays: RELAYS,
      peers: PEERS,
      transfers: [],
      live: [],
      direct: 'yes',
      background: 'none',
    } as const
    expect(labelOf(PEERS[0]?.peer ?? '', status)).toBe('Jun’s laptop')
    expect(labelOf('nobody-known', undefined)).toBe('Device …-known')
  })
})
