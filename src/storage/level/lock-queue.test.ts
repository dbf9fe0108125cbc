import { describe, expect, it } from 'vitest'
import { createLockQueue } from './lock-queue.ts'

describe('the lock queue', () => {
  it('lets shared requests in at once when the exclusive one before them gives up', async () => {
    const locks = createLockQueue()
    const aborting = new AbortController()
    const reason = new Error('enough')
    await locks.run('x', { mode: 'shared' }, async () => {
      const waiting = locks.run('x', { mode: 'exclusive', signal: aborting.signal }, async () => 'never')
      const behind = locks.run('x', { mode: 'shared' }, async () => 'behind')
      const last = locks.run('x', { mode: 'exclusive' }, async () => 'last')
      aborting.abort(reason)
      await expect(waiting).rejects.toBe(reason)
      expect(await behind).toBe('behind')
      return { last }
    }).then(async ({ last }) => expect(await last).toBe('last'))
  })

  it('lets everybody have a turn among many who come and go', async () => {
    const locks = createLockQueue()
    let shared = 0
    let exclusive = 0
    const order: number[] = []
    await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        locks.run('x', { mode: at % 3 === 0 ? 'exclusive' : 'shared' }, async () => {
          order.push(at)
          if (at % 3 === 0) {
            exclusive++
            expect({ exclusive, shared }).toEqual({ exclusive: 1, shared: 0 })
          } else {
            shared++
            expect(exclusive).toBe(0)
          }
          await Promise.resolve()
          if (at % 3 === 0) exclusive--
          else shared--
        }),
      ),
    )
    expect(order).toEqual(Array.from({ length: 60 }, (_, at) => at))
  })
})
