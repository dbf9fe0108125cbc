import { describe, expect, it } from 'vitest'
import { hasCode } from '../../core/errors.ts'
import type { Storage, WriteOp } from '../port.ts'
import { expectBytes, expectCode, pattern, withStorage, type Subject } from './subject.ts'

const put = (key: string, value: unknown): WriteOp => ({ type: 'put', table: 'repos', key, value })
const add = (key: string, value: unknown): WriteOp => ({ type: 'add', table: 'repos', key, value })

/** A large value, so that a Blob or several chunks are at stake. */
const LARGE = pattern(200_000)

/** What a write that fails may not have touched. */
async function fill(storage: Storage): Promise<void> {
  await storage.write([put('a', 1), put('b', 2), { type: 'put-bytes', key: 'large', parts: [LARGE] }])
}

async function expectUntouched(storage: Storage): Promise<void> {
  expect(await storage.list('repos')).toEqual([
    { key: 'a', value: 1 },
    { key: 'b', value: 2 },
  ])
  expect(await storage.count('blobs')).toBe(0)
  expect(await storage.byteKeys()).toEqual(['large'])
  expectBytes(await storage.readBytes('large'), LARGE)
}

/** Every kind of operation, before and after the one that fails. */
const AROUND: readonly WriteOp[] = [
  put('a', 'changed'),
  put('new', 1),
  { type: 'delete', table: 'repos', key: 'b' },
  { type: 'delete-range', table: 'repos', from: 'a', to: 'z' },
  { type: 'put', table: 'blobs', key: 'other', value: 1 },
  { type: 'put-bytes', key: 'large', parts: [pattern(100_000, 7)] },
  { type: 'put-bytes', key: 'small', parts: [Uint8Array.of(1)] },
  { type: 'put-blob', key: 'blob', blob: new Blob([pattern(150_000, 8)]) },
  { type: 'put-blob', key: 'small-blob', blob: new Blob(['x']) },
  { type: 'delete-bytes', key: 'large' },
  { type: 'delete-bytes-range', from: 'l', to: 'm' },
]

/** Writes: all or nothing, guards first. */
export function writesCompliance(subject: Subject): void {
  describe('writes', () => {
    it('puts over what was there', () =>
      withStorage(subject, async (storage) => {
        await storage.write([put('a', 1)])
        await storage.write([put('a', 2)])
        expect(await storage.get('repos', 'a')).toBe(2)
      }))

    it('adds where nothing was', () =>
      withStorage(subject, async (storage) => {
        await storage.write([add('a', 1)])
        expect(await storage.get('repos', 'a')).toBe(1)
      }))

    it('changes nothing when an added key is taken', () =>
      withStorage(subject, async (storage) => {
        await fill(storage)
        const ops = [...AROUND.slice(0, 2), add('a', 3), ...AROUND]
        await expectCode(storage.write(ops), 'storage.exists', { table: 'repos', key: 'a' })
        await expectUntouched(storage)
        await expectCode(storage.write([...AROUND, add('new', 3), add('new', 4)]), 'storage.exists', {
          key: 'new',
        })
        await expectUntouched(storage)
      }))

    it('changes nothing when a guard does not hold', () =>
      withStorage(subject, async (storage) => {
        await fill(storage)
        const guards = [
          { table: 'repos', key: 'a', holds: (value: unknown) => value === 1 },
          { table: 'snapshots', key: 'none', holds: (value: unknown) => value !== undefined },
        ] as const
        await expectCode(storage.write(AROUND, { guards }), 'storage.conflict', {
          table: 'snapshots',
          key: 'none',
        })
        await expectUntouched(storage)
      }))

    it('changes nothing when a guard throws, and says what it threw', () =>
      withStorage(subject, async (storage) => {
        await fill(storage)
        const thrown = new TypeError('not a row')
        const holds = () => {
          throw thrown
        }
        await expect(storage.write(AROUND, { guards: [{ table: 'repos', key: 'a', holds }] })).rejects.toBe(
          thrown,
        )
        await expectUntouched(storage)
      }))

    it('changes nothing when a value cannot be stored', () =>
      withStorage(subject, async (storage) => {
        await fill(storage)
        await expectCode(storage.write([...AROUND, put('f', () => 1), ...AROUND]), 'storage.failed', {
          reason: 'value',
        })
        await expectUntouched(storage)
      }))

    it('checks guards before anything else, also without operations', () =>
      withStorage(subject, async (storage) => {
        const isAbsent = [
          { table: 'repos', key: 'a', holds: (value: unknown) => value === undefined },
        ] as const
        await storage.write([], { guards: isAbsent })
        await storage.write([put('a', 1)], { guards: isAbsent })
        await expectCode(storage.write([], { guards: isAbsent }), 'storage.conflict')
        await expectCode(storage.write([add('a', 1)], { guards: isAbsent }), 'storage.conflict')
        await storage.write([])
      }))

    it('applies operations in order', () =>
      withStorage(subject, async (storage) => {
        await storage.write([put('x', 1), put('y', 1), put('z', 1)])
        await storage.write([
          put('x', 2),
          put('yy', 2),
          { type: 'delete-range', table: 'repos', from: 'x', to: 'z' },
          add('x', 3),
          { type: 'delete', table: 'repos', key: 'z' },
          { type: 'put-bytes', key: 'b', parts: [LARGE] },
          { type: 'put-bytes', key: 'b', parts: [Uint8Array.of(1)] },
          { type: 'put-bytes', key: 'c', parts: [LARGE] },
          { type: 'put-blob', key: 'd', blob: new Blob([LARGE]) },
          { type: 'delete-bytes', key: 'd' },
          { type: 'delete-bytes-range', from: 'c', to: 'd' },
        ])
        expect(await storage.list('repos')).toEqual([{ key: 'x', value: 3 }])
        expect(await storage.byteKeys()).toEqual(['b'])
        expect(await storage.readBytes('b')).toEqual(Uint8Array.of(1))
      }))

    it('deletes ranges with the start and without the end', () =>
      withStorage(subject, async (storage) => {
        const keys = ['a', 'b', 'b/1', 'b/2', 'b0', 'c']
        await storage.write(keys.map((key) => put(key, 1)))
        await storage.write([{ type: 'delete-range', table: 'repos', from: 'b/', to: 'b0' }])
        expect(await storage.keys('repos')).toEqual(['a', 'b', 'b0', 'c'])
        await storage.write([
          { type: 'delete-range', table: 'repos', from: 'c', to: 'a' },
          { type: 'delete-range', table: 'repos', from: 'a', to: 'a' },
          { type: 'delete', table: 'repos', key: 'none' },
        ])
        expect(await storage.keys('repos')).toEqual(['a', 'b', 'b0', 'c'])
      }))

    it('writes relaxed as well', () =>
      withStorage(subject, async (storage) => {
        await storage.write([put('a', 1)], { durability: 'relaxed' })
        expect(await storage.get('repos', 'a')).toBe(1)
      }))

    it('loses no increment of four writers that compare and set', () =>
      withStorage(subject, async (storage) => {
        await storage.write([put('n', 0)])
        let conflicts = 0
        async function increment(): Promise<void> {
          for (;;) {
            const seen = await storage.get('repos', 'n')
            const guard = { table: 'repos', key: 'n', holds: (value: unknown) => value === seen } as const
            try {
              // Only numbers are written under this key.
              return await storage.write([put('n', (seen as number) + 1)], {
                guards: [guard],
                durability: 'relaxed',
              })
            } catch (error) {
              if (!hasCode(error, 'storage.conflict')) throw error
              conflicts++
            }
          }
        }
        const writer = async () => {
          for (let turn = 0; turn < 25; turn++) await increment()
        }
        await Promise.all([writer(), writer(), writer(), writer()])
        expect(await storage.get('repos', 'n')).toBe(100)
        expect(conflicts).toBeGreaterThan(0)
      }))
  })
}
