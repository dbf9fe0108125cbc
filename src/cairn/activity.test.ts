import { describe, expect, it } from 'vitest'
import type { Storage } from '../storage/port.ts'
import { withLevel } from '../storage/testing/node-host.ts'
import { createTestTimers } from '../sync/testing/timers.ts'
import { type ActivityLog, createActivityLog } from './activity.ts'
import type { CairnHost } from './host.ts'

async function withLog(
  use: (
    log: ActivityLog,
    kit: { storage: Storage; pass: (ms: number) => void; told: () => number; again: () => ActivityLog },
  ) => Promise<void>,
): Promise<void> {
  await withLevel(async (storage) => {
    const timers = createTestTimers()
    let told = 0
    // A log uses no more of a host than this; the random part of an id falls, so that it cannot be what orders.
    let next = 2 ** 32
    const host = { storage, clock: timers.clock, random: () => --next } as unknown as CairnHost
    const again = (): ActivityLog => createActivityLog(host, () => told++)
    await use(again(), { storage, pass: timers.pass, told: () => told, again })
  })
}

const item = (n: number) => ({ did: undefined, kind: 'verify.done', fields: { n }, level: 'info' }) as const
const numbers = async (log: ActivityLog, page: Parameters<ActivityLog['list']>[0]) =>
  (await log.list(page)).map((it) => it.fields['n'])

describe('the activity log', () => {
  it('lists newest first, page by page, also what one millisecond brought', () =>
    withLog(async (log, { pass, told }) => {
      for (let n = 0; n < 10; n++) {
        await log.note(item(n))
        if (n % 3 === 0) pass(1)
      }
      expect(told()).toBe(10)
      expect(await numbers(log, { limit: 4 })).toEqual([9, 8, 7, 6])
      const [last] = (await log.list({ limit: 4 })).slice(-1)
      expect(await numbers(log, { limit: 100, before: last?.id ?? '' })).toEqual([5, 4, 3, 2, 1, 0])
      expect(await numbers(log, { limit: 0 })).toEqual([])
      await log.clear()
      expect(await log.list({ limit: 9 })).toEqual([])
      expect(told()).toBe(11)
    }))

  it('keeps the newest thousand or so, also over many short visits', () =>
    withLog(async (log, { storage, pass, again }) => {
      const ops = Array.from({ length: 1500 }, (_, n) => {
        const id = `${String(n).padStart(14, '0')}-00000000`
        return { type: 'put', table: 'activity', key: id, value: { ...item(n), id, at: n } } as const
      })
      await storage.write(ops)
      await log.note(item(1500))
      expect(await storage.count('activity')).toBe(1000)
      expect((await numbers(log, { limit: 1000 })).at(-1)).toBe(501)
      for (let n = 1501; n < 1510; n++) {
        pass(1)
        await again().note(item(n))
      }
      expect(await storage.count('activity')).toBe(1000)
      expect((await numbers(log, { limit: 1e9 }))[0]).toBe(1509)
    }))
})
