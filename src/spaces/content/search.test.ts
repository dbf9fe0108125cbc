import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from '../../core/testing/runs.ts'
import { fold, unfold } from './fold.ts'
import { personTag } from './ids.ts'
import type { Edit } from './model.ts'
import { createSearch } from './search.ts'
import { createGroup, createReplica, did } from './testing/group.ts'

const tag = personTag(did('anna'))

function space(...edits: Edit[]) {
  const group = createGroup({ anna: ['anna'] }, 'anna')
  const replica = createReplica(group, 'anna')
  replica.edit(edits)
  const notes = new Map<string, string>()
  const { search } = createSearch(replica.content, (id) => notes.get(id))
  return { group, replica, notes, items: (query: string) => search(query).map(({ item }) => item), search }
}

const post = (id: string, text: string): Edit => ({ kind: 'post', id: `${tag}.${id}`, set: { text } })

describe('search', () => {
  it('does not mind case and accents, and shows the text as it is', () => {
    const { search } = space(post('1', 'Heute ist die ÄRZTIN in Zürich, straße 5'))
    expect(search('arztin')).toEqual([
      { item: `post/${tag}.1`, before: 'Heute ist die ', hit: 'ÄRZTIN', after: ' in Zürich, straße 5' },
    ])
    expect(search('zurich strasse')[0]).toMatchObject({ hit: 'straße' })
    expect(search('ZÜRICH genf')).toEqual([])
    expect(search('   ')).toEqual([])
  })

  it('finds parts of words, where scripts part no words too', () => {
    const { search } = space(post('1', '明日は山に登ります'), post('2', 'がっこう'), post('3', 'Großvater'))
    expect(search('山に')[0]).toMatchObject({ before: '明日は', hit: '山に', after: '登ります' })
    expect(search('か')).toHaveLength(1)
    expect(search('がつ')).toEqual([])
    expect(search('vat')[0]).toMatchObject({ before: 'Groß', hit: 'vat', after: 'er' })
  })

  it('puts titles and beginnings of words first, then the newest', () => {
    const { items } = space(
      post('1', 'a rope in the text'),
      { kind: 'task', id: 't', set: { title: 'tightrope' } },
      { kind: 'note', id: 'n', set: { title: 'Ropes' } },
      post('2', 'tightrope walking'),
      post('3', 'rope again'),
      { kind: 'file', id: 'f', set: { name: 'rope.jpg' } },
    )
    expect(items('rope')).toEqual([
      'file/f',
      'note/n',
      'task/t',
      `post/${tag}.3`,
      `post/${tag}.1`,
      `post/${tag}.2`,
    ])
  })

  it('follows what changes, is hidden or deleted, and the texts of notes', () => {
    const { group, replica, notes, items } = space(post('1', 'tent'), {
      kind: 'note',
      id: 'n',
      set: { title: 'list' },
    })
    expect(items('tent')).toHaveLength(1)
    notes.set('n', 'bring the tent')
    expect(items('tent')).toHaveLength(2)
    notes.set('n', 'bring nothing')
    replica.edit([post('1', 'map')])
    expect(items('tent')).toEqual([])
    group.hidden.add('note/n')
    replica.content.membersChanged()
    replica.edit([{ kind: 'post', id: `${tag}.1`, set: { deleted: true } }])
    expect([...items('map'), ...items('nothing')]).toEqual([])
  })

  it('cuts long texts around the hit, between characters', () => {
    const { search } = space(post('1', `${'🪨'.repeat(100)} needle ${'🪨'.repeat(100)}`))
    const [hit] = search('needle')
    expect(hit?.hit).toBe('needle')
    expect(hit?.before).toMatch(/^…(🪨)+ $/u)
    expect(hit?.after).toMatch(/^ (🪨)+…$/u)
    expect(hit?.before.isWellFormed() === true && hit.after.isWellFormed()).toBe(true)
  })

  it('gives no more than is asked for', () => {
    const { search } = space(...Array.from({ length: 80 }, (_, n) => post(`${n}`, 'same')))
    expect(search('same')).toHaveLength(50)
    expect(search('same', 3)).toHaveLength(3)
  })
})

describe('folding', () => {
  const texts = fc.string({
    unit: fc.oneof(
      fc.constantFrom(
        'a',
        'Ä',
        'ß',
        'ς',
        'Σ',
        'e\u0301',
        '\u0301',
        'が',
        'ｶﾞ',
        'ﬁ',
        '\u00ad',
        '\u200d',
        ' ',
        '山',
        '한',
        'İ',
      ),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
  })

  it('is that of the pieces, and folds once', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const folded = fold(text)
        expect(fold(folded)).toBe(folded)
        const [from, to] = unfold(text, 0, folded.length)
        expect(fold(text.slice(from, to))).toBe(folded)
      }),
      { numRuns: runs(500), seed: 5 },
    )
  })

  it('leads back to a part of the text that holds what was found', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(), (text, a, b) => {
        const folded = fold(text)
        if (folded === '') return
        const from = a % folded.length
        const to = from + 1 + (b % (folded.length - from))
        const [start, end] = unfold(text, from, to)
        expect(fold(text.slice(start, end))).toContain(folded.slice(from, to))
      }),
      { numRuns: runs(500), seed: 6 },
    )
  })
})
