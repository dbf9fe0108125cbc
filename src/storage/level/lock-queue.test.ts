import { describe, expect, it } from 'vitest'
import { createLockQueue } from './lock-queue.ts'

describe('the lock queue', () => {
  it('lets shared requests in at once when the exclusive one before them gives up', async () => {
    const locks = createLockQueue()
    const aborting = new AbortController()
    const reason = new Error('enough')
    await locks
      .run('x', { mode: 'shared' }, async () => {
        const waiting = locks.run('x', { mode: 'exclusive', signal: aborting.signal }, async () => 'never')
        const behind = locks.run('x', { mode: 'shared' }, async () => 'behind')
        const last = locks.run('x', { mode: 'exclusive' }, async () => 'last')
        aborting.abort(reason)
        await expect(waiting).rejects.toBe(reason)
        expect(await behind).toBe('behind')
        return { last }
      })
      .then(async ({ last }) => expect(await last).toBe('last'))
  })

  it('lets everybody have a turn, in the order asked, never an exclusive one beside another', async () => {
    const locks = createLockQueue()
    const inside = { exclusive: 0, shared: 0 }
    const seen: { at: number; exclusive: number; shared: number }[] = []
    const work = Array.from({ length: 60 }, (_, at) => {
      const mode = at % 3 === 0 ? 'exclusive' : 'shared'
      return locks.run('x', { mode }, async () => {
        inside[mode]++
        seen.push({ at, ...inside })
        await Promise.resolve()
        inside[mode]--
      })
    })
    await Promise.all(work)
    // Each exclusive holder is followed by two that share.
    const expected = [
      { exclusive: 1, shared: 0 },
      { exclusive: 0, shared: 1 },
      { exclusive: 0, shared: 2 },
    ]
    expect(seen).toEqual(Array.from({ length: 60 }, (_, at) => ({ at, ...expected[at % 3] })))
  })
})
