import { describe, expect, it } from 'vitest'
import type { WriteOp } from '../port.ts'
import { expectCode, withStorage, type Subject } from './subject.ts'

const put = (key: string, value: unknown = key): WriteOp => ({ type: 'put', table: 'blobs', key, value })

/** Rows: what `get`, `getMany`, `list`, `keys` and `count` say. */
export function rowsCompliance(subject: Subject): void {
  describe('rows', () => {
    it('gives back what was put, and undefined where nothing was', () =>
      withStorage(subject, async (storage) => {
        await storage.write([put('a', 1)])
        expect(await storage.get('blobs', 'a')).toBe(1)
        expect(await storage.get('blobs', 'b')).toBeUndefined()
        expect(await storage.get('repos', 'a')).toBeUndefined()
      }))

    it('keeps structured values as they were', () =>
      withStorage(subject, async (storage) => {
        const value = {
          bytes: Uint8Array.of(0, 1, 255),
          numbers: Uint32Array.of(1, 0xffff_ffff),
          nested: { list: [1, 'two', null, { three: 3 }], none: undefined, yes: true, text: 'ü😀\0' },
          big: 12345678901234567890n,
          when: new Date(5),
        }
        await storage.write([put('a', value)])
        const found = await storage.get('blobs', 'a')
        expect(found).toEqual(value)
        expect(Object.keys((found as typeof value).nested)).toContain('none')
        expect((found as typeof value).bytes).toBeInstanceOf(Uint8Array)
      }))

    it('gives back a view as the bytes that it shows', () =>
      withStorage(subject, async (storage) => {
        await storage.write([put('a', Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 3))])
        expect(await storage.get('blobs', 'a')).toEqual(Uint8Array.of(2, 3))
      }))

    it('answers many keys in the order asked', () =>
      withStorage(subject, async (storage) => {
        await storage.write([put('a', 1), put('b', 2), put('c', 3)])
        expect(await storage.getMany('blobs', ['c', 'x', 'a', 'c'])).toEqual([3, undefined, 1, 3])
        expect(await storage.getMany('blobs', [])).toEqual([])
      }))

    it('orders keys by code unit', () =>
      withStorage(subject, async (storage) => {
        const keys = [
          '',
          '\0',
          ' ',
          '!',
          '-',
          '.',
          '/',
          '/0',
          '0',
          '9',
          ':',
          'A',
          'Z',
          '_',
          'a',
          'a!',
          'a/',
          'aa',
          'z',
          '~',
          '\x7f',
        ]
        await storage.write([...keys].reverse().map((key) => put(key)))
        expect(await storage.keys('blobs')).toEqual(keys)
        expect(await storage.list('blobs')).toEqual(keys.map((key) => ({ key, value: key })))
      }))

    it('takes ranges with the start and without the end', () =>
      withStorage(subject, async (storage) => {
        await storage.write(['a', 'b', 'c', 'd'].map((key) => put(key)))
        expect(await storage.keys('blobs', { from: 'b' })).toEqual(['b', 'c', 'd'])
        expect(await storage.keys('blobs', { to: 'c' })).toEqual(['a', 'b'])
        expect(await storage.keys('blobs', { from: 'b', to: 'd' })).toEqual(['b', 'c'])
        expect(await storage.keys('blobs', { from: 'b\0' })).toEqual(['c', 'd'])
        expect(await storage.keys('blobs', { from: 'b', to: 'b' })).toEqual([])
        expect(await storage.keys('blobs', { from: 'c', to: 'a' })).toEqual([])
        expect(await storage.keys('blobs', { from: 'a', to: '\uffff' })).toEqual(['a', 'b', 'c', 'd'])
        expect(await storage.list('blobs', { from: 'c', to: 'a' })).toEqual([])
        expect(await storage.count('blobs', { from: 'c', to: 'a' })).toBe(0)
      }))

    it('limits and reverses', () =>
      withStorage(subject, async (storage) => {
        await storage.write(['a', 'b', 'c', 'd'].map((key) => put(key)))
        const ways = [
          [{ limit: 2 }, ['a', 'b']],
          [{ limit: 9 }, ['a', 'b', 'c', 'd']],
          [{ limit: Number.POSITIVE_INFINITY }, ['a', 'b', 'c', 'd']],
          [{ limit: 0 }, []],
          [{ reverse: true }, ['d', 'c', 'b', 'a']],
          [{ reverse: true, limit: 1 }, ['d']],
          [{ reverse: true, limit: 9 }, ['d', 'c', 'b', 'a']],
          [{ from: 'b', to: 'd', reverse: true, limit: 1 }, ['c']],
          [{ from: 'b', to: 'd', reverse: true }, ['c', 'b']],
        ] as const
        for (const [range, keys] of ways) {
          expect(await storage.keys('blobs', range)).toEqual(keys)
          expect(await storage.list('blobs', range)).toEqual(keys.map((key) => ({ key, value: key })))
          expect(await storage.count('blobs', range)).toBe(keys.length)
        }
      }))

    it('counts', () =>
      withStorage(subject, async (storage) => {
        await storage.write(['a', 'b', 'c'].map((key) => put(key)))
        expect(await storage.count('blobs')).toBe(3)
        expect(await storage.count('blobs', { from: 'b' })).toBe(2)
        expect(await storage.count('repos')).toBe(0)
      }))

    it('keeps tables apart, whatever the keys', () =>
      withStorage(subject, async (storage) => {
        await storage.write([
          { type: 'put', table: 'meta', key: '/a', value: 1 },
          { type: 'put', table: 'repos', key: 'a', value: 2 },
          { type: 'put', table: 'snapshots', key: '', value: 3 },
          { type: 'put-bytes', key: 'a', parts: [Uint8Array.of(4)] },
        ])
        expect(await storage.keys('meta')).toEqual(['/a'])
        expect(await storage.keys('repos')).toEqual(['a'])
        expect(await storage.keys('snapshots')).toEqual([''])
        expect(await storage.byteKeys()).toEqual(['a'])
      }))

    it('refuses keys that are not ASCII', () =>
      withStorage(subject, async (storage) => {
        await expectCode(storage.write([put('ok'), put('ü')]), 'storage.failed', { reason: 'key', key: 'ü' })
        await expectCode(storage.write([{ type: 'put-bytes', key: 'ü', parts: [] }]), 'storage.failed')
        expect(await storage.keys('blobs')).toEqual([])
        expect(await storage.byteKeys()).toEqual([])
      }))
  })
}
