import { describe, expect, it } from 'vitest'
import { fromHex, utf8 } from '../../../core/bytes.ts'
import type { Storage } from '../../../storage/port.ts'
import { withLevel } from '../../../storage/testing/node-host.ts'
import { createBooks } from './books.ts'
import { CAPABILITY_QUIET, MAX_GONE, MAX_PLACES, SWEEP_EVERY, TOLD_FOR } from './limits.ts'
import { type Mailbox, openMailbox, type PutInput } from './mailbox.ts'
import { NEVER, PLACES } from './rows.ts'
import { ownerOf, placeOf } from './testing/mailbox-kit.ts'

const START = 1_790_000_000_000
const DAY = 24 * 60 * 60_000
const place = placeOf('a')
const owner = fromHex(ownerOf('a')) ?? new Uint8Array()
const input: PutInput = {
  owner,
  kind: 'capability',
  body: utf8('sealed'),
  expires: null,
  uses: null,
  by: '192.0.2.1',
}

interface Box {
  readonly mailbox: Mailbox
  readonly time: { now: number }
  /** the timers that wait */
  readonly waiting: Map<object, () => void>
  readonly failures: unknown[]
}

async function openBox(storage: Storage, now = START): Promise<Box> {
  const time = { now }
  const waiting: Box['waiting'] = new Map()
  const failures: unknown[] = []
  const mailbox = await openMailbox({
    storage,
    clock: { now: () => time.now },
    timers: {
      after(ms, run) {
        expect(ms).toBe(SWEEP_EVERY)
        const key = {}
        waiting.set(key, run)
        return () => waiting.delete(key)
      },
    },
    onFailure: (error) => failures.push(error),
  })
  return { mailbox, time, waiting, failures }
}

describe('ends', () => {
  it('are kept to the millisecond, and the body goes with the next look', () =>
    withLevel(async (storage) => {
      const { mailbox, time, waiting } = await openBox(storage)
      await mailbox.put(place, { ...input, expires: START + 1000 })
      time.now = START + 999
      expect(await mailbox.fetch(place)).toEqual(input.body)
      time.now = START + 1000
      await expect(mailbox.fetch(place)).rejects.toMatchObject({ code: 'mailbox.expired' })
      expect(mailbox.usage().places).toBe(1)
      const [[key, run] = []] = waiting
      waiting.delete(key ?? {})
      run?.()
      // Closing waits for the look that has begun.
      await mailbox.close()
      expect(mailbox.usage()).toEqual({ places: 0, bytes: 0 })
      expect(JSON.stringify(await storage.list(PLACES))).not.toContain(JSON.stringify([...input.body]))
      await expect(mailbox.fetch(place)).rejects.toMatchObject({ code: 'mailbox.expired' })
      expect((await mailbox.receipt(place, owner)).count).toBe(1)
    }))

  it('can be put off by the owner', () =>
    withLevel(async (storage) => {
      const { mailbox, time } = await openBox(storage)
      await mailbox.put(place, { ...input, expires: START + 1000 })
      time.now = START + 2000
      await mailbox.put(place, { ...input, expires: START + 5000 })
      expect(await mailbox.fetch(place)).toEqual(input.body)
      await mailbox.close()
    }))

  it('are told for 90 days', () =>
    withLevel(async (storage) => {
      const first = await openBox(storage)
      await first.mailbox.put(place, { ...input, expires: START + DAY })
      await first.mailbox.put(placeOf('b'), input)
      await first.mailbox.revoke(placeOf('b'), owner)
      await first.mailbox.close()
      const told = await openBox(storage, START + TOLD_FOR)
      await expect(told.mailbox.fetch(place)).rejects.toMatchObject({ code: 'mailbox.expired' })
      await expect(told.mailbox.fetch(placeOf('b'))).rejects.toMatchObject({ code: 'mailbox.revoked' })
      await told.mailbox.close()
      const over = await openBox(storage, START + DAY + TOLD_FOR + 1)
      for (const it of [place, placeOf('b')])
        await expect(over.mailbox.fetch(it)).rejects.toMatchObject({ code: 'mailbox.unknown' })
      await over.mailbox.close()
      expect(await storage.list(PLACES)).toEqual([])
    }))
})

describe('at once', () => {
  it('one of two owners gets a place', () =>
    withLevel(async (storage) => {
      const { mailbox } = await openBox(storage)
      const other = fromHex(ownerOf('b')) ?? new Uint8Array()
      const done = await Promise.allSettled([
        mailbox.put(place, input),
        mailbox.put(place, { ...input, owner: other }),
      ])
      expect(done.map((it) => it.status)).toEqual(['fulfilled', 'rejected'])
      expect(await mailbox.revoke(place, owner)).toBeUndefined()
      await mailbox.close()
    }))

  it('a receipt after a revocation counts every fetch that was answered', () =>
    withLevel(async (storage) => {
      const { mailbox } = await openBox(storage)
      await mailbox.put(place, input)
      const fetches = Array.from({ length: 40 }, () => mailbox.fetch(place))
      const revoked = mailbox.revoke(place, owner)
      const late = Array.from({ length: 40 }, () => mailbox.fetch(place))
      const ended = Promise.allSettled([...fetches, ...late])
      await revoked
      const told = await mailbox.receipt(place, owner)
      const all = await ended
      expect(told.count).toBe(all.filter((it) => it.status === 'fulfilled').length)
      expect(told.count).toBe(40)
      await mailbox.close()
    }))

  it('nothing is counted for a write that failed', () =>
    withLevel(async (storage) => {
      let isBroken = false
      const { mailbox } = await openBox({
        ...storage,
        write: async (...args) => {
          if (isBroken) throw new Error('no disk')
          return storage.write(...args)
        },
      })
      await mailbox.put(place, input)
      isBroken = true
      await expect(mailbox.put(placeOf('b'), input)).rejects.toThrow('no disk')
      await expect(mailbox.put(place, { ...input, body: utf8('longer than before') })).rejects.toThrow(
        'no disk',
      )
      expect(mailbox.usage()).toEqual({ places: 1, bytes: input.body.length })
      isBroken = false
      expect(await mailbox.fetch(place)).toEqual(input.body)
      await mailbox.close()
    }))
})

describe('the books', () => {
  const entry = (at: number, bytes: number | undefined = 10) =>
    ({ kind: 'capability', bytes, expires: null, at, fetched: NEVER, by: undefined }) as const

  it('give up what was quiet longest, and only after 90 days', () => {
    const books = createBooks()
    for (let i = 0; i < MAX_PLACES; i++) books.set(`p${i}`, entry(START + i))
    expect(books.refusal('more', 10, 'x')).toBe('full')
    expect(books.refusal('p5', 10, 'x')).toBeUndefined()
    expect(books.quietest(START + CAPABILITY_QUIET)).toBeUndefined()
    books.set('p0', { ...entry(START), fetched: { count: 1, lastAt: START + DAY } })
    expect(books.quietest(START + CAPABILITY_QUIET + 2)).toBe('p1')
    books.set('p1', undefined)
    expect(books.refusal('more', 10, 'x')).toBeUndefined()
  })

  it('keep a recovery list longer', () => {
    const books = createBooks()
    books.set('list', { ...entry(START), kind: 'recovery' })
    expect(books.quietest(START + 399 * DAY)).toBeUndefined()
    expect(books.quietest(START + 401 * DAY)).toBe('list')
  })

  it('remember so many of those that went, the newest', () => {
    const books = createBooks()
    for (let i = 0; i < MAX_GONE + 2; i++) books.set(`g${i}`, { ...entry(START + i), bytes: undefined })
    expect([...books.due(START + MAX_GONE).forgotten].sort()).toEqual(['g0', 'g1'])
    expect(books.places).toBe(0)
  })
})
