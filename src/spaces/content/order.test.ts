import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createPrng } from '../../repo/testing/prng.ts'
import { isOrder, orderBetween, placeEdits, rebalance } from './order.ts'
import { codeOf, createGroup, createReplica, give, type Replica } from './testing/group.ts'

const group = () => createGroup({ anna: ['anna'], ben: ['ben'] }, 'anna')
const titles = ({ content }: Replica): string =>
  content
    .list('task')
    .map(({ id }) => id)
    .join(' ')

function move(replica: Replica, id: string, index: number): number {
  return replica.edit(placeEdits(replica.content.list('task'), { kind: 'task', id }, index)).length
}

it('finds a place between two, and says when there is none', () => {
  expect(orderBetween(undefined, undefined)).toBe('a0')
  const second = orderBetween('a0', undefined)
  const between = orderBetween('a0', second)
  expect(['a0', between, second]).toEqual(['a0', between, second].sort())
  expect(orderBetween(undefined, 'a0') < 'a0').toBe(true)
  expect(codeOf(() => orderBetween('a0', 'a0'))).toBe('content.order')
  expect(codeOf(() => orderBetween('a1', 'a0'))).toBe('content.order')
  expect(codeOf(() => orderBetween('not', 'an order'))).toBe('content.order')
  expect(codeOf(() => orderBetween(`A${'0'.repeat(25)}1`, undefined))).toBe('none')
})

it.each(['', 'a', 'a00', 'A00000000000000000000000000', 'é0', 'b0', 'a0 ', '0', 'a'.repeat(300)])(
  'takes %j for no place',
  (text) => {
    expect(isOrder(text)).toBe(false)
  },
)

it('keeps both of two that were put at one place, in one order everywhere', () => {
  const who = group()
  const [a, b] = [createReplica(who, 'anna'), createReplica(who, 'ben')]
  for (const id of ['one', 'two']) move(a, id, 9)
  give(a, b.content)
  move(a, 'from-a', 1)
  move(b, 'from-b', 1)
  expect(a.content.get('task', 'from-a')?.fields.order).toBe(b.content.get('task', 'from-b')?.fields.order)
  give(a, b.content)
  give(b, a.content)
  expect(titles(a)).toBe('one from-a from-b two')
  expect(titles(b)).toBe(titles(a))
  // There is nothing between the two: one of them moves along.
  expect(move(a, 'between', 2)).toBe(2)
  expect(titles(a)).toBe('one from-a between from-b two')
})

it('puts things behind what has no place yet', () => {
  const a = createReplica(group(), 'anna')
  a.edit([
    { kind: 'task', id: 'first', set: { title: 'x' } },
    { kind: 'task', id: 'second', set: { title: 'x' } },
  ])
  expect(titles(a)).toBe('first second')
  expect(move(a, 'third', 1)).toBe(2)
  expect(titles(a)).toBe('first third second')
  expect(move(a, 'second', 0)).toBe(1)
  expect(titles(a)).toBe('second first third')
})

it('is where it was put, whatever was there before', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const prng = createPrng(seed)
      const a = createReplica(group(), 'anna')
      const wanted: string[] = []
      for (let n = 0; n < 12; n++) {
        const order = prng.pick([null, 'a0', 'a0', 'Zz', 'a0V', `a0${'V'.repeat(80)}`, `A${'z'.repeat(26)}`])
        a.edit([{ kind: 'task', id: `t${n}`, set: order === null ? { title: 'x' } : { order } }])
      }
      wanted.push(...a.content.list('task').map(({ id }) => id))
      for (let n = 0; n < 20; n++) {
        const [id, index] = [`t${prng.int(14)}`, prng.int(14)]
        const at = wanted.indexOf(id)
        if (at >= 0) wanted.splice(at, 1)
        wanted.splice(index, 0, id)
        move(a, id, index)
        expect(titles(a)).toBe(wanted.join(' '))
      }
    }),
    { numRuns: 200, seed: 3 },
  )
})

it('stays short when everything is put at one spot', () => {
  const a = createReplica(group(), 'anna')
  move(a, 'first', 0)
  move(a, 'last', 1)
  let edits = 0
  for (let n = 0; n < 400; n++) edits += move(a, `t${n}`, 1)
  const longest = Math.max(...a.content.list('task').map(({ fields }) => fields.order?.length ?? 0))
  expect(longest).toBeLessThanOrEqual(64)
  expect(edits).toBeLessThan(600)
  expect(rebalance(a.content.list('task'))).toEqual([])
})

it('makes long texts short again', () => {
  const a = createReplica(group(), 'anna')
  const long = `a0${'V'.repeat(100)}`
  a.edit([
    { kind: 'task', id: 'one', set: { order: 'a0' } },
    { kind: 'task', id: 'two', set: { order: long } },
  ])
  a.edit(rebalance(a.content.list('task')))
  expect(a.content.list('task').map(({ id, fields }) => [id, fields.order])).toEqual([
    ['one', 'a0'],
    ['two', 'a1'],
  ])
})
