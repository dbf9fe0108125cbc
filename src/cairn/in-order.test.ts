import { describe, expect, it } from 'vitest'
import { createInOrder } from './in-order.ts'

const { signal } = new AbortController()
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('work that passes a point in order', () => {
  it('passes as it began, however long each takes to come there, and is not held up after it', async () => {
    const order = createInOrder()
    const passed: number[] = []
    const ready = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
    const after = Promise.withResolvers<void>()
    const all = ready.map(({ promise }, i) =>
      order.run(signal, async (pass) => {
        await promise
        return pass(async () => {
          passed.push(i)
          await after.promise
          return i
        })
      }),
    )
    for (const i of [3, 1]) ready[i]?.resolve()
    await turn()
    expect(passed).toEqual([])
    ready[0]?.resolve()
    await turn()
    expect(passed).toEqual([0, 1])
    ready[2]?.resolve()
    await turn()
    expect(passed).toEqual([0, 1, 2, 3])
    after.resolve()
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3])
  })

  it('goes on past what fails or never passes, which lets nobody overtake', async () => {
    const order = createInOrder()
    const passed: string[] = []
    const slow = Promise.withResolvers<void>()
    const one = order.run(signal, async (pass) => {
      await slow.promise
      await pass(async () => passed.push('one'))
    })
    const two = order.run(signal, () => Promise.reject(new RangeError('unreadable')))
    const three = order.run(signal, (pass) => pass(async () => passed.push('three')))
    await expect(two).rejects.toThrow('unreadable')
    await turn()
    expect(passed).toEqual([])
    slow.resolve()
    await Promise.all([one, three])
    expect(passed).toEqual(['one', 'three'])
  })

  it('does not keep waiting what is stopped', async () => {
    const order = createInOrder()
    const hung = Promise.withResolvers<void>()
    const one = order.run(signal, async () => hung.promise)
    const controller = new AbortController()
    const two = order.run(controller.signal, (pass) => pass(() => Promise.reject(new RangeError('stopped'))))
    controller.abort()
    await expect(two).rejects.toThrow('stopped')
    hung.resolve()
    await one
  })
})
