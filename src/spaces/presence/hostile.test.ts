import { fromBase64Url, toBase64Url } from '@atcute/multibase'
import { describe, expect, it } from 'vitest'
import { fromHex, utf8 } from '../../core/bytes.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { importSecret } from '../crypto.ts'
import { createTestDevice, randomFrom } from '../testing/kit.ts'
import { ALLOWANCE } from './allowance.ts'
import { BEAT_MS } from './presence.ts'
import { sealWord } from './seal.ts'
import { createMember, createTestRoom, epochOf, type Member, type Room, space } from './testing/wire.ts'
import type { WordFields } from './word.ts'

const YEAR_MS = 365 * 24 * 3600 * 1000
const prng = createPrng(22)
const [annDevice, benDevice, cydDevice] = [
  createTestDevice(prng),
  createTestDevice(prng),
  createTestDevice(prng),
]
const note = { where: 'note/3kq', typing: false, cursor: null }
const codes = (member: Member): readonly string[] => member.refused.map((it) => it.code)

let forged = 1

/** A word that any holder of the newest key can make, signed by `signer`. */
async function forge(room: Room, fields: Partial<WordFields>, signer = cydDevice): Promise<string> {
  const [newest] = room.epochs
  if (newest === undefined) throw new Error('no epoch')
  const key = { epoch: fromHex(newest.name) ?? new Uint8Array(), secret: await importSecret(newest.key) }
  const word = {
    ...{ space, device: signer.id, session: new Uint8Array(16).fill(8), count: 1 },
    ...{ at: room.timers.clock.now(), body: { kind: 'gone' as const } },
    ...fields,
  }
  return sealWord(word, key, { id: word.device, sign: signer.sign }, randomFrom(forged++))
}

/** What this member says when it comes. */
async function comes(room: Room, member: Member, here = note): Promise<string> {
  member.set(here)
  room.timers.advance(0)
  return member.next()
}

/** What this member says at its next beat. */
async function saysNow(room: Room, member: Member): Promise<string> {
  room.timers.advance(BEAT_MS)
  return member.next()
}

describe('a member who lies', () => {
  it('cannot speak as another, nor make another leave', async () => {
    const room = createTestRoom()
    const ann = createMember(room, annDevice, 'writer')
    const ben = createMember(room, benDevice, 'writer')
    room.roles.set(cydDevice.id, 'reader')
    await ben.receive(await comes(room, ann), 'peer-ann')
    const body = { kind: 'text' as const, note: '3kq', update: utf8('not of Ann') }
    await ben.receive(await forge(room, { device: annDevice.id, count: 99 }), 'peer-cyd')
    await ben.receive(await forge(room, { device: annDevice.id, count: 99, body }), 'peer-cyd')
    expect(codes(ben)).toEqual(['presence.bad-signature', 'presence.bad-signature'])
    expect([ben.list().length, ben.texts]).toEqual([1, []])
    // What was refused has not moved the count: the true one is still heard.
    await ben.receive(await saysNow(room, ann), 'peer-ann')
    expect(codes(ben).length).toBe(2)
  })

  it('says again what was said, and nobody hears it', async () => {
    const room = createTestRoom()
    const ann = createMember(room, annDevice, 'writer')
    const ben = createMember(room, benDevice, 'writer')
    await ann.text('3kq', utf8('once'))
    const text = await ann.next()
    const here = await comes(room, ann)
    ann.set(undefined)
    const gone = await ann.next()
    for (const payload of [text, here, gone, here, text, gone]) await ben.receive(payload, 'peer-cyd')
    expect(codes(ben)).toEqual(['presence.replayed', 'presence.replayed', 'presence.replayed'])
    expect([ben.list(), ben.texts.length]).toEqual([[], 1])
  })

  it('says again what an earlier session said, after its device came back', async () => {
    const room = createTestRoom()
    const before = createMember(room, annDevice, 'writer')
    const ben = createMember(room, benDevice, 'writer')
    const [first, second, withheld] = [
      await comes(room, before),
      await saysNow(room, before),
      await saysNow(room, before),
    ]
    await ben.receive(first, 'peer-ann')
    await ben.receive(second, 'peer-ann')
    const after = createMember(room, annDevice, 'writer')
    const here = await comes(room, after, { ...note, where: 'tasks' })
    await ben.receive(here, 'peer-ann')
    for (const payload of [first, second, here]) await ben.receive(payload, 'peer-cyd')
    expect(codes(ben)).toEqual(['presence.replayed', 'presence.replayed', 'presence.replayed'])
    expect(ben.list()[0]?.where).toBe('tasks')
    // One that was withheld counts as late, and cannot shut out the session that is now.
    await ben.receive(withheld, 'peer-cyd')
    await ben.receive(await saysNow(room, after), 'peer-ann')
    expect([codes(ben).length, ben.list()[0]?.where]).toEqual([3, 'tasks'])
  })

  it('hands on a whole session that was withheld, after its device came back', async () => {
    const room = createTestRoom()
    const before = createMember(room, annDevice, 'writer')
    const ben = createMember(room, benDevice, 'writer')
    const withheld = [await comes(room, before), await saysNow(room, before)]
    const after = createMember(room, annDevice, 'writer')
    room.timers.advance(1)
    await ben.receive(await comes(room, after, { ...note, where: 'tasks' }), 'peer-ann')
    for (const payload of withheld) await ben.receive(payload, 'peer-cyd')
    expect(codes(ben)).toEqual(['presence.stale', 'presence.stale'])
    expect(ben.list()[0]?.where).toBe('tasks')
  })

  it('plays a recording to one who has just come: it counts only while it is of now', async () => {
    const room = createTestRoom()
    const ann = createMember(room, annDevice, 'writer')
    const recording = [await comes(room, ann), await saysNow(room, ann)]
    ann.set(undefined)
    await ann.next()
    room.timers.advance(61_000)
    const ben = createMember(room, benDevice, 'writer')
    for (const payload of recording) await ben.receive(payload, 'peer-cyd')
    expect([ben.list(), codes(ben)]).toEqual([[], ['presence.stale', 'presence.stale']])
  })

  it('floods: refused before anything is opened, the others are heard, and it passes', async () => {
    const room = createTestRoom()
    const ann = createMember(room, annDevice, 'writer')
    const ben = createMember(room, benDevice, 'writer')
    const junk = toBase64Url(prng.bytes(300))
    for (let at = 0; at < ALLOWANCE.words + 50; at++) await ben.receive(junk, 'peer-cyd')
    expect(codes(ben).filter((it) => it === 'presence.flood').length).toBe(50)
    await ben.receive(await comes(room, ann), 'peer-ann')
    expect(ben.list().length).toBe(1)
    // A second has gone by.
    room.timers.advance(1000)
    await ben.receive(junk, 'peer-cyd')
    expect(codes(ben).at(-1)).toBe('presence.malformed')
    const large = 'A'.repeat(44_000)
    const count = Math.floor(ALLOWANCE.chars / large.length)
    for (let at = 0; at <= count; at++) await ben.receive(large, 'peer-dan')
    expect(codes(ben).slice(-2)).toEqual(['presence.malformed', 'presence.flood'])
  })

  it('opens more words at once than are checked at once', async () => {
    const room = createTestRoom()
    const ben = createMember(room, benDevice, 'writer')
    const all = Array.from({ length: 300 }, (_, at) => ben.receive('AAAA', `peer-${at}`))
    await Promise.all(all)
    expect(codes(ben).filter((it) => it === 'presence.flood').length).toBe(44)
    expect(codes(ben).length).toBe(300)
  })

  it('sends garbage, strangers’ words and our own back: nothing is thrown, nothing is shown', async () => {
    const room = createTestRoom()
    const ben = createMember(room, benDevice, 'writer')
    const own = await comes(room, ben)
    await ben.receive(own, 'peer-cyd')
    expect(codes(ben)).toEqual([])
    const body = { kind: 'here' as const, ...note, heard: [] }
    await ben.receive(await forge(room, { body }), 'peer-cyd')
    const mutated = fromBase64Url(own)
    mutated[200] = (mutated[200] ?? 0) ^ 1
    for (const payload of [toBase64Url(mutated), {}, [], undefined, '', 'null', 5])
      await ben.receive(payload, 'peer-cyd')
    expect(codes(ben)[0]).toBe('presence.no-role')
    expect(new Set(codes(ben).slice(1))).toEqual(new Set(['presence.broken', 'presence.malformed']))
    expect(ben.list()).toEqual([])
  })
})

describe('clocks that are years apart', () => {
  it('do not keep two who are here from seeing each other', async () => {
    const room = createTestRoom()
    const ann = createMember(room, annDevice, 'writer', YEAR_MS)
    const ben = createMember(room, benDevice, 'writer')
    const [first, second] = [await comes(room, ann), await comes(room, ben)]
    await ben.receive(first, 'peer-ann')
    await ann.receive(second, 'peer-ben')
    room.timers.advance(BEAT_MS)
    const [fromAnn, fromBen] = [await ann.next(), await ben.next()]
    await ben.receive(fromAnn, 'peer-ann')
    await ann.receive(fromBen, 'peer-ben')
    expect([codes(ann), codes(ben)]).toEqual([['presence.stale'], ['presence.stale']])
    expect([ann.list().length, ben.list().length]).toEqual([1, 1])
    await ann.text('3kq', utf8('a'))
    await ben.receive(await ann.next(), 'peer-ann')
    expect(ben.texts.length).toBe(1)
  })

  it('are noticed at once: who is not heard is told so before the next beat, and not for each word', async () => {
    const room = createTestRoom()
    const ann = createMember(room, annDevice, 'writer', YEAR_MS)
    const ben = createMember(room, benDevice, 'writer')
    await comes(room, ben)
    const early = [await comes(room, ann), await saysNow(room, ann), await saysNow(room, ann)]
    await ben.next()
    await ben.next()
    room.timers.advance(600)
    for (const payload of early) await ben.receive(payload, 'peer-ann')
    room.timers.advance(80)
    await ann.receive(await ben.next(), 'peer-ben')
    expect([ben.unread(), ann.list().length]).toEqual([0, 1])
  })

  it('do not make a recording count that has not heard us', async () => {
    const room = createTestRoom()
    const ann = createMember(room, annDevice, 'writer', -YEAR_MS)
    const before = createMember(room, benDevice, 'writer')
    await comes(room, ann)
    await ann.receive(await comes(room, before), 'peer-ben')
    const recording = [await saysNow(room, ann), await saysNow(room, ann)]
    for (const payload of recording) await before.receive(payload, 'peer-ann')
    expect(before.list().length).toBe(1)
    const ben = createMember(room, benDevice, 'writer')
    for (const payload of recording) await ben.receive(payload, 'peer-cyd')
    expect([ben.list(), codes(ben)]).toEqual([[], ['presence.stale', 'presence.stale']])
  })
})

it('an epoch that another calls its own opens nothing', async () => {
  const room = createTestRoom()
  const ann = createMember(room, annDevice, 'writer')
  const ben = createMember(room, benDevice, 'writer')
  ann.epochs = [{ ...epochOf(1), key: epochOf(2).key }]
  await ann.text('3kq', utf8('a'))
  await ben.receive(await ann.next(), 'peer-ann')
  expect(codes(ben)).toEqual(['presence.broken'])
})
