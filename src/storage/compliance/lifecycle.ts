import { describe, expect, it } from 'vitest'
import type { Storage } from '../port.ts'
import { expectBytes, expectCode, pattern, withStorage, type Subject } from './subject.ts'

async function fill(storage: Storage): Promise<void> {
  await storage.write([
    { type: 'put', table: 'repos', key: 'a', value: { rev: '3k' } },
    { type: 'put-bytes', key: 'large', parts: [pattern(300_000)] },
    { type: 'put-bytes', key: 'small', parts: [pattern(300)] },
    { type: 'put-blob', key: 'blob', blob: new Blob([pattern(80_000)]) },
  ])
}

/** Every method that reads or writes. */
function everyUse(storage: Storage): Promise<unknown>[] {
  return [
    storage.get('repos', 'a'),
    storage.getMany('repos', ['a']),
    storage.list('repos'),
    storage.list('repos', { limit: 0 }),
    storage.keys('repos'),
    storage.count('repos'),
    storage.write([{ type: 'put', table: 'repos', key: 'a', value: 1 }]),
    storage.write([]),
    storage.readBytes('large', 0, 10),
    storage.readRanges([{ key: 'large', from: 0, to: 10 }]),
    storage.readBlob('large'),
    storage.byteKeys(),
    storage.lock('x', { mode: 'shared' }, async () => 1),
    storage.estimate(),
  ]
}

async function expectGone(storage: Storage): Promise<void> {
  for (const use of everyUse(storage)) await expectCode(use, 'storage.gone')
}

/** From opening to the end. */
export function lifecycleCompliance(subject: Subject): void {
  describe('lifecycle', () => {
    it('starts empty and says how much room there is', () =>
      withStorage(subject, async (storage) => {
        expect(await storage.keys('meta')).toEqual([])
        expect(await storage.byteKeys()).toEqual([])
        const { usage, quota } = await storage.estimate()
        expect(usage).toBeGreaterThanOrEqual(0)
        expect(quota).toBeGreaterThan(usage)
      }))

    it('keeps everything across a reopening', () =>
      withStorage(subject, async (storage, { reopen }) => {
        await fill(storage)
        const again = await reopen()
        expect(await again.get('repos', 'a')).toEqual({ rev: '3k' })
        expectBytes(await again.readBytes('large'), pattern(300_000))
        expectBytes(await again.readBytes('small'), pattern(300))
        expectBytes(await again.readBytes('blob', 70_000), pattern(80_000).slice(70_000))
        await expectGone(storage)
      }))

    it('is gone for every use after close, which is no loss', () =>
      withStorage(subject, async (storage) => {
        let losses = 0
        storage.onLost(() => losses++)
        await fill(storage)
        await storage.close()
        await storage.close()
        await expectGone(storage)
        expect(losses).toBe(0)
      }))

    it('destroys everything', () =>
      withStorage(subject, async (storage, { reopen }) => {
        let losses = 0
        storage.onLost(() => losses++)
        await fill(storage)
        await storage.destroy()
        await expectGone(storage)
        const again = await reopen()
        expect(await again.keys('repos')).toEqual([])
        expect(await again.byteKeys()).toEqual([])
        expect(losses).toBe(0)
      }))
  })
}
