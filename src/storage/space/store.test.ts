import { describe, expect, it } from 'vitest'
import { formatTid } from '../../core/tid.ts'
import { signSpaceCommit } from '../../repo/space/commit.ts'
import { expectCode } from '../compliance/subject.ts'
import type { Storage } from '../port.ts'
import type { SpaceChange } from './change.ts'
import { createFaulty } from '../testing/faulty.ts'
import { withLevel } from '../testing/node-host.ts'
import {
  headKey,
  heldKey,
  type KeptRecord,
  MAX_HELD_HEADS,
  recordKey,
  type SpaceHeadRow,
  under,
  valueKey,
} from './rows.ts'
import {
  commitOf,
  contentOf,
  pathOf,
  put,
  recordOf,
  remove,
  SPACE,
  testDevice,
  testStore,
} from './testing/kit.ts'

const device = testDevice(9)
const { repo } = device
const name = (head: SpaceHeadRow | undefined) => ({ rev: head?.rev ?? '', commit: head?.cid ?? '' })
const everything = async (storage: Storage) => [
  await storage.list('space-records'),
  await storage.list('space-repos'),
]

describe('a space repo', () => {
  it('grows by its author, and each commit names the one before it', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      await store.commit(repo, { changes: [], signer: device, members: [], now: 5000 })
      const empty = (await store.head(repo)) ?? expect.fail()
      expect(empty).toMatchObject({
        records: 0,
        bytes: 0,
        givers: ['self'],
        held: 1,
        rev: formatTid(5_000_000, 0),
      })
      // A clock that stands still or goes back makes no older rev.
      await store.commit(repo, { changes: [put(1, 1), put(2, 2)], signer: device, members: [], now: 4000 })
      const next = (await store.head(repo)) ?? expect.fail()
      expect(next.rev > empty.rev).toBe(true)
      expect(next).toMatchObject({ records: 2, bytes: recordOf(1).length + recordOf(2).length, held: 2 })
      expect(await store.record(repo, pathOf(1))).toEqual(recordOf(1))
      await commitOf(store, device, [remove(1), put(2, 3), remove(77)])
      expect(await store.record(repo, pathOf(1))).toBeUndefined()
      expect(await store.recheck(repo)).toMatchObject({ records: 1, bytes: recordOf(3).length })
      // Large records are values of their own, and those of what was replaced are gone.
      const values = () => storage.count('space-records', { from: '=', to: '>' })
      expect(await values()).toBe(0)
      await commitOf(store, device, [put(5, 5, 9000), put(6, 6, 9000)])
      expect(await values()).toBe(2)
      await commitOf(store, device, [put(5, 7, 9000), put(6, 8)])
      expect(await values()).toBe(1)
      expect(await store.record(repo, pathOf(5))).toEqual(recordOf(7, 9000))
      await commitOf(store, device, [remove(5), remove(6)])
      expect(await values()).toBe(0)
      await expectCode(commitOf(store, { ...device, id: testDevice(10).id }, []), 'space.wrong-author')
      await expectCode(commitOf(store, device, [{ path: 'x', bytes: undefined }]), 'space.record', {
        reason: 'path',
      })
    }))

  it('hands out records in pages, whichever way their bytes lie beside each other', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      // `-` and `.` come before the slash that ends a path among the keys of bytes
      const names = ['a', 'a-b', 'a-b-c', 'a.b', 'b', 'b-a', 'b.', 'c']
      const paths = names.map((it) => `com.example.thing/${it}`).sort()
      const changes = paths.map((path, index) => ({ path, bytes: recordOf(index) }))
      await commitOf(store, device, changes)
      for (const maxRows of [1, 2, 3, 100]) {
        const found: { path: string; bytes: Uint8Array | undefined }[] = []
        let after: string | null = null
        do {
          const page: Awaited<ReturnType<typeof store.page>> = await store.page(repo, {
            ...{ after, maxRows, withBytes: true },
            maxBytes: 1e6,
          })
          found.push(...page.records.map(({ path, bytes }) => ({ path, bytes })))
          after = page.upTo
        } while (after !== null)
        expect(found).toEqual(changes)
      }
    }))

  it('finds records at given paths, whether they lie close to each other or far apart', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      await commitOf(
        store,
        device,
        Array.from({ length: 200 }, (_, n) => put(2 * n, n)),
      )
      for (const [from, step] of [
        [0, 1],
        [100, 1],
        [0, 2],
        [10, 12],
        [390, 1],
        [500, 1],
      ] as const) {
        const keys = Array.from({ length: 30 }, (_, n) => from + n * step)
        const paths = keys.map(pathOf)
        const there = keys.filter((key) => key % 2 === 0 && key < 400)
        const { records } = await store.wanted(repo, paths, { maxRows: 99, maxBytes: 1e6 })
        expect(records).toMatchObject(there.map((key) => put(key, key / 2)))
        expect(records.length).toBe(there.length)
      }
    }))

  it('refuses what does not follow, and nothing has changed', () =>
    withLevel((a) =>
      withLevel(async (b) => {
        const [author, reader] = [await testStore(a), await testStore(b)]
        const first = await commitOf(author, device, [put(1, 1)])
        const second = await commitOf(author, device, [put(2, 2)])
        const from = 'peer'
        await expectCode(
          reader.apply(repo, { commit: second, changes: [put(2, 2)], from }),
          'space.hash-mismatch',
        )
        expect(await everything(b)).toEqual([[], []])
        expect(await reader.apply(repo, { commit: first, changes: [put(1, 1)], from })).toBe(true)
        expect(await reader.apply(repo, { commit: first, changes: [put(1, 1)], from })).toBe(false)
        expect(await reader.apply(repo, { commit: second, changes: [put(2, 2)], from })).toBe(true)
        const before = await everything(b)
        const other = testDevice(10)
        const attempts = [
          [first, 'space.rollback'],
          [await commitOf(author, other, [put(1, 1)]), 'space.wrong-author'],
          [
            await commitOf(author, { ...device, repo: repo.replace('/main/', '/other/') }, []),
            'space.wrong-space',
          ],
          [second.slice(1), 'space.commit-malformed'],
          [
            await signSpaceCommit(
              {
                space: SPACE,
                author: device.id,
                rev: (await reader.head(repo))?.rev ?? '',
                prev: null,
                hash: new Uint8Array(32),
                members: [],
              },
              device,
            ),
            'space.equivocation',
          ],
        ] as const
        for (const [commit, code] of attempts) {
          await expectCode(reader.apply(repo, { commit, changes: [], from }), code)
          expect(await everything(b)).toEqual(before)
        }
        const third = await commitOf(author, device, [put(3, 3)])
        const changes = [put(3, 3)]
        const dying = await testStore(createFaulty(b, 1, 'before'))
        await expectCode(dying.apply(repo, { commit: third, changes, from }), 'storage.gone')
        expect(await everything(b)).toEqual(before)
        const strict = await testStore(b, { mayWrite: async () => false })
        await expectCode(strict.apply(repo, { commit: third, changes, from }), 'space.not-allowed')
        await expectCode(
          reader.apply(repo, { commit: third, changes: [...changes, put(3, 4)], from }),
          'space.changes',
        )
        expect(await everything(b)).toEqual(before)
        expect(await reader.apply(repo, { commit: third, changes, from })).toBe(true)
        expect(await contentOf(reader, repo)).toEqual(await contentOf(author, repo))
      }),
    ))

  it('tells what changed since a head that it held, and only that', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      await commitOf(store, device, [put(1, 1), put(2, 2), put(3, 3)])
      const first = name(await store.head(repo))
      await commitOf(store, device, [put(2, 20), remove(3), put(4, 4)])
      const second = name(await store.head(repo))
      await commitOf(store, device, [remove(4), put(3, 30)])
      const paths = async (held: typeof first | undefined) => {
        const since = await store.since(repo, held, 1e6)
        return since === undefined || typeof since === 'string' ? since : since.changes
      }
      expect(await paths(first)).toEqual([put(2, 20), put(3, 30), remove(4)])
      expect(await paths(second)).toEqual([put(3, 30), remove(4)])
      expect(await paths(name(await store.head(repo)))).toEqual([])
      expect(await paths(undefined)).toEqual([put(1, 1), put(2, 20), put(3, 30)])
      expect(await paths({ ...first, commit: second.commit })).toBe('unknown')
      expect(await store.since(repo, first, 100)).toBe('too-large')
      expect(await store.since(testDevice(10).repo, first, 100)).toBeUndefined()
    }))

  it('keeps the order of many that came at once, whichever of them go', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      const order = () => storage.list('space-records', { from: '+', to: ',' })
      const states: { readonly held: ReturnType<typeof name>; readonly content: Record<string, string> }[] =
        []
      const step = async (changes: readonly SpaceChange[]): Promise<void> => {
        await commitOf(store, device, changes)
        const content = await contentOf(store, repo)
        for (const before of states) {
          const since = await store.since(repo, before.held, 1e6)
          if (since === undefined || typeof since === 'string') return expect.fail()
          const now = { ...before.content }
          for (const { path } of since.changes) delete now[path]
          for (const { path, bytes } of since.changes)
            if (bytes !== undefined) now[path] = content[path] ?? expect.fail()
          expect(now).toEqual(content)
          // Of what is there nothing is told that did not change.
          for (const { path, bytes } of since.changes)
            if (bytes !== undefined) expect(before.content[path]).not.toBe(content[path])
        }
        states.push({ held: name(await store.head(repo)), content })
      }
      const keys = Array.from({ length: 50 }, (_, n) => n)
      await step(keys.map((n) => put(n, n)))
      expect((await order()).length).toBe(4)
      // The one that names a row, one within it, all of a row, and some of several.
      await step([put(0, 100), put(17, 100)])
      await step(keys.slice(32, 48).map((n) => remove(n)))
      await step(keys.slice(10, 50).map((n) => put(n, 200 + n)))
      await step([remove(0), remove(10), put(11, 300)])
      await step(keys.map((n) => remove(n)))
      expect(await order()).toEqual([])
    }))

  it('forgets heads and deletes that lie too far back', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      await commitOf(store, device, [put(1, 1), put(2, 2)])
      const first = name(await store.head(repo))
      await commitOf(store, device, [remove(1)])
      const second = (await store.head(repo)) ?? expect.fail()
      // As if so many heads had come after it.
      await storage.write([
        { type: 'put', table: 'space-repos', key: headKey(repo), value: { ...second, held: MAX_HELD_HEADS } },
      ])
      await commitOf(store, device, [put(3, 3)])
      expect(await store.since(repo, first, 1e6)).toBe('unknown')
      // All that came since is still there, for who proves what comes out; of another commit, or of time to come, none.
      expect(await store.since(repo, first, 1e6, 'whole')).toMatchObject({ changes: [remove(1), put(3, 3)] })
      const rev = (of: number): string => formatTid(of, 0)
      const head = (await store.head(repo)) ?? expect.fail()
      for (const held of [
        { rev: rev(1), commit: first.commit },
        { rev: second.rev, commit: first.commit },
        { rev: head.rev, commit: first.commit },
        { rev: rev(2 ** 52), commit: first.commit },
      ])
        expect(await store.since(repo, held, 1e6, 'whole')).toBe('unknown')
      expect(await storage.get('space-repos', heldKey(repo, first.rev))).toBeUndefined()
      expect((await store.head(repo))?.held).toBe(MAX_HELD_HEADS)
      expect(await storage.count('space-records', { from: '-', to: '.' })).toBe(1)
      await commitOf(store, device, [])
      expect(await storage.count('space-records', { from: '-', to: '.' })).toBe(0)
      // A list from before that delete would lack it.
      expect(await store.since(repo, first, 1e6, 'whole')).toBe('unknown')
      const then = name(second)
      expect(await store.since(repo, then, 1e6, 'whole')).toMatchObject({ changes: [put(3, 3)] })
      expect(await store.recheck(repo)).toMatchObject({ records: 2 })
    }))

  it('is found out when its bytes are not what they were', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      await commitOf(store, device, [put(1, 1, 9000), put(2, 2)])
      const content = await contentOf(store, repo)
      const largeKey = valueKey(repo, pathOf(1), content[pathOf(1)] ?? expect.fail())
      const smallKey = recordKey(repo, pathOf(2))
      const [large, small] = [
        await storage.get('space-records', largeKey),
        await storage.get('space-records', smallKey),
      ]
      const set = (key: string, value: unknown) =>
        storage.write([{ type: 'put', table: 'space-records', key, value }])
      await set(largeKey, recordOf(9))
      await expectCode(store.recheck(repo), 'space.record', { path: pathOf(1), reason: 'cid' })
      await set(largeKey, large)
      await set(smallKey, { ...(small as KeptRecord), bytes: recordOf(9) })
      await expectCode(store.recheck(repo), 'space.record', { path: pathOf(2), reason: 'cid' })
      await set(smallKey, small)
      await storage.write([{ type: 'delete', table: 'space-records', key: recordKey(repo, pathOf(1)) }])
      await expectCode(store.recheck(repo), 'space.hash-mismatch')
    }))

  it('goes on where an earlier version wrote each record as a value of its own', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      await commitOf(store, device, [put(1, 1), put(2, 2), put(3, 3), put(4, 4)])
      const held = name(await store.head(repo))
      for (const { key, value } of await storage.list('space-records', under(repo))) {
        // only this room writes them
        const { bytes, ...row } = value as KeptRecord
        const own = valueKey(repo, key.slice(repo.length + 1), row.cid)
        await storage.write([
          { type: 'put', table: 'space-records', key, value: row },
          { type: 'put', table: 'space-records', key: own, value: bytes },
        ])
      }
      expect(await store.record(repo, pathOf(1))).toEqual(recordOf(1))
      expect(await store.recheck(repo)).toMatchObject({ records: 4 })
      await commitOf(store, device, [put(1, 10), remove(2)])
      expect(await storage.count('space-records', { from: '=', to: '>' })).toBe(2)
      expect(await store.recheck(repo)).toMatchObject({ records: 3 })
      expect(await store.since(repo, held, 1e6)).toMatchObject({ changes: [put(1, 10), remove(2)] })
      const limits = { after: null, maxRows: 9, maxBytes: 1e6, withBytes: true }
      expect((await store.page(repo, limits)).records).toMatchObject([put(1, 10), put(3, 3), put(4, 4)])
    }))

  it('is deleted whole, and no other with it', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      const other = testDevice(10)
      await commitOf(store, other, [put(1, 1)])
      const alone = await everything(storage)
      await commitOf(store, device, [put(1, 1), put(2, 2)])
      await commitOf(store, device, [remove(1)])
      await store.drop(repo)
      expect(await everything(storage)).toEqual(alone)
    }))

  it('takes two writers of one storage in turns', () =>
    withLevel(async (storage) => {
      const [one, two] = [await testStore(storage), await testStore(storage)]
      await Promise.all([1, 2, 3, 4].map((n) => commitOf(n % 2 === 0 ? one : two, device, [put(n, n)])))
      expect(await one.recheck(repo)).toMatchObject({ records: 4 })
    }))
})
