import { describe, expect, it } from 'vitest'
import { sha256 } from '../../storage/testing/node-host.ts'
import { encodeRecord } from './encode.ts'
import { nextTid } from './ids.ts'
import { withMentions } from './mentions.ts'
import type { DraftRow, DraftState, RecordValue } from './model.ts'
import { nextBatch, sendable, waitsFor } from './queue.ts'
import { followers, mentionsUri, withReference } from './references.ts'

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const POST = 'app.bsky.feed.post'
const uri = (key: string): string => `at://${DID}/${POST}/${key}`

function row(key: string, value: RecordValue, state: DraftState = 'waiting', id = key): DraftRow {
  const path = `${POST}/${key}`
  const { cid, value: whole } = encodeRecord(path, value, sha256)
  return {
    ...{ id, did: DID, path, value: whole, cid, base: undefined, mentions: [], state },
    ...{ reason: undefined, sent: undefined, madeAt: 1, changedAt: 1, generation: 1 },
  }
}
const answer = (key: string, to: DraftRow, state?: DraftState): DraftRow =>
  row(key, { text: key, reply: { parent: { uri: uri(to.id), cid: to.cid } } }, state)

describe('what can be sent', () => {
  it('goes in order, and what is stuck holds back only what belongs to it', () => {
    const stuck = row('a', { text: 'a' }, 'refused')
    const child = answer('b', stuck)
    const grandchild = answer('c', child)
    const free = row('d', { text: 'd' })
    const rows = [stuck, child, grandchild, free]
    expect(sendable(rows)).toEqual([free])
    expect(waitsFor(rows, child)).toBe(stuck)
    expect(waitsFor(rows, grandchild)).toBe(child)
    expect(waitsFor(rows, free)).toBeUndefined()
    const going = { ...stuck, state: 'sent' as const }
    expect(sendable([going, child, grandchild, free])).toEqual([child, grandchild, free])
  })

  it('waits for the one before it on its path', () => {
    const first = row('a', { text: 'one' }, 'sending', '1')
    const second = row('a', { text: 'two' }, 'waiting', '2')
    expect(sendable([first, second])).toEqual([])
    expect(sendable([second])).toEqual([second])
  })

  it('goes in commits of a bounded size, with at least one record', () => {
    const rows = Array.from({ length: 250 }, (_, i) => row(`k${i}`, { text: 'x' }))
    expect(nextBatch(rows)).toHaveLength(100)
    const large = Array.from({ length: 3 }, (_, i) => row(`k${i}`, { text: 'x'.repeat(60_000) }))
    expect(nextBatch(large)).toHaveLength(1)
    expect(nextBatch([row('k', { text: 'x'.repeat(500_000) })])).toHaveLength(1)
    expect(nextBatch([])).toEqual([])
  })
})

describe('references', () => {
  it('follow a draft that has another name now, and those that follow it', () => {
    const first = row('a', { text: 'one' })
    const child = answer('b', first)
    const grandchild = answer('c', child)
    const stranger = row('d', { text: 'see', uri: uri('a') })
    const changed = row('a', { text: 'another' })
    const out = followers([changed, child, grandchild, stranger], changed, first.cid, sha256)
    expect(out.map(({ id }) => id)).toEqual(['b', 'c'])
    const [b, c] = out
    expect(b?.value).toMatchObject({ reply: { parent: { cid: changed.cid } } })
    expect(c?.value).toMatchObject({ reply: { parent: { cid: b?.cid } } })
    expect(b?.cid).toBe(encodeRecord(`${POST}/b`, b?.value ?? {}, sha256).cid)
  })

  it('leave what is on its way, and what names another version', () => {
    const first = row('a', { text: 'one' })
    const going = answer('b', first, 'sending')
    const other = answer('c', row('a', { text: 'older' }))
    const changed = row('a', { text: 'another' })
    expect(followers([going, other], changed, first.cid, sha256)).toEqual([])
    const value = { deep: [{ uri: 'x', cid: 'y' }] }
    expect(withReference(value, 'x', 'z', 'w')).toBe(value)
    expect(mentionsUri(value, 'x')).toBe(true)
    expect(mentionsUri(value, 'y ')).toBe(false)
  })

  it('keep fields of any name', () => {
    const value: RecordValue = JSON.parse('{"__proto__":{"uri":"x","cid":"y"},"constructor":1}')
    expect(JSON.stringify(withReference(value, 'x', 'y', 'z'))).toBe(
      '{"__proto__":{"uri":"x","cid":"z"},"constructor":1}',
    )
  })
})

describe('a mention', () => {
  it('is put among the facets in the order of the text; a name that nobody has stays text', () => {
    const link = { index: { byteStart: 10, byteEnd: 14 }, features: [] }
    const mentions = [
      { handle: 'b.example', byteStart: 20, byteEnd: 30 },
      { handle: 'nobody.example', byteStart: 31, byteEnd: 40 },
      { handle: 'a.example', byteStart: 0, byteEnd: 9 },
    ]
    const dids: Record<string, string> = { 'a.example': 'did:plc:a', 'b.example': 'did:plc:b' }
    const value = withMentions({ text: '', facets: [link] }, mentions, (handle) => dids[handle])
    expect(value['facets']).toMatchObject([
      { features: [{ did: 'did:plc:a' }] },
      link,
      { features: [{ did: 'did:plc:b' }] },
    ])
    expect(withMentions(value, [{ handle: 'x', byteStart: 0, byteEnd: 1 }], () => 'no did')).toBe(value)
  })
})

describe('a new id', () => {
  it('is later than all before it, also when the clock was set back', () => {
    const place = { clock: { now: () => 1_000 }, random: () => 5 }
    const later = nextTid({ ...place, clock: { now: () => 9_000_000 } }, [])
    expect(nextTid(place, [later]) > later).toBe(true)
    expect(nextTid(place, ['self', later]) > later).toBe(true)
  })
})
