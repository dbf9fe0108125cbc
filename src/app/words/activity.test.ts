import { describe, expect, it } from 'vitest'
import type { ActivityItem } from '../../cairn/api.ts'
import { wordsFor } from '../words.ts'
import { activityReason, activitySentence, SENTENCES } from './activity.ts'

const item = (kind: string, fields: ActivityItem['fields'], level: ActivityItem['level'] = 'info') => ({
  id: '1',
  at: 0,
  did: 'did:plc:abc',
  kind,
  fields,
  level,
})

describe('the history in sentences', () => {
  // that every kind which is noted stands in the table is held by its type
  it.each(Object.keys(SENTENCES))('%s is one, whatever the fields are', (kind) => {
    const strange = [
      {},
      { records: 5, added: 2, updated: 0, deleted: 1, fetched: 3, missing: 1, failed: 2, left: 1 },
      { records: 'x', label: {}, left: 0, changed: false },
      {
        peer: 5,
        peerName: {},
        rung: 'toString',
        url: 'x',
        tried: [null, 4, {}, { code: 6 }],
        by: 'them',
        ours: 1,
      },
      { peer: 'p', rung: 'pages', url: 'no address', tried: 'x', by: 'us', before: [], fromPeers: 2 },
    ]
    for (const fields of strange) {
      const sentence = activitySentence(item(kind, fields, 'bad'), 'Ana')
      expect(sentence).toMatch(/^[A-Z0-9].*[.]$/)
      expect(sentence).not.toMatch(/undefined|\[object|NaN|needs a look/)
      expect(activityReason(item(kind, fields)) ?? 'None.').toMatch(/^[A-Z].*[.]$/)
    }
  })

  it('says which backup stands when the newest was lost', () => {
    expect(activitySentence(item('head.dropped', { left: 2 }, 'bad'), 'Ana')).toMatch(/one before it stands/)
    expect(activitySentence(item('head.dropped', { left: 0 }, 'bad'), 'Ana')).toMatch(/none before it/)
  })

  const peer = '12D3KooWabcdef'
  const ben = { peer, peerName: "Ben's phone" }
  const said = (kind: string, fields: ActivityItem['fields']) => activitySentence(item(kind, fields), 'Ana')

  it.each([
    [
      { ...ben, rung: 'difference', added: 12, updated: 0, deleted: 0 },
      "12 new records of Ana came from Ben's phone, by comparing both copies.",
    ],
    [
      { ...ben, rung: 'pack', added: 2, updated: 0, deleted: 1 },
      "Ana came from Ben's phone, as a list of changes: 2 added, 1 deleted upstream.",
    ],
    [
      { ...ben, rung: 'pages', added: 1, updated: 2, deleted: 0 },
      "Ana came from Ben's phone, page by page: 1 added, 2 changed.",
    ],
    [
      { peer, rung: 'repo-sync', added: 60 },
      '60 new records of Ana came from Device …abcdef, as one stream.',
    ],
    [
      { peer, url: 'https://attic.example/cairn/', rung: 'http', added: 60 },
      '60 new records of Ana came from attic.example/cairn/, as one download.',
    ],
    [
      { ...ben, rung: 'pages', collection: 'app.bsky.feed.like', records: 3 },
      "Likes of Ana came from Ben's phone, page by page: 3 records.",
    ],
    [
      { ...ben, rung: 'difference', changed: false },
      "The copy of Ana on Ben's phone was looked at; nothing in it is new.",
    ],
    // as an earlier version has noted it
    [{ added: 2, updated: 1 }, 'Ana came from another copy: 2 added, 1 changed.'],
  ])('tells from whom a repo came and how: %o', (fields, sentence) => {
    expect(said('peer.pulled', fields)).toBe(sentence)
  })

  it('tells whom blobs came from, and whom nothing could be taken from', () => {
    expect(said('blobs.done', { ...ben, fetched: 5, fromPeers: 5 })).toBe(
      "5 blobs of Ana were fetched from Ben's phone.",
    )
    expect(said('blobs.done', { fetched: 5, fromPeers: 2, missing: 1 })).toBe(
      '5 blobs of Ana were fetched, 2 from other copies, 1 missing at its server.',
    )
    expect(said('blobs.done', { fetched: 5, fromPeers: 0 })).toBe('5 blobs of Ana were fetched.')
    expect(said('peer.failed', ben)).toBe("Ana could not be taken from Ben's phone.")
  })

  it('tells what was tried before, and why it did not do', () => {
    const tried = [
      { rung: 'server', code: 'pds.network' },
      { peer, name: "Ben's phone", code: 'net.malformed' },
      { rung: 'difference', code: 'net.limit' },
      { rung: 'http', code: 'net.refused' },
    ]
    const reason = (fields: ActivityItem['fields']) => activityReason(item('peer.pulled', fields))
    const all = reason({ tried })
    for (const [first, code] of [
      ['Its own server was asked first.', tried[0]?.code],
      ["Ben's phone was asked first.", tried[1]?.code],
      ['Both copies were compared first.', tried[2]?.code],
    ] as const)
      expect(all).toContain(`${first} ${wordsFor(code ?? '', {}).title}`)
    // Three are enough.
    expect(all).not.toContain('A download')
    expect(reason({ resumed: true })).toMatch(/cut off/)
    expect(reason({ ...ben, rung: 'pages', resumed: false, tried: [] })).toBeUndefined()
  })

  it.each([
    [
      'offered',
      { by: 'us', ours: 'a', theirs: 'b' },
      "You asked Ben's phone to keep a copy of Ana, in return for a copy of theirs.",
    ],
    ['offered', { by: 'us', theirs: 'b' }, "You offered Ben's phone to keep a copy of Ana."],
    ['offered', { by: 'them', ours: 'a' }, "Ben's phone offers to keep a copy of Ana."],
    ['offered', { by: 'them', theirs: 'b' }, "Ben's phone asks you to keep a copy of Ana."],
    [
      'accepted',
      { by: 'us', theirs: 'b', before: 'incoming' },
      "You agreed with Ben's phone: you keep a copy of Ana.",
    ],
    [
      'accepted',
      { by: 'them', ours: 'a', theirs: 'b' },
      "Ben's phone agreed: they keep a copy of Ana, and you keep one of theirs.",
    ],
    ['ended', { by: 'us', before: 'active' }, "You ended the agreement with Ben's phone about Ana."],
    ['ended', { by: 'them', before: 'active' }, "Ben's phone ended the agreement about Ana."],
    ['ended', { by: 'us', before: 'offered' }, "You took back the offer to Ben's phone about Ana."],
    ['ended', { by: 'them', before: 'offered' }, "Ben's phone declined the offer about Ana."],
    ['ended', { by: 'us', before: 'incoming' }, "You declined the offer of Ben's phone about Ana."],
    ['ended', { by: 'them', before: 'incoming' }, "Ben's phone took back the offer about Ana."],
  ])('tells who did what about an agreement: %s, %o', (what, fields, sentence) => {
    expect(said(`agreement.${what}`, { ...ben, ...fields })).toBe(sentence)
  })

  it('still names what a newer version has noted', () => {
    expect(activitySentence(item('toString', {}), 'Ana')).toBe('Ana changed.')
    expect(activitySentence(item('space.joined', {}, 'bad'), 'Ana')).toBe('Ana needs a look.')
  })
})
