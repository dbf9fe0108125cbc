import { expect, it } from 'vitest'
import { createManualTime } from '../../net/directory/testing/manual-time.ts'
import type { KeptAgreement } from '../../sync/agreements/model.ts'
import { keepTold } from './keep-told.ts'

/** What waits for whom, and why it was refused. */
type Waiting = Pick<KeptAgreement, 'peer' | 'waiting' | 'refused'>

it('tells again what waits, what was refused seldom, and nobody for whom nothing waits', async () => {
  const time = createManualTime()
  const told: string[] = []
  let isServed = false
  let waiting: Waiting[] = [
    { peer: 'away', waiting: true, refused: undefined },
    { peer: 'full', waiting: true, refused: 'limit' },
    { peer: 'done', waiting: false, refused: undefined },
  ]
  const stop = keepTold(
    {
      handle: () => {
        isServed = true
        return () => void (isServed = false)
      },
      // What it does not look at is left out.
      list: async () => waiting as KeptAgreement[],
      async deliver(peer) {
        told.push(peer)
        throw new Error('a disk that is full')
      },
    },
    { reached: async () => {} },
    { timers: time, random: () => 2 ** 31 },
  )
  expect(isServed).toBe(true)
  await time.pass(1000)
  expect(told.splice(0)).toEqual(['away', 'full'])
  waiting = waiting.slice(1)
  await time.pass(60 * 60_000)
  expect(told).toEqual(['full', 'full'])
  stop()
  expect(isServed).toBe(false)
  expect(time.waiting()).toBe(0)
})
