import { describe, expect, it } from 'vitest'
import { withStorage, type Subject } from './subject.ts'

/** A promise and the function that settles it. */
function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** Locks: shared, exclusive, at once or not at all, given up. */
export function locksCompliance(subject: Subject): void {
  describe('locks', () => {
    it('gives back what the work gave, or threw', () =>
      withStorage(subject, async (storage) => {
        expect(await storage.lock('a', { mode: 'exclusive' }, async (held) => [held])).toEqual([true])
        const failing = storage.lock('a', { mode: 'exclusive' }, () => Promise.reject(new RangeError('x')))
        await expect(failing).rejects.toBeInstanceOf(RangeError)
        expect(await storage.lock('a', { mode: 'exclusive' }, async (held) => held)).toBe(true)
      }))

    it('keeps exclusive holders apart, in the order asked', () =>
      withStorage(subject, async (storage) => {
        const log: string[] = []
        const first = gate()
        const entered = gate()
        const a = storage.lock('x', { mode: 'exclusive' }, async () => {
          entered.open()
          await first.opened
          log.push('a')
        })
        await entered.opened
        const b = storage.lock('x', { mode: 'exclusive' }, async () => log.push('b'))
        const c = storage.lock('x', { mode: 'exclusive' }, async () => log.push('c'))
        await storage.lock('other', { mode: 'exclusive' }, async () => log.push('other'))
        first.open()
        await Promise.all([a, b, c])
        expect(log).toEqual(['other', 'a', 'b', 'c'])
      }))

    it('lets shared holders in together, and none past a waiting exclusive one', () =>
      withStorage(subject, async (storage) => {
        const log: string[] = []
        const both = [gate(), gate()] as const
        const end = gate()
        const share = (at: 0 | 1) =>
          storage.lock('x', { mode: 'shared' }, async () => {
            both[at].open()
            await end.opened
            log.push('shared')
          })
        const holders = [share(0), share(1)]
        await Promise.all(both.map((one) => one.opened))
        const exclusive = storage.lock('x', { mode: 'exclusive' }, async () => log.push('exclusive'))
        const late = storage.lock('x', { mode: 'shared' }, async () => log.push('late'))
        end.open()
        await Promise.all([...holders, exclusive, late])
        expect(log).toEqual(['shared', 'shared', 'exclusive', 'late'])
      }))

    it('does not wait with ifAvailable', () =>
      withStorage(subject, async (storage) => {
        const tryFor = (mode: 'shared' | 'exclusive') =>
          storage.lock('x', { mode, ifAvailable: true }, async (held) => held)
        await storage.lock('x', { mode: 'shared' }, async () => {
          expect(await tryFor('exclusive')).toBe(false)
          expect(await tryFor('shared')).toBe(true)
        })
        await storage.lock('x', { mode: 'exclusive' }, async () => {
          expect(await tryFor('exclusive')).toBe(false)
          expect(await tryFor('shared')).toBe(false)
        })
        expect(await tryFor('exclusive')).toBe(true)
      }))

    it("stops waiting when aborted, and stands in nobody's way", () =>
      withStorage(subject, async (storage) => {
        const reason = new Error('enough')
        const aborting = new AbortController()
        const end = gate()
        const entered = gate()
        const holder = storage.lock('x', { mode: 'shared' }, async () => {
          entered.open()
          await end.opened
        })
        await entered.opened
        const waiting = storage.lock('x', { mode: 'exclusive', signal: aborting.signal }, async () => 'never')
        const behind = storage.lock('x', { mode: 'shared' }, async () => 'behind')
        aborting.abort(reason)
        await expect(waiting).rejects.toBe(reason)
        end.open()
        await holder
        expect(await behind).toBe('behind')
        const { signal } = aborting
        await expect(storage.lock('x', { mode: 'shared', signal }, async () => 'never')).rejects.toBe(reason)
        const ifAvailable = true
        await expect(storage.lock('x', { mode: 'shared', signal, ifAvailable }, async () => 1)).rejects.toBe(
          reason,
        )
      }))

    it('takes no notice of an abort once held', () =>
      withStorage(subject, async (storage) => {
        const aborting = new AbortController()
        const done = await storage.lock('x', { mode: 'exclusive', signal: aborting.signal }, async () => {
          aborting.abort()
          return 'done'
        })
        expect(done).toBe('done')
        const ifAvailable = true
        const { signal } = new AbortController()
        expect(
          await storage.lock('x', { mode: 'exclusive', signal, ifAvailable }, async (held) => held),
        ).toBe(true)
      }))
  })
}
