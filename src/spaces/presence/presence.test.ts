import { describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { createTestDevice } from '../testing/kit.ts'
import { BEAT_MS } from './presence.ts'
import { SILENCE_MS } from './room.ts'
import { createMember, createTestRoom, epochOf, type Member, type Room } from './testing/wire.ts'

const prng = createPrng(21)
const [annDevice, benDevice, cydDevice] = [
  createTestDevice(prng),
  createTestDevice(prng),
  createTestDevice(prng),
]
const note = { where: 'note/3kq', typing: false, cursor: null }
const typing = { ...note, typing: true }

interface Pair {
  readonly room: Room
  readonly ann: Member
  readonly ben: Member
  /** Ann says it, and Ben hears it. */
  readonly tell: () => Promise<string>
}

function createPair(): Pair {
  const room = createTestRoom()
  const ann = createMember(room, annDevice, 'writer')
  const ben = createMember(room, benDevice, 'writer')
  const tell = async (): Promise<string> => {
    const payload = await ann.next()
    await ben.receive(payload, 'peer-ann')
    return payload
  }
  return { room, ann, ben, tell }
}

describe('who is here', () => {
  it('is seen at once, as they are, and hidden at once when they say that they go', async () => {
    const { room, ann, ben, tell } = createPair()
    ann.set(note)
    room.timers.advance(0)
    await tell()
    expect(ben.list()).toEqual([{ device: annDevice.id, ...note }])
    const cursor = { anchor: new Uint8Array([1]), head: new Uint8Array([2, 3]) }
    ann.set({ ...typing, cursor })
    room.timers.advance(80)
    await tell()
    expect(ben.list()).toEqual([{ device: annDevice.id, ...typing, cursor }])
    ann.set(undefined)
    await tell()
    expect([ben.list(), ben.changes(), ben.refused]).toEqual([[], 3, []])
    expect(room.timers.pending()).toEqual([])
  })

  it('stays as long as they speak every 2 s, and is gone within 5 s of a closed tab', async () => {
    const { room, ann, ben, tell } = createPair()
    ann.set(note)
    room.timers.advance(0)
    await tell()
    for (let beat = 0; beat < 5; beat++) {
      room.timers.advance(BEAT_MS)
      await tell()
      expect(ben.list().length).toBe(1)
    }
    // Nothing has changed, so nobody is bothered.
    expect(ben.changes()).toBe(1)
    room.timers.advance(SILENCE_MS - 1)
    expect(ben.list().length).toBe(1)
    room.timers.advance(1)
    expect([ben.list(), ben.changes()]).toEqual([[], 2])
    expect(SILENCE_MS).toBeLessThan(5000)
    expect(SILENCE_MS).toBeGreaterThan(2 * BEAT_MS)
  })

  it('says where a cursor is no more often than eyes can follow, and the last of it in any case', async () => {
    const { room, ann, ben, tell } = createPair()
    ann.set(note)
    room.timers.advance(0)
    await tell()
    for (let at = 0; at < 50; at++)
      ann.set({ ...note, cursor: { anchor: new Uint8Array([at]), head: new Uint8Array([at]) } })
    ann.set(typing)
    ann.set({ ...typing })
    room.timers.advance(80)
    await tell()
    expect(ben.list()).toEqual([{ device: annDevice.id, ...typing }])
    expect(ann.unread()).toBe(0)
  })

  it('lets text that moved a cursor go before where the cursor is', async () => {
    const { room, ann, ben, tell } = createPair()
    ann.set(note)
    room.timers.advance(0)
    await tell()
    room.timers.advance(500)
    const said = ann.text('3kq', utf8('a'))
    const cursor = { anchor: new Uint8Array([1]), head: new Uint8Array([1]) }
    ann.set({ ...typing, cursor })
    room.timers.advance(23)
    expect(await said).toBe(true)
    await tell()
    expect([ann.unread(), ben.texts.length]).toEqual([0, 1])
    expect(ben.list()).toEqual([{ device: annDevice.id, ...note }])
    room.timers.advance(1)
    await tell()
    expect(ben.list()).toEqual([{ device: annDevice.id, ...typing, cursor }])
  })

  it('that does not fit a word is refused', async () => {
    const { ann } = createPair()
    const large = { anchor: new Uint8Array(257), head: new Uint8Array() }
    expect(() => ann.set({ ...note, cursor: large })).toThrow('presence.malformed')
    expect(() => ann.set({ ...note, where: 'x'.repeat(513) })).toThrow('presence.malformed')
  })

  it('ends with a goodbye, and nothing after it', async () => {
    const { room, ann, ben, tell } = createPair()
    ann.set(note)
    room.timers.advance(0)
    const before = await tell()
    await ann.close()
    await tell()
    expect(ben.list()).toEqual([])
    ann.set(typing)
    expect(await ann.text('3kq', utf8('a'))).toBe(false)
    await ann.receive(before, 'x')
    await ann.close()
    expect([room.timers.pending(), ann.unread(), ann.refused]).toEqual([[], 0, []])
  })

  it('is not said without a key, and goes on once there is one', async () => {
    const { room, ann, ben, tell } = createPair()
    ann.epochs = []
    ann.set(note)
    room.timers.advance(0)
    expect(await ann.text('3kq', utf8('a'))).toBe(false)
    ann.epochs = undefined
    room.timers.advance(BEAT_MS)
    await tell()
    expect(ben.list().length).toBe(1)
    expect(ann.refused).toEqual([])
  })
})

describe('text', () => {
  it('comes as it was typed, in the order in which it was typed', async () => {
    const { ann, ben } = createPair()
    const typed = ['a', 'b', 'c', 'd'].map(utf8)
    expect(await Promise.all(typed.map((it) => ann.text('3kq', it)))).toEqual([true, true, true, true])
    const payloads = await Promise.all(typed.map(() => ann.next()))
    await Promise.all(payloads.map((it) => ben.receive(it, 'peer-ann')))
    expect(ben.texts).toEqual(typed.map((update) => ({ device: annDevice.id, note: '3kq', update })))
    expect(ben.refused).toEqual([])
  })

  it('that is too large is left to what is stored', async () => {
    const { ann } = createPair()
    expect(await ann.text('3kq', new Uint8Array(32_000))).toBe(true)
    expect(await ann.text('3kq', new Uint8Array(32_001))).toBe(false)
    expect(await ann.text('x'.repeat(600), utf8('a'))).toBe(false)
    expect(ann.refused.map((it) => [it.code, it.from])).toEqual([['presence.malformed', undefined]])
  })

  it('of a reader is neither said nor heard; that they are here is', async () => {
    const { room, ann, ben, tell } = createPair()
    room.roles.set(annDevice.id, 'reader')
    expect(await ann.text('3kq', utf8('a'))).toBe(false)
    ann.set(note)
    room.timers.advance(0)
    await tell()
    expect(ben.list().length).toBe(1)

    // A reader whose own app lets it through.
    room.roles.set(annDevice.id, 'writer')
    expect(await ann.text('3kq', utf8('a'))).toBe(true)
    const payload = await ann.next()
    room.roles.set(annDevice.id, 'reader')
    await ben.receive(payload, 'peer-ann')
    expect(ben.texts).toEqual([])
    expect(ben.refused.map((it) => it.code)).toEqual(['presence.read-only'])
  })
})

describe('epochs', () => {
  it('of those who have not heard of the newest still count, older ones do not', async () => {
    const { room, ann, ben, tell } = createPair()
    const all = [5, 4, 3, 2, 1].map(epochOf)
    room.epochs = all
    for (const [epoch, code] of [
      [all[3], undefined],
      [all[4], 'presence.epoch'],
      [epochOf(9), 'presence.epoch'],
    ] as const) {
      if (epoch === undefined) throw new Error('no epoch')
      ann.epochs = [epoch]
      await ann.text('3kq', utf8('a'))
      await tell()
      expect(ben.refused.at(-1)?.code).toBe(code)
    }
    expect(ben.texts.length).toBe(1)
  })

  it('are spoken under the newest alone, which who was removed does not have', async () => {
    const { room, ann, ben, tell } = createPair()
    const cyd = createMember(room, cydDevice, 'writer')
    cyd.epochs = room.epochs
    room.epochs = [epochOf(2), epochOf(1)]
    room.roles.set(cydDevice.id, 'none')
    ann.set(note)
    room.timers.advance(0)
    const payload = await tell()
    expect(ben.list().length).toBe(1)
    await cyd.receive(payload, 'peer-ann')
    expect([cyd.list(), cyd.refused[0]?.code]).toEqual([[], 'presence.epoch'])
    // And is not heard any more, under a key that still opens.
    cyd.set(note)
    room.timers.advance(0)
    await ben.receive(await cyd.next(), 'peer-cyd')
    expect(ben.refused.map((it) => it.code)).toEqual(['presence.no-role'])
    // Who was here when they were removed is not shown.
    room.roles.set(annDevice.id, 'none')
    expect(ben.list()).toEqual([])
  })
})
