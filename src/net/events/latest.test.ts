import { expect, it } from 'vitest'
import { createLatest } from './latest.ts'

it('what was forgotten may have had news, and what is known did or did not', () => {
  const latest = createLatest(2)
  expect(latest.cameAfter('a', 0)).toBe(false)
  for (const [seq, topic] of ['a', 'b', 'a', 'c'].entries()) latest.note(topic, seq + 1)
  // `b` was quiet for longest and is forgotten.
  expect([latest.cameAfter('a', 3), latest.cameAfter('a', 2), latest.cameAfter('c', 4)]).toEqual([
    false,
    true,
    false,
  ])
  expect([latest.cameAfter('b', 1), latest.cameAfter('b', 2), latest.cameAfter('never', 1)]).toEqual([
    true,
    false,
    true,
  ])
})
