import { describe, expect, it } from 'vitest'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { createContent } from './content.ts'
import { ContentError } from './errors.ts'
import { collectionOf, personTag, pinId, reactionId, readId } from './ids.ts'
import type { Content, Edit, Kind } from './model.ts'
import { codeOf, createGroup, createReplica, did, give, have } from './testing/group.ts'

const [anna, ben] = [did('anna'), did('ben')]
const [annas, bens] = [personTag(anna), personTag(ben)]

function meet() {
  const group = createGroup({ anna: ['anna', 'attic'], ben: ['ben'] }, 'anna')
  const [a, attic, b] = [
    createReplica(group, 'anna'),
    createReplica(group, 'attic'),
    createReplica(group, 'ben'),
  ]
  const all = [a, attic, b]
  const sync = (): void => {
    for (const from of all) for (const to of all) if (from !== to) give(from, to.content)
  }
  return { group, a, attic, b, sync }
}

const place = (kind: Kind, rkey: string) => ({ collection: collectionOf(kind), rkey })
const register = (fields: unknown, clock = 1, made = clock): Uint8Array =>
  encodeDagCbor({ v: 1, c: clock, m: [made, 0], f: fields })

describe('merging', () => {
  it('keeps what two changed apart in different fields, and the later of one field', () => {
    const { a, b, sync } = meet()
    a.edit([{ kind: 'task', id: 't', set: { title: 'Rope', done: false } }], 100)
    sync()
    a.edit([{ kind: 'task', id: 't', set: { title: 'Two ropes' } }], 200)
    b.edit([{ kind: 'task', id: 't', set: { done: true } }], -5_000_000)
    b.edit([{ kind: 'task', id: 't', set: { title: 'Three ropes' } }], -5_000_000)
    sync()
    for (const { content } of [a, b]) {
      expect(have(content, 'task', 't')).toMatchObject({
        fields: { title: 'Three ropes', done: true },
        by: anna,
        madeAt: 100,
        changedBy: ben,
        changedAt: -5_000_000,
        counter: 3,
      })
    }
  })

  it('lets nobody write what is another person’s, and says so once', () => {
    const { a, b } = meet()
    a.edit([{ kind: 'post', id: `${annas}.1`, set: { text: 'mine' } }])
    expect(codeOf(() => b.edit([{ kind: 'post', id: `${annas}.1`, set: { text: 'yours' } }]))).toBe(
      'content.not-yours',
    )
    const forged = register({ text: [9, 0, 'forged'] })
    expect(a.content.put(ben, place('post', `${annas}.1`), forged)?.code).toBe('content.not-yours')
    expect(
      a.content.put(ben, place('post', `${annas}.1`), register({ deleted: [10, 0, true] })),
    ).toBeUndefined()
    expect(a.content.put(ben, place('profile', annas), register({ name: [9, 0, 'Ben'] }))?.code).toBe(
      'content.not-yours',
    )
    expect(have(a.content, 'post', `${annas}.1`)).toMatchObject({ fields: { text: 'mine' }, deleted: false })
    expect(a.content.get('profile', annas)).toBeUndefined()
  })

  it('takes another device of the same person for that person', () => {
    const { a, attic, sync } = meet()
    a.edit([{ kind: 'post', id: `${annas}.1`, set: { text: 'one' } }])
    sync()
    attic.edit([{ kind: 'post', id: `${annas}.1`, set: { deleted: true } }])
    sync()
    expect(have(a.content, 'post', `${annas}.1`).deleted).toBe(true)
    expect(a.content.list('post')).toEqual([])
    expect(a.content.list('post', { deleted: true })).toHaveLength(1)
  })

  it('asks who is an admin now, and who a device is', () => {
    const { group, a } = meet()
    a.edit([{ kind: 'space', id: 'space', set: { title: 'Club' } }])
    expect(a.content.put(ben, place('space', 'space'), register({ title: [2, 0, 'Mine'] }))?.code).toBe(
      'content.admins-only',
    )
    expect(have(a.content, 'space', 'space').fields.title).toBe('Club')
    a.content.takeChanged()
    group.roles.set(ben, 'admin')
    group.hidden.add('note/n')
    a.content.membersChanged()
    expect(a.content.takeChanged()).toEqual(['space/space'])
    expect(have(a.content, 'space', 'space').fields.title).toBe('Mine')
    expect(a.content.put(did('who'), place('note', 'n'), register({ title: [1, 0, 'x'] }))?.code).toBe(
      'content.no-person',
    )
    expect(a.content.get('note', 'n')).toBeUndefined()
    group.persons.set(did('who'), ben)
    a.content.membersChanged()
    expect(have(a.content, 'note', 'n')).toMatchObject({ by: ben, hidden: true })
    expect(a.content.list('note')).toEqual([])
    expect(a.content.list('note', { hidden: true })).toHaveLength(1)
  })

  it('passes over a value that does not fit, and keeps what it does not know', () => {
    const { a } = meet()
    const bytes = register({ title: [2, 0, 7], done: [1, 0, true], mood: [1, 0, 'blue'] })
    expect(a.content.put(anna, place('task', 't'), bytes)).toMatchObject({
      code: 'content.field',
      field: 'title',
    })
    expect(have(a.content, 'task', 't').fields).toEqual({ done: true })
    const [written] = a.edit([{ kind: 'task', id: 't', set: { done: false } }])
    a.content.put(anna, place('task', 't'), written?.value)
    expect(new TextDecoder().decode(written?.value)).toContain('blue')
    const newer = encodeDagCbor({ v: 2 })
    expect(a.content.put(anna, place('task', 't'), newer)?.code).toBe('content.version')
    expect(a.content.get('task', 't')).toBeUndefined()
    expect(codeOf(() => a.edit([{ kind: 'task', id: 't', set: { done: true } }]))).toBe('content.version')
  })

  it('tells what is in no place of content', () => {
    const { content } = meet().a
    const bytes = register({ title: [1, 0, 'x'] })
    expect(content.put(anna, { collection: 'app.cairn.space.text', rkey: 'n' }, bytes)?.code).toBe(
      'content.unknown-kind',
    )
    expect(content.put(anna, place('post', 'untagged'), bytes)?.code).toBe('content.bad-id')
    expect(content.put(anna, place('note', 'x'.repeat(97)), bytes)?.code).toBe('content.bad-id')
    expect(content.put(anna, place('space', 'other'), bytes)?.code).toBe('content.bad-id')
  })

  it('forgets a device whose repo is gone', () => {
    const { a, b, sync } = meet()
    a.edit([{ kind: 'note', id: 'n', set: { title: 'one' } }])
    sync()
    b.edit([{ kind: 'note', id: 'n', set: { title: 'two' } }])
    sync()
    a.content.drop(ben)
    expect(have(a.content, 'note', 'n')).toMatchObject({ fields: { title: 'one' }, changedBy: anna })
    a.content.put(anna, place('note', 'n'), undefined)
    expect(a.content.get('note', 'n')).toBeUndefined()
    expect(a.content.counter).toBe(0)
  })

  it('says whose clock is ahead until ours is there, and what is unsent', () => {
    let now = 0
    const content = createContent({ who: meet().group, now: () => now })
    content.put(
      anna,
      place('note', 'n'),
      encodeDagCbor({ v: 1, c: 1, m: [1, 600_001], f: { title: [1, 600_001, 'x'] } }),
    )
    expect(have(content, 'note', 'n').clockAhead).toBe(true)
    now = 1
    expect(have(content, 'note', 'n').clockAhead).toBe(false)
    content.takeChanged()
    content.setUnsent(['note/n', 'note/other'])
    expect(content.takeChanged()).toEqual(['note/n'])
    expect(have(content, 'note', 'n').unsent).toBe(true)
    content.setUnsent([])
    expect(have(content, 'note', 'n').unsent).toBe(false)
  })
})

describe('a counter beyond all reason', () => {
  const last = 2 ** 48 - 1
  const poison = (content: Content, counter = last): void => {
    content.put(ben, place('note', 'n'), register({ title: [counter, 0, 'poison'] }, counter))
  }

  it('moves the counter of the others only so far', () => {
    const { a } = meet()
    a.edit([{ kind: 'note', id: 'own', set: { title: 'x' } }])
    poison(a.content)
    expect(a.content.counter).toBe(1 + 2 ** 32)
    a.edit([{ kind: 'note', id: 'other', set: { title: 'still writing' } }])
    expect(have(a.content, 'note', 'other').counter).toBe(2 + 2 ** 32)
    expect(codeOf(() => a.edit([{ kind: 'note', id: 'n', set: { title: 'x' } }]))).toBe('content.exhausted')
    a.content.drop(ben)
    expect(a.content.counter).toBe(2 + 2 ** 32)
  })

  it('moves it once, however much is written after that', () => {
    const { a } = meet()
    a.edit([{ kind: 'note', id: 'own', set: { title: 'x' } }])
    poison(a.content)
    for (let turn = 0; turn < 10; turn++) a.edit([{ kind: 'note', id: `n${turn}`, set: { title: 'y' } }])
    expect(a.content.counter).toBe(1 + 2 ** 32 + 10)
  })

  it('can be outdone in its field without the clock following', () => {
    const { a } = meet()
    a.edit([{ kind: 'note', id: 'own', set: { title: 'x' } }])
    poison(a.content, last - 1)
    a.edit([{ kind: 'note', id: 'n', set: { title: 'mended' } }])
    expect(have(a.content, 'note', 'n').fields.title).toBe('mended')
    a.content.drop(ben)
    expect(a.content.counter).toBe(2 + 2 ** 32)
  })
})

describe('editing', () => {
  it('writes one record for each entity, with counters in the order of the edits', () => {
    const { a } = meet()
    const records = a.edit([
      { kind: 'note', id: 'one', set: { title: 'a' } },
      { kind: 'note', id: 'two', set: { title: 'b' } },
      { kind: 'note', id: 'one', set: { title: 'c' } },
    ])
    expect(records.map(({ rkey }) => rkey)).toEqual(['one', 'two'])
    expect(a.content.list('note').map(({ id, fields, counter }) => [id, fields.title, counter])).toEqual([
      ['two', 'b', 2],
      ['one', 'c', 1],
    ])
  })

  it('writes nothing where nothing changes', () => {
    const { a, b, sync } = meet()
    a.edit([{ kind: 'task', id: 't', set: { title: 'x', due: null } }])
    sync()
    expect(b.edit([{ kind: 'task', id: 't', set: { title: 'x', due: null, deleted: false } }])).toEqual([])
    expect(b.edit([{ kind: 'task', id: 't', set: {}, unset: ['assignee'] }])).toEqual([])
    expect(b.edit([{ kind: 'task', id: 't', set: { title: 'x', done: true } }])).toHaveLength(1)
  })

  it('is for who may write', () => {
    const { group, b } = meet()
    const edits: Edit[] = [{ kind: 'note', id: 'n', set: { title: 'x' } }]
    expect(codeOf(() => b.edit([{ kind: 'space', id: 'space', set: { title: 'x' } }]))).toBe(
      'content.admins-only',
    )
    for (const role of ['reader', 'none'] as const) {
      group.roles.set(ben, role)
      expect(codeOf(() => b.edit(edits))).toBe('content.read-only')
    }
    group.persons.delete(ben)
    expect(codeOf(() => b.edit(edits))).toBe('content.no-person')
  })

  const wrong: readonly (readonly [string, Kind, string, Record<string, unknown>, string])[] = [
    ['an unknown field', 'note', 'n', { text: 'x' }, 'text'],
    ['a long title', 'note', 'n', { title: 'x'.repeat(501) }, 'title'],
    ['a long text', 'post', `${annas}.1`, { text: 'x'.repeat(20_001) }, 'text'],
    ['half a character', 'note', 'n', { title: '\ud800' }, 'title'],
    ['no text', 'note', 'n', { title: 5 }, 'title'],
    ['two emoji', 'reaction', `${annas}.1`, { emoji: '👍👍' }, 'emoji'],
    ['a blank', 'reaction', `${annas}.1`, { emoji: ' ' }, 'emoji'],
    ['a day that is none', 'task', 't', { due: '2026-02-29' }, 'due'],
    ['another form of day', 'task', 't', { due: '1.3.2026' }, 'due'],
    ['an order that is none', 'task', 't', { order: 'a' }, 'order'],
    ['an assignee who is none', 'task', 't', { assignee: 'ben' }, 'assignee'],
    ['a parent that has no replies', 'post', `${annas}.1`, { parent: 'pin/x' }, 'parent'],
    ['a big picture', 'file', 'f', { preview: new Uint8Array(32_769) }, 'preview'],
    ['half a byte', 'file', 'f', { size: 0.5 }, 'size'],
    ['no id', 'note', '', { title: 'x' }, 'id'],
    ['no kind', 'thing' as Kind, 'x', {}, 'kind'],
    ['the space gone', 'space', 'space', { deleted: true }, 'deleted'],
  ]
  it.each(wrong)('refuses %s', (_, kind, id, set, what) => {
    const { a } = meet()
    const edit = (): unknown => a.edit([{ kind, id, set }])
    expect(edit).toThrow(ContentError)
    try {
      edit()
    } catch (error) {
      expect(error).toMatchObject({ code: 'content.invalid', fields: { what } })
    }
    expect(a.content.takeChanged()).toEqual([])
  })

  it.each(['👍', '👨‍👩‍👧‍👦', '🇨🇭', 'é', '1️⃣'])('takes %s as one character', (emoji) => {
    const { a } = meet()
    a.edit([
      { kind: 'reaction', id: reactionId(anna, 'note/n', emoji), set: { target: 'note/n', emoji, on: true } },
    ])
    expect(a.content.reactions('note/n')).toEqual([{ emoji, persons: [anna] }])
  })

  it('refuses what does not fit into a record', () => {
    const { a } = meet()
    const text = '山'.repeat(20_000)
    a.edit([{ kind: 'post', id: `${annas}.1`, set: { text } }])
    const mentions = Array.from({ length: 100 }, (_, n) => did(`p${String(n).replaceAll('0', 'z')}`))
    expect(codeOf(() => a.edit([{ kind: 'post', id: `${annas}.1`, set: { mentions } }]))).toBe(
      'content.too-large',
    )
    a.edit([{ kind: 'post', id: `${annas}.1`, set: { text: `${text.slice(1)}.` } }])
    expect(a.content.history('post', `${annas}.1`)).toHaveLength(1)
  })
})

describe('history', () => {
  it('keeps twenty versions of a field for each device, and all devices’', () => {
    const { a, b, sync } = meet()
    for (let n = 0; n < 30; n++) a.edit([{ kind: 'note', id: 'n', set: { title: `a${n}` } }], n)
    sync()
    b.edit([{ kind: 'note', id: 'n', set: { title: 'b' } }])
    sync()
    const story = a.content.history('note', 'n')
    expect(story.map(({ value }) => value)).toEqual([
      'b',
      ...Array.from({ length: 21 }, (_, n) => `a${29 - n}`),
    ])
    expect(story[0]).toMatchObject({ by: ben, device: ben, field: 'title', counter: 31 })
  })

  it('gives back what was, and leaves alone what it has forgotten', () => {
    const { a, b, sync } = meet()
    a.edit([{ kind: 'task', id: 't', set: { title: 'one', done: false } }])
    sync()
    b.edit([{ kind: 'task', id: 't', set: { title: 'two', due: '2026-01-01' } }])
    sync()
    a.edit([{ kind: 'task', id: 't', set: { title: 'three', deleted: true } }])
    sync()
    expect(b.content.restore('task', 't', 1)).toEqual({
      kind: 'task',
      id: 't',
      set: { title: 'one', deleted: false },
      unset: ['due'],
    })
    expect(b.content.restore('task', 't', 2)).toEqual({
      kind: 'task',
      id: 't',
      set: { title: 'two', deleted: false },
    })
    expect(b.content.restore('task', 't', 3)).toEqual({ kind: 'task', id: 't', set: {} })
    b.edit([b.content.restore('task', 't', 1)])
    expect(have(b.content, 'task', 't')).toMatchObject({
      fields: { title: 'one', done: false },
      deleted: false,
    })
    for (let n = 0; n < 30; n++) b.edit([{ kind: 'task', id: 't', set: { title: `b${n}` } }])
    // Version 4 went out of ben's history, so what was at 2 or 5 cannot be told any more.
    expect(b.content.restore('task', 't', 5)).toEqual({ kind: 'task', id: 't', set: {} })
    expect(codeOf(() => b.content.restore('task', 'none', 1))).toBe('content.unknown')
  })

  it('is bounded in bytes, but the last version before the present stays', () => {
    const { a } = meet()
    const id = `${annas}.1`
    for (const letter of 'abcdef') a.edit([{ kind: 'post', id, set: { text: letter.repeat(20_000) } }])
    expect(a.content.history('post', id).map(({ value }) => JSON.stringify(value).charAt(1))).toEqual([
      'f',
      'e',
    ])
    for (let n = 0; n < 30; n++) a.edit([{ kind: 'post', id, set: { text: String(n).repeat(400) } }])
    const bytes = a.own.get(`app.cairn.space.post/${id}`)?.value.length ?? 0
    expect(bytes).toBeLessThan(18_000)
    expect(a.content.history('post', id).length).toBeGreaterThan(18)
  })
})

describe('answers, reactions and news', () => {
  it('are in order, each person once', () => {
    const { a, b, attic, sync } = meet()
    const post = `post/${annas}.1`
    a.edit([{ kind: 'post', id: `${annas}.1`, set: { text: 'Who comes?' } }])
    sync()
    b.edit([
      { kind: 'post', id: `${bens}.1`, set: { text: 'I', parent: post } },
      { kind: 'post', id: `${bens}.2`, set: { text: 'and Cem', parent: post } },
      { kind: 'reaction', id: reactionId(ben, post, '🎉'), set: { target: post, emoji: '🎉', on: true } },
    ])
    sync()
    attic.edit([
      { kind: 'reaction', id: reactionId(anna, post, '👍'), set: { target: post, emoji: '👍', on: true } },
    ])
    a.edit([{ kind: 'reaction', id: `${annas}.again`, set: { target: post, emoji: '🎉', on: true } }])
    a.edit([
      { kind: 'reaction', id: reactionId(anna, post, '🎉'), set: { target: post, emoji: '🎉', on: true } },
    ])
    sync()
    expect(a.content.replies(post).map(({ fields }) => fields.text)).toEqual(['I', 'and Cem'])
    expect(b.content.reactions(post)).toEqual(a.content.reactions(post))
    expect(a.content.reactions(post)).toEqual([
      { emoji: '🎉', persons: [ben, anna] },
      { emoji: '👍', persons: [anna] },
    ])
    b.edit([{ kind: 'reaction', id: reactionId(ben, post, '🎉'), set: { on: false } }])
    b.edit([{ kind: 'post', id: `${bens}.1`, set: { deleted: true } }])
    expect(b.content.replies(post)).toHaveLength(1)
    expect(b.content.reactions(post)[0]).toMatchObject({ persons: [anna] })
  })

  it('count what a person has not read, and who is mentioned', () => {
    const { a, b, attic, sync } = meet()
    b.edit([
      { kind: 'post', id: `${bens}.1`, set: { text: '@Anna', mentions: [anna] } },
      { kind: 'post', id: `${bens}.2`, set: { text: 'x' } },
      {
        kind: 'post',
        id: `${bens}.3`,
        set: { text: '@Anna again', parent: `post/${bens}.1`, mentions: [anna] },
      },
      { kind: 'task', id: 't', set: { title: 'x' } },
    ])
    a.edit([{ kind: 'note', id: 'n', set: { title: 'own' } }])
    sync()
    const reply = `post/${bens}.3`
    expect(a.content.unread(anna)).toEqual({
      places: { posts: 2, tasks: 1, [`post/${bens}.1`]: 1 },
      total: 4,
      mentions: [reply, `post/${bens}.1`],
    })
    expect(b.content.unread(ben)).toEqual({ places: { notes: 1 }, total: 1, mentions: [] })
    a.edit([{ kind: 'read', id: readId(anna, 'posts'), set: { upTo: a.content.counter } }])
    sync()
    // Read on one device, and less far on the other at the same time.
    attic.edit([{ kind: 'read', id: readId(anna, 'posts'), set: { upTo: 1 } }])
    expect(attic.content.unread(anna)).toEqual({
      places: { tasks: 1, [`post/${bens}.1`]: 1 },
      total: 2,
      mentions: [reply],
    })
    // What was read stays read when its author mends it; a task that changes is news again.
    b.edit([{ kind: 'post', id: `${bens}.2`, set: { text: 'y' } }])
    a.edit([{ kind: 'read', id: readId(anna, 'tasks'), set: { upTo: 2 ** 40 } }])
    sync()
    expect(a.content.unread(anna).places).toEqual({ [`post/${bens}.1`]: 1 })
    b.edit([{ kind: 'task', id: 't', set: { done: true } }])
    sync()
    expect(a.content.unread(anna).places).toEqual({ [`post/${bens}.1`]: 1, tasks: 1 })
    expect(a.content.mentions(anna).map(({ id }) => id)).toEqual([`${bens}.3`, `${bens}.1`])
  })

  it('read the furthest in whatever order devices say it, and take back', () => {
    const devices = ['anna', 'attic', 'phone'] as const
    const group = createGroup({ anna: devices }, 'anna')
    const said = { anna: { upTo: [1, 0, 10] }, attic: { upTo: [2, 0] }, phone: { upTo: [3, 0, 5] } }
    const id = readId(anna, 'notes')
    for (const first of devices)
      for (const second of devices) {
        const content = createContent({ who: group })
        for (const name of new Set([first, second, ...devices]))
          content.put(did(name), place('read', id), register(said[name], 1))
        expect(have(content, 'read', id).fields.upTo).toBe(10)
      }
  })

  it('read the furthest that any device of a person has read', () => {
    const { a, attic, sync } = meet()
    for (let n = 0; n < 9; n++) a.edit([{ kind: 'note', id: `n${n}`, set: { title: 'x' } }])
    sync()
    a.edit([{ kind: 'read', id: readId(anna, 'notes'), set: { upTo: 9 } }])
    attic.edit([{ kind: 'note', id: 'later', set: { title: 'x' } }])
    attic.edit([{ kind: 'read', id: readId(anna, 'notes'), set: { upTo: 4 } }])
    sync()
    expect(have(a.content, 'read', readId(anna, 'notes')).fields.upTo).toBe(9)
    expect(have(attic.content, 'read', readId(anna, 'notes')).fields.upTo).toBe(9)
  })

  it('hold one pin for each entity', () => {
    const { a, b, sync } = meet()
    for (const it of [a, b])
      it.edit([{ kind: 'pin', id: pinId('note/n'), set: { target: 'note/n', on: true, order: 'a0' } }])
    sync()
    expect(a.content.list('pin')).toHaveLength(1)
  })
})
