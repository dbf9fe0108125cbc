import { describe, expect, it } from 'vitest'
import type { Storage } from '../storage/port.ts'
import { withLevel } from '../storage/testing/node-host.ts'
import { SyncError } from '../sync/errors.ts'
import { createTestTimers, type TestTimers } from '../sync/testing/timers.ts'
import { exclusively, type Work } from '../sync/work.ts'
import type { Job } from './api.ts'
import type { CairnHost } from './host.ts'
import { createJobs, type Jobs } from './jobs.ts'

interface Kit {
  readonly jobs: Jobs
  readonly told: Job[]
  readonly timers: TestTimers
  readonly storage: Storage
}

async function withJobs(use: (kit: Kit) => Promise<void>): Promise<void> {
  await withLevel(async (storage) => {
    const timers = createTestTimers()
    let next = 0
    // Jobs use no more of a host than this.
    const host = { storage, timers, clock: timers.clock, random: () => next++ } as unknown as CairnHost
    const told: Job[] = []
    await use({ jobs: createJobs(host, (job) => told.push(job)), told, timers, storage })
  })
}

/** A piece of work that a test ends. */
function gated() {
  const gate = Promise.withResolvers<undefined>()
  let work: Work | undefined
  const begun = Promise.withResolvers<Work>()
  const run = async (given: Work): Promise<undefined> => {
    work = given
    begun.resolve(given)
    given.signal.addEventListener('abort', () => gate.reject(new SyncError('sync.cancelled')))
    return gate.promise
  }
  return {
    run,
    end: () => gate.resolve(undefined),
    fail: (error: Error) => gate.reject(error),
    begun: begun.promise,
    hasBegun: () => work !== undefined,
  }
}

const start = (jobs: Jobs, run: (work: Work) => Promise<undefined>, did?: string): Job =>
  jobs.start({ kind: 'backup', label: 'x', did, run })

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('jobs', () => {
  it('that are brief tell of their end alone, unless they take their time', () =>
    withJobs(async ({ jobs, told, timers }) => {
      const begin = async () => {
        const it = gated()
        const job = jobs.start({ kind: 'peer', label: 'x', did: 'did:plc:a', brief: true, run: it.run })
        return { ...it, id: job.id, work: await it.begun }
      }
      const short = await begin()
      short.work.report({ phase: 'saving' })
      expect(jobs.of('did:plc:a')).toMatchObject({ id: short.id, phase: 'saving' })
      expect(told).toEqual([])
      short.end()
      await jobs.ended([short.id])
      expect(told).toMatchObject([{ id: short.id, state: 'done' }])
      told.length = 0

      const long = await begin()
      timers.pass(100)
      long.work.report({ phase: 'saving' })
      expect(told).toMatchObject([{ id: long.id, state: 'running', phase: 'saving' }])
      long.end()
      await jobs.ended([long.id])
    }))

  it('run three at once, the others in the order they came; a cancelled one gives its turn up', () =>
    withJobs(async ({ jobs }) => {
      const work = Array.from({ length: 7 }, gated)
      const started = work.map((it) => start(jobs, it.run))
      const begun = async (): Promise<number[]> => {
        await turn()
        return work.flatMap((it, i) => (it.hasBegun() ? [i] : []))
      }
      expect(await begun()).toEqual([0, 1, 2])
      expect(jobs.list().map((it) => it.state)).toEqual([
        ...Array<string>(3).fill('running'),
        ...Array<string>(4).fill('queued'),
      ])
      jobs.cancel(started[3]?.id ?? '')
      jobs.cancel(started[5]?.id ?? '')
      expect(await begun()).toEqual([0, 1, 2])
      expect(jobs.list().filter((it) => it.state === 'cancelled')).toHaveLength(2)
      work[1]?.end()
      expect(await begun()).toEqual([0, 1, 2, 4])
      jobs.cancel(started[0]?.id ?? '')
      expect(await begun()).toEqual([0, 1, 2, 4, 6])
      for (const it of work) it.end()
      await jobs.idle()
      const states = jobs.list().map((it) => it.state)
      expect(states).toEqual(['cancelled', 'done', 'done', 'cancelled', 'done', 'cancelled', 'done'])
    }))

  it.each([
    ['sweep', 'ran'],
    ['backup', 'sync.busy'],
  ] as const)('that meet a %s of another tab on the same repo: %s', (kind, expected) =>
    withJobs(async ({ jobs, storage }) => {
      const did = 'did:plc:a'
      const gate = Promise.withResolvers<void>()
      const held = Promise.withResolvers<void>()
      const elsewhere = exclusively(storage, did, async () => {
        held.resolve()
        await gate.promise
      })
      await held.promise
      const mine = gated()
      const foreign = start(jobs, mine.run)
      jobs.heard({ ...foreign, id: 'other-tab', kind, did })
      const run = jobs.exclusively(did, new AbortController().signal, async () => 'ran')
      const ended = run.catch((error: unknown) => (error as { code?: string }).code)
      await turn()
      gate.resolve()
      expect(await ended).toBe(expected)
      await elsewhere
      mine.end()
      await jobs.idle()
    }),
  )

  it('say how far they are, how fast, and how long it will take', () =>
    withJobs(async ({ jobs, told, timers }) => {
      const it = gated()
      start(jobs, it.run)
      const work = await it.begun
      work.report({ phase: 'receiving', totalBytes: 10_000 })
      for (let bytes = 0; bytes <= 6000; bytes += 50) {
        work.report({ bytes, records: bytes / 10 })
        timers.pass(10)
      }
      // Told ten times a second, and never backwards.
      const bytes = told.map((job) => job.bytes)
      expect(bytes).toEqual([...bytes].sort((a, b) => a - b))
      expect(told.length).toBeLessThan(20)
      const job = jobs.list()[0]
      expect(job).toMatchObject({
        state: 'running',
        phase: 'receiving',
        bytes: 6000,
        records: 600,
        totalBytes: 10_000,
      })
      expect(job?.rate).toBeCloseTo(5000, -1)
      expect(job?.timeLeft).toBeCloseTo(0.8, 1)
      // A transfer that begins anew has a rate of its own.
      work.report({ bytes: 0 })
      timers.pass(1000)
      work.report({ bytes: 700 })
      expect(jobs.list()[0]?.rate).toBeCloseTo(700, 0)
      it.end()
      await jobs.idle()
      expect(jobs.list()[0]).toMatchObject({
        state: 'done',
        timeLeft: undefined,
        endedAt: timers.clock.now(),
      })
    }))

  it('that wait for another try say so, and why, until they go on', () =>
    withJobs(async ({ jobs, told, timers }) => {
      const it = gated()
      start(jobs, it.run)
      const work = await it.begun
      work.onWait({ attempt: 2, delayMs: 4000, error: new SyncError('sync.busy', { did: 'd' }) })
      expect(told.at(-1)).toMatchObject({
        state: 'retrying',
        attempt: 3,
        nextTryAt: timers.clock.now() + 4000,
        error: { code: 'sync.busy', fields: { did: 'd' } },
      })
      work.report({ phase: 'receiving', attempt: 3 })
      expect(told.at(-1)).toMatchObject({
        state: 'running',
        attempt: 3,
        nextTryAt: undefined,
        error: undefined,
      })
      it.end()
      await jobs.idle()
    }))

  it('that fail say why, whatever was thrown', () =>
    withJobs(async ({ jobs }) => {
      const [one, two] = [gated(), gated()]
      start(jobs, one.run)
      start(jobs, two.run)
      one.fail(new SyncError('sync.not-kept', { did: 'd' }))
      two.fail(new TypeError('oops'))
      await jobs.idle()
      expect(jobs.list().map((it) => [it.state, it.error])).toEqual([
        ['failed', { code: 'sync.not-kept', fields: { did: 'd' }, retriable: false }],
        ['failed', { code: 'cairn.unexpected', fields: { message: 'oops' }, retriable: true }],
      ])
    }))

  it('of one repo take turns in a tab, and end when they are stopped', () =>
    withJobs(async ({ jobs }) => {
      const order: string[] = []
      const gate = Promise.withResolvers<void>()
      const locked = (name: string, until?: Promise<void>) => async (work: Work) => {
        await work.exclusively('did:x', async () => {
          order.push(`${name} begins`)
          await until
          work.check()
          order.push(`${name} ends`)
        })
        return undefined
      }
      start(jobs, locked('one', gate.promise), 'did:x')
      start(jobs, locked('two'), 'did:x')
      await turn()
      expect(order).toEqual(['one begins'])
      gate.resolve()
      await jobs.idle()
      expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends'])
      const it = gated()
      start(jobs, it.run, 'did:x')
      start(jobs, gated().run, 'did:x')
      await it.begun
      await jobs.stop('did:x')
      expect(jobs.list().map((job) => job.state)).toEqual(['done', 'done', 'cancelled', 'cancelled'])
    }))

  it('of another tab are shown while they are heard of', () =>
    withJobs(async ({ jobs, timers }) => {
      const foreign: Job = {
        ...start(jobs, async () => undefined),
        id: 'foreign',
        did: 'did:x',
        state: 'running',
      }
      await jobs.idle()
      jobs.heard(foreign)
      timers.pass(6000)
      jobs.heard({ ...foreign, bytes: 5 })
      timers.pass(6000)
      expect(jobs.of('did:x')).toMatchObject({ id: 'foreign', bytes: 5 })
      expect(jobs.list().map((it) => it.id)).toContain('foreign')
      timers.pass(2000)
      expect(jobs.of('did:x')).toBeUndefined()
      jobs.heard(foreign)
      jobs.heard({ ...foreign, state: 'done', endedAt: timers.clock.now() })
      expect(jobs.list().map((it) => it.id)).not.toContain('foreign')
      // Its tab died, and the clock was ahead.
      jobs.heard(foreign)
      timers.pass(-1_000_000)
      expect(jobs.of('did:x')).toBeUndefined()
    }))

  it('tell the other tabs that they live, until they have ended', () =>
    withJobs(async ({ jobs, told, timers }) => {
      const it = gated()
      start(jobs, it.run)
      await it.begun
      const before = told.length
      timers.fire(2000)
      timers.fire(2000)
      expect(told.length).toBe(before + 2)
      it.end()
      await jobs.idle()
      const ended = told.length
      timers.fire(2000)
      timers.fire(2000)
      expect(told.length).toBe(ended)
    }))

  it('that ended are remembered, the newest fifty', () =>
    withJobs(async ({ jobs }) => {
      const ids = Array.from({ length: 60 }, () => start(jobs, async () => undefined).id)
      await jobs.idle()
      expect(jobs.list().map((it) => it.id)).toEqual(ids.slice(10))
    }))
})
