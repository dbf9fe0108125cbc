import { expect, it } from 'vitest'
import type { Edit } from './model.ts'
import { readId } from './ids.ts'
import { createGroup, createReplica, did, give, have, type Replica } from './testing/group.ts'
import { createUndo, type Undo, type UndoStep } from './undo.ts'

function start() {
  const who = createGroup({ anna: ['anna'], ben: ['ben'] }, 'anna')
  const [a, b] = [createReplica(who, 'anna'), createReplica(who, 'ben')]
  const undo = createUndo(a.content, a.device)
  return { a, b, undo }
}

function make(replica: Replica, undo: Undo, ...edits: Edit[]): void {
  const done = undo.begin(edits)
  replica.edit(edits)
  done()
}

function run(replica: Replica, step: UndoStep | undefined): UndoStep['left'] {
  if (step === undefined) throw new Error('nothing to take back')
  replica.edit(step.edits)
  step.done()
  return step.left
}

const title = (replica: Replica): string | undefined => have(replica.content, 'task', 't').fields.title
const task = (set: Edit<'task'>['set']): Edit => ({ kind: 'task', id: 't', set })

it('takes back step by step, and makes again', () => {
  const { a, undo } = start()
  a.edit([task({ title: 'zero' })])
  make(a, undo, task({ title: 'one', due: '2026-01-01' }))
  make(a, undo, task({ title: 'two' }), task({ done: true }))
  expect(run(a, undo.undo())).toEqual([])
  expect(have(a.content, 'task', 't').fields).toEqual({ title: 'one', due: '2026-01-01' })
  run(a, undo.undo())
  expect(have(a.content, 'task', 't').fields).toEqual({ title: 'zero' })
  expect(undo.undo()).toBeUndefined()
  run(a, undo.redo())
  run(a, undo.redo())
  expect(have(a.content, 'task', 't').fields).toEqual({ title: 'two', due: '2026-01-01', done: true })
  expect(undo.redo()).toBeUndefined()
  run(a, undo.undo())
  make(a, undo, task({ title: 'other' }))
  expect(undo.redo()).toBeUndefined()
  run(a, undo.undo())
  expect(title(a)).toBe('one')
})

it('deletes what a step made, and brings it back', () => {
  const { a, undo } = start()
  make(a, undo, task({ title: 'new' }))
  run(a, undo.undo())
  expect(have(a.content, 'task', 't').deleted).toBe(true)
  run(a, undo.redo())
  expect(have(a.content, 'task', 't')).toMatchObject({ deleted: false, fields: { title: 'new' } })
  run(a, undo.undo())
  expect(have(a.content, 'task', 't').deleted).toBe(true)
})

it('leaves alone what others changed since, and says whose it is', () => {
  const { a, b, undo } = start()
  a.edit([task({ title: 'zero', done: false })])
  make(a, undo, task({ title: 'one', done: true }))
  give(a, b.content)
  b.edit([task({ title: 'ben’s' })])
  give(b, a.content)
  expect(run(a, undo.undo())).toEqual([{ item: 'task/t', field: 'title', by: did('ben') }])
  expect(have(a.content, 'task', 't').fields).toEqual({ title: 'ben’s', done: false })
  run(a, undo.redo())
  expect(have(a.content, 'task', 't').fields).toEqual({ title: 'ben’s', done: true })
})

it('does not delete what others had a hand in', () => {
  const { a, b, undo } = start()
  make(a, undo, task({ title: 'mine' }))
  give(a, b.content)
  b.edit([task({ done: true })])
  give(b, a.content)
  expect(run(a, undo.undo())).toEqual([{ item: 'task/t', field: 'done', by: did('ben') }])
  expect(have(a.content, 'task', 't').deleted).toBe(false)
  expect(undo.redo()).toBeUndefined()
})

it('does not go back behind another’s change by way of one’s own', () => {
  const { a, b, undo } = start()
  a.edit([task({ title: 'zero' })])
  make(a, undo, task({ title: 'one' }))
  give(a, b.content)
  b.edit([task({ title: 'ben’s' })])
  give(b, a.content)
  make(a, undo, task({ title: 'three' }))
  run(a, undo.undo())
  expect(title(a)).toBe('ben’s')
  expect(run(a, undo.undo())).toHaveLength(1)
  expect(title(a)).toBe('ben’s')
})

it('stays as it was when the edits fail, and knows no more than a hundred steps', () => {
  const { a, undo } = start()
  a.edit([task({ title: 'zero' })])
  for (let n = 0; n < 120; n++) make(a, undo, task({ title: `${n}` }))
  // `done` is not called, as when nothing was written.
  expect(undo.undo()?.edits).toEqual(undo.undo()?.edits)
  let steps = 0
  for (let step = undo.undo(); step !== undefined; step = undo.undo()) {
    run(a, step)
    steps++
  }
  expect(steps).toBe(100)
  expect(title(a)).toBe('19')
})

it('passes over read marks and edits that change nothing', () => {
  const { a, undo } = start()
  a.edit([task({ title: 'zero' })])
  make(a, undo, task({ title: 'zero' }))
  make(a, undo, { kind: 'read', id: readId(a.device, 'tasks'), set: { upTo: 1 } })
  expect(undo.undo()).toBeUndefined()
})
