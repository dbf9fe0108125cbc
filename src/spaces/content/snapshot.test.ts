import { expect, it } from 'vitest'
import { personTag, pinId, reactionId, readId } from './ids.ts'
import { exportContent } from './snapshot.ts'
import { importEdits } from './snapshot-in.ts'
import { codeOf, createGroup, createReplica, did, give, have } from './testing/group.ts'

const [anna, ben, cem] = [did('anna'), did('ben'), did('cem')]
const [annas, bens, cems] = [personTag(anna), personTag(ben), personTag(cem)]

/** A space with something of everything, as it stands in a zip. */
function exported(): unknown {
  const group = createGroup({ anna: ['anna'], ben: ['ben'] }, 'anna')
  const [a, b] = [createReplica(group, 'anna'), createReplica(group, 'ben')]
  a.edit(
    [
      { kind: 'space', id: 'space', set: { title: 'Club', about: 'Huts', backup: true } },
      { kind: 'profile', id: annas, set: { name: 'Anna' } },
      {
        kind: 'post',
        id: `${annas}.same`,
        set: { text: 'first', mentions: [ben], files: ['file/f', 'file/gone'] },
      },
      {
        kind: 'task',
        id: 't',
        set: { title: 'rope', order: 'a1', assignee: ben, due: '2026-05-01', done: true },
      },
      { kind: 'task', id: 'u', set: { title: 'map', order: 'a0' } },
      {
        kind: 'file',
        id: 'f',
        set: { name: 'a.png', size: 2, sealed: new Uint8Array(40), preview: new Uint8Array([7, 8]) },
      },
      { kind: 'file', id: 'gone', set: { name: 'x', deleted: true } },
      { kind: 'note', id: 'hidden', set: { title: 'x' } },
    ],
    1_000,
  )
  give(a, b.content)
  const parent = `post/${annas}.same`
  b.edit(
    [
      { kind: 'post', id: `${bens}.same`, set: { text: 'answer', parent } },
      { kind: 'post', id: `${bens}.lost`, set: { text: 'to what is gone', parent: 'note/hidden' } },
      { kind: 'reaction', id: reactionId(ben, parent, '👍'), set: { target: parent, emoji: '👍', on: true } },
      { kind: 'pin', id: pinId(parent), set: { target: parent, on: true, order: 'a0' } },
      { kind: 'read', id: readId(ben, 'posts'), set: { upTo: 1 } },
    ],
    2_000,
  )
  give(b, a.content)
  group.hidden.add('note/hidden')
  a.content.membersChanged()
  return JSON.parse(JSON.stringify(exportContent(a.content)))
}

it('brings a space’s content into another, with whose words they were', () => {
  const { edits, leftOut } = importEdits(exported(), cem)
  expect(leftOut).toBe(2)
  const c = createReplica(createGroup({ cem: ['cem'] }, 'cem'), 'cem')
  c.edit(edits, 9_000)
  const first = have(c.content, 'post', `${cems}.same`)
  expect(first).toMatchObject({
    by: cem,
    madeAt: 9_000,
    fields: { text: 'first', files: ['file/f'], from: { name: 'Anna', at: 1_000 } },
  })
  expect(first.fields).not.toHaveProperty('mentions')
  const [answer] = c.content.replies(`post/${cems}.same`)
  expect(answer?.fields).toMatchObject({ text: 'answer', from: { name: '', at: 2_000 } })
  expect(c.content.list('post').map(({ fields }) => fields.text)).toEqual([
    'to what is gone',
    'answer',
    'first',
  ])
  expect(have(c.content, 'post', `${cems}.lost`).fields).not.toHaveProperty('parent')
  expect(c.content.list('task').map(({ id }) => id)).toEqual(['u', 't'])
  expect(have(c.content, 'task', 't').fields).toEqual({
    title: 'rope',
    order: 'a1',
    due: '2026-05-01',
    done: true,
    from: { name: 'Anna', at: 1_000 },
  })
  expect(have(c.content, 'file', 'f').fields).toEqual({
    name: 'a.png',
    size: 2,
    preview: new Uint8Array([7, 8]),
    from: { name: 'Anna', at: 1_000 },
  })
  expect(have(c.content, 'space', 'space').fields).toEqual({ title: 'Club', about: 'Huts' })
  expect(c.content.list('pin').map(({ id, fields }) => [id, fields.target])).toEqual([
    [pinId(`post/${cems}.same`), `post/${cems}.same`],
  ])
  expect([
    c.content.get('note', 'hidden'),
    c.content.get('file', 'gone'),
    c.content.get('profile', annas),
  ]).toEqual([undefined, undefined, undefined])
})

it('keeps the first author’s name when it is exported again', () => {
  const c = createReplica(createGroup({ cem: ['cem'] }, 'cem'), 'cem')
  c.edit(importEdits(exported(), cem).edits, 9_000)
  const again = importEdits(JSON.parse(JSON.stringify(exportContent(c.content))), anna)
  const posts = again.edits.filter(({ kind }) => kind === 'post')
  expect(posts.map(({ set }) => 'from' in set && set.from?.name)).toEqual(['Anna', '', ''])
})

const one = (fields: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  version: 1,
  entities: [{ kind: 'note', id: 'n', fields, by: anna, byName: '', madeAt: 0, changedAt: 0, ...more }],
})

it.each([
  ['nothing', undefined, 'content.snapshot'],
  ['a list', [], 'content.snapshot'],
  ['a newer version', { version: 2, entities: [] }, 'content.version'],
  ['no fields', one({}, { fields: 5 }), 'content.snapshot'],
  ['a value that does not fit', one({ title: { deep: [1] } }), 'content.snapshot'],
  ['half a character', one({ title: '\ud800' }), 'content.snapshot'],
  ['bytes that are none', one({ title: { $bytes: '!' } }), 'content.snapshot'],
  ['a field of a newer version', one({ mood: 1 }), 'none'],
  ['a kind of a newer version', one({}, { kind: 'song' }), 'none'],
  ['an id that is none', one({}, { id: '../x' }), 'none'],
])('reads %s', (_, snapshot, code) => {
  expect(codeOf(() => importEdits(snapshot, cem))).toBe(code)
})
