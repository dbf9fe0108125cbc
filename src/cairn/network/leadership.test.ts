import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openLevel } from '../../storage/level/open.ts'
import type { Storage } from '../../storage/port.ts'
import type { Channel } from './channel.ts'
import { fence } from './fence.ts'
import { type Campaign, campaign, type Lead } from './leadership.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function openStorage(): Promise<Storage> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-leader-'))
  const storage = await openLevel(folder)
  closers.push(async () => {
    await storage.close()
    await rm(folder, { recursive: true })
  })
  return storage
}

/** Channels between contexts; one that is frozen hears and says nothing. */
function createChannels() {
  const all = new Set<{ frozen: boolean; listeners: Set<(message: unknown) => void> }>()
  return (): Channel & { freeze(): void } => {
    const me = { frozen: false, listeners: new Set<(message: unknown) => void>() }
    all.add(me)
    return {
      post(message) {
        if (me.frozen) return
        for (const other of all)
          if (other !== me && !other.frozen) for (const listener of other.listeners) listener(message)
      },
      listen(listener) {
        me.listeners.add(listener)
        return () => me.listeners.delete(listener)
      },
      freeze: () => (me.frozen = true),
    }
  }
}

/** Timers that run when a test says so. */
function createClock() {
  let now = 0
  const due = new Set<{ at: number; run: () => void }>()
  return {
    timers: {
      after(ms: number, run: () => void) {
        const timer = { at: now + ms, run }
        due.add(timer)
        return () => void due.delete(timer)
      },
    },
    pass(ms: number) {
      const until = now + ms
      for (;;) {
        const [next] = [...due].filter((it) => it.at <= until).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        due.delete(next)
        now = next.at
        next.run()
      }
      now = until
    },
  }
}

interface Member {
  readonly campaign: Campaign
  readonly leads: Lead[]
  readonly won: () => Promise<Lead>
  readonly channel: ReturnType<ReturnType<typeof createChannels>>
}

async function withMembers(
  run: (input: { join: () => Member; pass: (ms: number) => void; storage: Storage }) => Promise<void>,
): Promise<void> {
  const storage = await openStorage()
  const channels = createChannels()
  const { timers, pass } = createClock()
  const join = (): Member => {
    const leads: Lead[] = []
    let told = Promise.withResolvers<Lead>()
    const channel = channels()
    const member = campaign({
      locks: navigator.locks,
      storage,
      channel,
      timers,
      lead: async (lead) => {
        leads.push(lead)
        told.resolve(lead)
        told = Promise.withResolvers()
        await new Promise<void>((resolve) => lead.over.addEventListener('abort', () => resolve()))
      },
    })
    closers.push(() => member.end())
    return { campaign: member, leads, channel, won: () => told.promise }
  }
  await run({ join, pass, storage })
}

describe('leadership', () => {
  it('is won by one, and handed on when that one goes', () =>
    withMembers(async ({ join: enter }) => {
      const a = enter()
      expect((await a.won()).generation).toBe(1)
      const b = enter()
      const c = enter()
      expect([a, b, c].map((it) => it.campaign.leads)).toEqual([true, false, false])
      const next = b.won()
      await a.campaign.end()
      expect((await next).generation).toBe(2)
      expect(a.leads[0]?.over.aborted).toBe(true)
      expect(c.leads).toEqual([])
    }))

  it('stays with a leader that beats', () =>
    withMembers(async ({ join: enter, pass }) => {
      const a = enter()
      await a.won()
      const b = enter()
      pass(120_000)
      expect(b.leads).toEqual([])
      expect(a.campaign.leads).toBe(true)
    }))

  it('is taken from a leader that hangs, whose writes fail from then on', () =>
    withMembers(async ({ join: enter, pass, storage }) => {
      const a = enter()
      const first = await a.won()
      const old = fence(storage, first.generation)
      await old.write([{ type: 'put', table: 'network', key: 'x', value: 1 }])
      const b = enter()
      a.channel.freeze()
      const taken = b.won()
      pass(20_001)
      const second = await taken
      expect(second.generation).toBe(2)
      await expect(old.write([{ type: 'put', table: 'network', key: 'x', value: 2 }])).rejects.toMatchObject({
        code: 'storage.conflict',
      })
      await fence(storage, second.generation).write([{ type: 'put', table: 'network', key: 'x', value: 3 }])
      expect(await storage.get('network', 'x')).toBe(3)
    }))

  it('is not taken from one that answers when asked', () =>
    withMembers(async ({ join: enter, pass }) => {
      const a = enter()
      await a.won()
      const b = enter()
      pass(14_999)
      pass(5000)
      pass(14_999)
      expect(b.leads).toEqual([])
    }))
})
