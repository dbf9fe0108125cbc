import { describe, expect, it } from 'vitest'
import { NetError } from '../../net/errors.ts'
import { createPatience } from './patience.ts'

/** Time that passes when it is told to. */
function manualTime() {
  let now = 0
  const set = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    timers: {
      after(ms: number, run: () => void) {
        const timer = { at: now + ms, run }
        set.add(timer)
        return () => set.delete(timer)
      },
    },
    pass(ms: number) {
      now += ms
      for (const timer of [...set]) if (timer.at <= now && set.delete(timer)) timer.run()
    },
    get running() {
      return set.size
    },
  }
}

function setUp() {
  const time = manualTime()
  const patience = createPatience({
    timers: time.timers,
    firstMs: 100,
    idleMs: 10,
    least: 4,
    onIdle: (ms) => new NetError('net.timeout', { ms }),
  })
  const step = async (bytes: number) => patience.during(Promise.resolve(bytes), (it) => it)
  const stuck = () => patience.during(new Promise<number>(() => {}), (it) => it)
  return { time, patience, step, stuck }
}

const timeout = (ms: number) => ({ code: 'net.timeout', fields: { ms } })

describe('patience', () => {
  it('lasts longer for the first bytes than for those after', async () => {
    const first = setUp()
    const waiting = first.stuck()
    first.time.pass(99)
    expect(first.time.running).toBe(1)
    first.time.pass(1)
    await expect(waiting).rejects.toMatchObject(timeout(100))
    const next = setUp()
    await next.step(4)
    const later = next.stuck()
    next.time.pass(10)
    await expect(later).rejects.toMatchObject(timeout(10))
  })

  it('is not renewed by less than is asked for', async () => {
    const { time, step, stuck } = setUp()
    await step(4)
    await step(1)
    time.pass(6)
    await step(2)
    const waiting = stuck()
    time.pass(4)
    await expect(waiting).rejects.toMatchObject(timeout(10))
  })

  it('is not used up while nobody waits', async () => {
    const { time, patience, step, stuck } = setUp()
    await step(4)
    await step(1)
    time.pass(1000)
    await step(1)
    await step(4)
    time.pass(1000)
    const waiting = stuck()
    time.pass(10)
    await expect(waiting).rejects.toMatchObject(timeout(10))
    patience.end()
    expect(time.running).toBe(0)
  })

  it('ends at once when it is told to, now and for whoever waits later', async () => {
    const { time, patience, stuck } = setUp()
    const waiting = stuck()
    patience.fail(new NetError('net.cancelled'))
    await expect(waiting).rejects.toMatchObject({ code: 'net.cancelled' })
    await expect(stuck()).rejects.toMatchObject({ code: 'net.cancelled' })
    expect(time.running).toBe(0)
  })

  it('passes on what the step itself fails with', async () => {
    const { time, patience } = setUp()
    const broken = patience.during(Promise.reject(new NetError('net.reset')), () => 0)
    await expect(broken).rejects.toMatchObject({ code: 'net.reset' })
    expect(time.running).toBe(0)
  })
})
