import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, utf8 } from '../../core/bytes.ts'
import { createManualTimers } from '../../pds/testing/timers.ts'
import { backOff } from './back-off.ts'
import { withDeadline } from './deadline.ts'
import { createNumbers } from './numbers.ts'
import { peerKey } from './peer-key.ts'

describe('the pause after failures', () => {
  it('doubles up to its longest, and is scattered over its upper half', () => {
    const limits = { firstBackOffMs: 1000, maxBackOffMs: 300_000 }
    expect([1, 2, 3, 9, 10, 5000].map((failures) => backOff(failures, () => 0, limits))).toEqual([
      500, 1000, 2000, 128_000, 150_000, 150_000,
    ])
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const ms = backOff(failures, () => random, limits)
        expect(ms).toBeGreaterThanOrEqual(500)
        expect(ms).toBeLessThanOrEqual(300_000)
      }),
    )
  })
})

describe('a deadline', () => {
  const never = new AbortController().signal

  it('gives what came in time, and leaves no timer', async () => {
    const timers = createManualTimers()
    await expect(withDeadline(timers, 10, never, async () => 5)).resolves.toBe(5)
    await expect(withDeadline(timers, 10, never, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(timers.pending()).toEqual([])
  })

  it('ends what takes too long, and hands on what comes late', async () => {
    const timers = createManualTimers()
    const slow = Promise.withResolvers<string>()
    const late: string[] = []
    let inner: AbortSignal | undefined
    const run = withDeadline(
      timers,
      10,
      never,
      (signal) => {
        inner = signal
        return slow.promise
      },
      (value) => late.push(value),
    )
    timers.advance(10)
    await expect(run).rejects.toMatchObject({ code: 'net.timeout', fields: { ms: 10 } })
    expect(inner?.aborted).toBe(true)
    slow.resolve('late')
    await slow.promise
    expect(late).toEqual(['late'])
  })

  it('ends with its signal', async () => {
    const timers = createManualTimers()
    const controller = new AbortController()
    const run = withDeadline(timers, 10, controller.signal, () => Promise.withResolvers<void>().promise)
    controller.abort()
    await expect(run).rejects.toMatchObject({ code: 'net.cancelled' })
    await expect(withDeadline(timers, 10, controller.signal, async () => 1)).rejects.toMatchObject({
      code: 'net.cancelled',
    })
    expect(timers.pending()).toEqual([])
  })
})

describe('numbers of links', () => {
  it('grow for each peer, and are kept for the latest ones', () => {
    const numbers = createNumbers(2)
    expect([numbers.last('a'), numbers.next('a'), numbers.next('a')]).toEqual([0, 1, 2])
    numbers.set('b', 9)
    numbers.next('a')
    numbers.next('c')
    expect(['a', 'b', 'c'].map(numbers.last)).toEqual([3, 0, 1])
  })
})

describe('the key of a peer', () => {
  it('is in an Ed25519 peer id', () => {
    // The id and key of the libp2p specification's test vectors.
    expect(peerKey('12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq')).toEqual(
      fromHex('8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394') ?? expect.anything(),
    )
  })

  it('of another kind of id is its text', () => {
    for (const id of ['alice', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', '', '1'.repeat(5000)])
      expect(peerKey(id)).toEqual(utf8(id))
  })
})
