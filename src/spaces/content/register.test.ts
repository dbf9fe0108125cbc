import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { toJson } from '../../repo/json.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { vectorText } from '../testing/kit.ts'
import { createContent } from './content.ts'
import { newEntityId, personTag, pinId, placeOfRead, reactionId, readId } from './ids.ts'
import type { Kind } from './model.ts'
import { encodeRegister, readRegister } from './register.ts'
import { createGroup, createReplica, did } from './testing/group.ts'

const anna = did('anna')
const tag = personTag(anna)

/** One register of each kind, as a device writes it; the task's has a history. */
function examples() {
  const { edit } = createReplica(createGroup({ anna: ['anna'] }, 'anna'), 'anna')
  const at = Date.UTC(2026, 6, 1)
  const origin = { name: 'Björn', at: at - 1 }
  const first = edit(
    [
      { kind: 'space', id: 'space', set: { title: 'Alpine club', about: 'Huts and paths', backup: true } },
      { kind: 'profile', id: tag, set: { name: 'Anna', repos: ['did:plc:ewvi7nxzyoun6zhxrhs64oiz'] } },
      {
        kind: 'post',
        id: `${tag}.p1`,
        set: { text: 'Grüezi 🪨', files: ['file/f1'], mentions: [anna], from: origin },
      },
      {
        kind: 'reaction',
        id: reactionId(anna, 'task/t1', '👍'),
        set: { target: 'task/t1', emoji: '👍', on: true },
      },
      { kind: 'note', id: 'n1', set: { title: 'Packing' } },
      {
        kind: 'task',
        id: 't1',
        set: { title: 'Book the hut', done: false, assignee: anna, due: '2026-08-01', order: 'a0' },
      },
      {
        kind: 'file',
        id: 'f1',
        set: { name: 'map.webp', type: 'image/webp', size: 3, preview: new Uint8Array([1, 2, 3]) },
      },
      { kind: 'pin', id: pinId('task/t1'), set: { target: 'task/t1', on: true, order: 'a0' } },
      { kind: 'read', id: readId(anna, 'task/t1'), set: { upTo: 0 } },
    ],
    at,
  )
  const second = edit([{ kind: 'task', id: 't1', set: { done: true }, unset: ['due'] }], at + 1000)
  return [...first, ...second]
}

const kindFrom = (collection: string): Kind => collection.slice('app.cairn.space.'.length) as Kind

describe('a register', () => {
  it('has the bytes that are committed', async () => {
    const shown = examples().map(({ collection, rkey, value }) => ({
      collection,
      rkey,
      json: toJson(value),
      bytes: toHex(value),
    }))
    await expect(vectorText({ person: anna, tag, records: shown })).toMatchFileSnapshot(
      join(import.meta.dirname, 'vectors', 'register.json'),
    )
  })

  it('is read as it was written', () => {
    for (const { collection, value } of examples()) {
      const register = readRegister(kindFrom(collection), value)
      expect(typeof register === 'string' ? register : encodeRegister(register)).toEqual(value)
    }
  })

  const sound = {
    v: 1,
    c: 5,
    m: [3, 0],
    f: { title: [5, 0, 'x'] },
    h: {
      title: [
        [4, -7, 'w'],
        [3, 0],
      ],
    },
  }
  const read = (value: unknown, kind: Kind = 'note'): string => {
    const register = readRegister(kind, encodeDagCbor(value))
    return typeof register === 'string' ? register : 'sound'
  }

  it.each([
    ['itself', {}, 'sound'],
    ['a clock years wrong', { f: { title: [5, Number.MIN_SAFE_INTEGER, 'x'] } }, 'sound'],
    ['a field of a newer version', { f: { title: [5, 0, 'x'], mood: [4, 0, { a: [1, null] }] } }, 'sound'],
    ['something else of a newer version', { z: { a: 1 } }, 'sound'],
    ['what went out of history', { g: { title: 3 }, h: { title: [[4, 0, 'w']] } }, 'sound'],
    ['another format', { v: 2 }, 'content.version'],
    ['no format', { v: 0 }, 'content.malformed'],
    ['no clock', { c: undefined }, 'content.malformed'],
    ['a clock after all that it wrote', { c: 6 }, 'content.malformed'],
    ['no making', { m: [3] }, 'content.malformed'],
    ['no field', { f: {}, h: {} }, 'content.malformed'],
    ['no counter', { f: { title: ['5', 0, 'x'] } }, 'content.malformed'],
    ['counter 0', { c: 1, m: [0, 0] }, 'content.malformed'],
    ['a counter at the end', { f: { title: [2 ** 48, 0, 'x'] } }, 'content.malformed'],
    ['the last counter', { f: { title: [2 ** 48 - 1, 0, 'x'] } }, 'sound'],
    ['a field from before it was made', { c: 2, f: { title: [2, 0, 'x'] }, h: {} }, 'content.malformed'],
    ['history from before it was made', { h: { title: [[2, 0]] } }, 'content.malformed'],
    ['history of the present', { h: { title: [[5, 0, 'w']] } }, 'content.malformed'],
    [
      'history in the wrong order',
      {
        h: {
          title: [
            [3, 0, 'w'],
            [4, 0, 'v'],
          ],
        },
      },
      'content.malformed',
    ],
    ['history of no field', { h: { name: [[4, 0, 'w']] } }, 'content.malformed'],
    [
      'endless history',
      { f: { title: [90, 0, 'x'] }, h: { title: Array.from({ length: 65 }, (_, n) => [80 - n, 0]) } },
      'content.malformed',
    ],
    ['something forgotten that is there', { g: { title: 3 } }, 'content.malformed'],
    ['four parts', { f: { title: [5, 0, 'x', 1] } }, 'content.malformed'],
    [
      'a link',
      { f: { title: [5, 0, { $link: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a' }] } },
      'content.malformed',
    ],
    ['a name that is none', { f: { 'a b': [5, 0, 1] }, h: {} }, 'content.malformed'],
    ['a deep value', { f: { title: [5, 0, [[[[[1]]]]]] } }, 'content.malformed'],
    [
      'too many fields',
      { f: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`f${n}`, [5, 0, 1]])), h: {} },
      'content.malformed',
    ],
    ['65 KiB', { f: { title: [5, 0, 'x'.repeat(66_000)] } }, 'content.too-large'],
  ])('with %s', (_, changes, outcome) => {
    const value = Object.fromEntries(
      Object.entries({ ...sound, ...changes }).filter(([, it]) => it !== undefined),
    )
    expect(read(value)).toBe(outcome)
  })

  it('of a file may be longer', () => {
    const value = {
      v: 1,
      c: 5,
      m: [5, 0],
      f: { preview: [5, 0, new Uint8Array(32_768)], sealed: [5, 0, new Uint8Array(500_000)] },
    }
    expect(read(value, 'file')).toBe('sound')
    expect(read({ ...value, f: { sealed: [5, 0, new Uint8Array(786_432)] } }, 'file')).toBe(
      'content.too-large',
    )
  })

  it('that is damaged never throws, and never breaks what is there', () => {
    const prng = createPrng('damage')
    const content = createContent({ who: createGroup({ anna: ['anna'] }, 'anna') })
    const codes = new Set<string>()
    for (const record of examples()) {
      for (let n = 0; n < 400; n++) {
        const bytes = new Uint8Array(record.value)
        for (let m = prng.int(4); m >= 0; m--) bytes[prng.int(bytes.length)] = prng.int(256)
        const cut = prng.chance(0.2) ? bytes.subarray(0, prng.int(bytes.length)) : bytes
        codes.add(content.put(anna, record, cut)?.code ?? 'none')
        content.list(kindFrom(record.collection), { deleted: true, hidden: true })
      }
      content.put(anna, record, record.value)
    }
    expect([...codes].sort()).toEqual(['content.field', 'content.malformed', 'content.version', 'none'])
    expect(content.get('task', 't1')?.fields.title).toBe('Book the hut')
  })
})

describe('ids', () => {
  it('say whose they are and what they are about', () => {
    expect(tag).toMatch(/^[a-z2-7]{20}$/)
    expect(newEntityId('post', anna, (n) => new Uint8Array(n))).toBe(`${tag}.${'a'.repeat(26)}`)
    expect(newEntityId('task', anna, (n) => new Uint8Array(n))).toBe('a'.repeat(26))
    const place = `post/${tag}.${'a'.repeat(26)}`
    expect(placeOfRead(readId(anna, place))).toBe(place)
    expect(placeOfRead(readId(anna, 'posts'))).toBe('posts')
    expect(reactionId(anna, place, '👍')).not.toBe(reactionId(anna, place, '👎'))
    expect(utf8(reactionId(anna, place, '👍'))).toHaveLength(41)
  })
})
