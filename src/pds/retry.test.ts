import { beforeEach, describe, expect, it } from 'vitest'
import { PdsError } from './errors.ts'
import { withRetry, type RetryWait } from './retry.ts'
import { failure } from './testing/errors.ts'
import { createManualTimers, type ManualTimers } from './testing/timers.ts'

let timers: ManualTimers
let waits: RetryWait[]
beforeEach(() => {
  timers = createManualTimers()
  waits = []
})

const broken = new PdsError('pds.network', { host: 'h', retriable: true, bytes: 0 })
const options = (random = 1): Parameters<typeof withRetry>[1] => ({
  timers,
  random: () => random,
  onWait: (wait) => waits.push(wait),
})

/** Lets every wait pass as soon as it begins. */
async function hurry<T>(run: Promise<T>): Promise<T> {
  let ended = false
  const ending = run.finally(() => (ended = true))
  ending.catch(() => {})
  while (!ended) {
    await Promise.race([timers.whenSet(), ending.catch(() => {})])
    timers.advance(10 * 60_000)
  }
  return await ending
}

describe('withRetry', () => {
  it('gives the first success and does not wait before it', async () => {
    expect(await withRetry((attempt) => Promise.resolve(attempt), options())).toBe(1)
    expect(waits).toEqual([])
  })

  it('waits twice as long each time, up to a limit, and tells of each wait', async () => {
    const failed = failure(
      hurry(withRetry(() => Promise.reject(broken), { ...options(), tries: 6, maxDelayMs: 5000 })),
    )
    expect(await failed).toMatchObject({ code: 'pds.network' })
    expect(waits.map(({ attempt, delayMs }) => [attempt, delayMs])).toEqual([
      [1, 1000],
      [2, 2000],
      [3, 4000],
      [4, 5000],
      [5, 5000],
    ])
    expect(waits[0]?.error).toBe(broken)
  })

  it('draws the delay from its upper half', async () => {
    await failure(hurry(withRetry(() => Promise.reject(broken), { ...options(0), tries: 3 })))
    expect(waits.map(({ delayMs }) => delayMs)).toEqual([500, 1000])
  })

  it('succeeds when a later try does', async () => {
    const run = withRetry(
      (attempt) => (attempt < 3 ? Promise.reject(broken) : Promise.resolve('here')),
      options(),
    )
    expect(await hurry(run)).toBe('here')
    expect(waits).toHaveLength(2)
  })

  it.each([
    new PdsError('pds.account-takendown', {}),
    new PdsError('pds.http', { status: 400, retriable: false }),
    new PdsError('pds.bad-response', {}),
    new PdsError('pds.plc-log-invalid', {}),
    new PdsError('pds.cancelled', {}),
  ])('does not try again after %s', async (error) => {
    let tries = 0
    await failure(withRetry(() => (tries++, Promise.reject(error)), options()))
    expect([tries, waits.length]).toEqual([1, 0])
  })

  it('lets an error that is not ours through at once', async () => {
    await expect(withRetry(() => Promise.reject(new TypeError('bug')), options())).rejects.toThrowError(
      TypeError,
    )
    expect(waits).toEqual([])
  })

  it('waits as long as the server asks, but not for ever', async () => {
    const limited = (retryAfter: number | undefined): PdsError =>
      new PdsError('pds.rate-limited', { host: 'h', retryAfter })
    const run = (attempt: number): Promise<string> =>
      attempt === 1
        ? Promise.reject(limited(90_000))
        : attempt === 2
          ? Promise.reject(limited(undefined))
          : Promise.resolve('in')
    expect(await hurry(withRetry(run, options()))).toBe('in')
    expect(waits.map(({ delayMs }) => delayMs)).toEqual([90_000, 2000])
    expect(await failure(withRetry(() => Promise.reject(limited(3_600_000)), options()))).toMatchObject({
      code: 'pds.rate-limited',
      retryAfter: 3_600_000,
    })
  })

  it('ends a wait when it is cancelled', async () => {
    const controller = new AbortController()
    const run = failure(withRetry(() => Promise.reject(broken), { ...options(), signal: controller.signal }))
    await timers.whenSet()
    controller.abort()
    expect(await run).toEqual({ code: 'pds.cancelled' })
    expect(timers.pending()).toEqual([])
    const never = withRetry(() => Promise.resolve('x'), { ...options(), signal: controller.signal })
    expect(await failure(never)).toEqual({ code: 'pds.cancelled' })
  })
})
