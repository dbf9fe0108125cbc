import { describe, expect, it } from 'vitest'
import { StorageError } from '../storage/errors.ts'
import type { Storage } from '../storage/port.ts'
import { blobBytesKey, blobKey, repoRange } from '../storage/rows.ts'
import { unknownBlob } from './blob-rows.ts'
import { keptBlob } from './lost-blobs.ts'
import { type BlobRow, fetchBlobs } from './blobs.ts'
import type { Host } from './host.ts'
import { deleteRepo } from './keep.ts'
import type { TestAccount } from './testing/account.ts'
import { after, answer, cutAfter, fail } from './testing/faults.ts'
import { type SyncKit, withSync } from './testing/sync-kit.ts'

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...new Uint8Array(60)])
const bytes = (seed: number): Uint8Array<ArrayBuffer> => new Uint8Array(500).map((_, i) => (i * seed) & 0xff)

async function withBlobs(
  count: number,
  use: (kit: SyncKit, alice: TestAccount, cids: string[]) => Promise<void>,
): Promise<void> {
  await withSync(async (kit) => {
    const alice = await kit.pds.account({ name: 'alice' })
    const cids = Array.from({ length: count }, (_, i) => alice.addBlob(bytes(i + 2)))
    await kit.backUp(alice.did)
    await use(kit, alice, cids.sort())
  })
}

const rowsOf = async ({ storage }: SyncKit, did: string): Promise<BlobRow[]> =>
  (await storage.list('blobs', repoRange(did))).map(({ value }) => value as BlobRow)

describe('blobs', () => {
  it('whose bytes the disk has lost are fetched again', () =>
    withBlobs(3, async (kit, alice, [lost = '', ...others]) => {
      const { host, pds, storage, work } = kit
      await fetchBlobs(host, pds.endpoints, alice.did, work())
      await storage.write([{ type: 'delete-bytes', key: blobBytesKey(alice.did, lost) }])
      pds.asked.length = 0
      expect(await fetchBlobs(host, pds.endpoints, alice.did, work())).toMatchObject({ fetched: 1 })
      expect(pds.asked.filter((it) => it === 'getBlob')).toHaveLength(1)
      for (const cid of [lost, ...others])
        expect(await storage.readBytes(blobBytesKey(alice.did, cid))).toEqual(alice.blobs.get(cid))
      expect((await rowsOf(kit, alice.did)).every((it) => it.state === 'kept')).toBe(true)
    }))

  it('that a disk did not give, and nobody else has, are found again when it does', () =>
    withBlobs(1, async (kit, alice, [cid = '']) => {
      const { host, pds, storage, work } = kit
      await fetchBlobs(host, pds.endpoints, alice.did, work())
      const away: Storage = {
        ...storage,
        readBytes: (key) => Promise.reject(new StorageError('storage.segment-gone', { key })),
      }
      expect(await keptBlob(away, alice.did, cid)).toBeUndefined()
      expect(await rowsOf(kit, alice.did)).toMatchObject([{ state: 'wanted', bytes: 500 }])
      alice.blobs.clear()
      expect(await fetchBlobs(host, pds.endpoints, alice.did, work())).toMatchObject({
        missing: 0,
        failed: 0,
      })
      expect(await rowsOf(kit, alice.did)).toMatchObject([{ state: 'kept', bytes: 500 }])
      // What lies there is not what it was: it is not taken for it.
      await keptBlob(away, alice.did, cid)
      await storage.write([
        { type: 'put-bytes', key: blobBytesKey(alice.did, cid), parts: [new Uint8Array(500)] },
      ])
      expect(await fetchBlobs(host, pds.endpoints, alice.did, work())).toMatchObject({ missing: 1 })
    }))

  it('that a disk gives at the second try are not lost', () =>
    withBlobs(1, async (kit, alice, [cid = '']) => {
      const { host, pds, storage, work } = kit
      await fetchBlobs(host, pds.endpoints, alice.did, work())
      let reads = 0
      const once: Storage = {
        ...storage,
        readBytes: (key, ...range) =>
          reads++ === 0
            ? Promise.reject(new StorageError('storage.segment-gone', { key }))
            : storage.readBytes(key, ...range),
      }
      expect(await keptBlob(once, alice.did, cid)).toMatchObject({ state: 'kept' })
    }))

  it('are listed page by page, fetched, and told by their first bytes', () =>
    withBlobs(8, async (kit, alice, cids) => {
      const { host, pds, storage, work } = kit
      const png = alice.addBlob(PNG)
      const watched = work()
      expect(await fetchBlobs(host, pds.endpoints, alice.did, watched)).toEqual({
        fetched: 9,
        missing: 0,
        failed: 0,
      })
      expect(pds.asked.filter((it) => it === 'listBlobs')).toHaveLength(3)
      for (const cid of [...cids, png]) {
        expect(await storage.readBytes(blobBytesKey(alice.did, cid))).toEqual(alice.blobs.get(cid))
      }
      const rows = await rowsOf(kit, alice.did)
      expect(rows.every((it) => it.state === 'kept')).toBe(true)
      expect(rows.find((it) => it.cid === png)).toMatchObject({ bytes: PNG.length, imageType: 'image/png' })
      expect(watched.reports.at(-1)).toEqual({ records: 9, bytes: 8 * 500 + PNG.length })
      // Nothing is fetched twice.
      pds.asked.length = 0
      expect(await fetchBlobs(host, pds.endpoints, alice.did, work())).toEqual({
        fetched: 0,
        missing: 0,
        failed: 0,
      })
      expect(pds.asked).not.toContain('getBlob')
    }))

  it('that are missing or not what they are called do not stop the others', () =>
    withBlobs(6, async (kit, alice, cids) => {
      const { host, pds, storage, work } = kit
      // What a record names and the server does not list.
      const lost = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
      const row: BlobRow = {
        cid: lost,
        state: 'wanted',
        bytes: undefined,
        declaredType: 'image/png',
        imageType: undefined,
        paths: ['a/b'],
      }
      await storage.write([{ type: 'put', table: 'blobs', key: blobKey(alice.did, lost), value: row }])
      pds.next(
        'getBlob',
        answer((body) => body.with(7, (body[7] ?? 0) ^ 1)),
      )
      expect(await fetchBlobs(host, pds.endpoints, alice.did, work())).toEqual({
        fetched: 5,
        missing: 1,
        failed: 1,
      })
      const rows = await rowsOf(kit, alice.did)
      expect(rows.find((it) => it.cid === lost)).toEqual({ ...row, state: 'missing' })
      const failed = rows.filter((it) => it.state === 'failed').map((it) => it.cid)
      expect(failed).toHaveLength(1)
      expect(await storage.byteKeys({ from: 'blob/', to: 'blob0' })).toHaveLength(5)
      // The next try asks for just these two.
      pds.asked.length = 0
      expect(await fetchBlobs(host, pds.endpoints, alice.did, work())).toEqual({
        fetched: 1,
        missing: 1,
        failed: 0,
      })
      expect(pds.asked.filter((it) => it === 'getBlob')).toHaveLength(2)
      expect(cids).toContain(failed[0])
    }))

  it('that a person skips are not fetched, even when the fetching is under way', () =>
    withBlobs(8, async (kit, alice, cids) => {
      const { host, pds, storage, work } = kit
      const last = cids.at(-1) ?? ''
      const key = blobKey(alice.did, last)
      const skipped = Promise.withResolvers<void>()
      // Four are asked for at once; they come when the last one has been skipped.
      pds.next('getBlob', ...Array.from({ length: 4 }, () => after(skipped.promise)))
      const skip = async (): Promise<void> => {
        const row = (await storage.get('blobs', key)) as BlobRow
        await storage.write([{ type: 'put', table: 'blobs', key, value: { ...row, state: 'skipped' } }])
        skipped.resolve()
      }
      const watched = work((report) => {
        if (report.records === 0) void skip()
      })
      expect(await fetchBlobs(host, pds.endpoints, alice.did, watched)).toEqual({
        fetched: 7,
        missing: 0,
        failed: 0,
      })
      expect((await rowsOf(kit, alice.did)).find((it) => it.cid === last)?.state).toBe('skipped')
    }))

  it('that are stored stay when the work is stopped, and the rest come later', () =>
    withBlobs(12, async (kit, alice) => {
      const { host, pds, storage, work } = kit
      const stopped = work((report, it) => {
        if (report.records === 5) it.cancel()
      })
      await expect(fetchBlobs(host, pds.endpoints, alice.did, stopped)).rejects.toMatchObject({
        code: 'sync.cancelled',
      })
      const kept = (await storage.byteKeys({ from: 'blob/', to: 'blob0' })).length
      expect(kept).toBeGreaterThanOrEqual(5)
      expect(kept).toBeLessThan(12)
      expect(await fetchBlobs(host, pds.endpoints, alice.did, work())).toEqual({
        fetched: 12 - kept,
        missing: 0,
        failed: 0,
      })
    }))

  it('are tried again when the network breaks, and given up together when it stays away', () =>
    withBlobs(6, async (kit, alice) => {
      const { host, pds, work } = kit
      pds.next('getBlob', cutAfter(100), fail(503))
      pds.next('listBlobs', cutAfter(0))
      const watched = work()
      expect(await fetchBlobs(host, pds.endpoints, alice.did, watched)).toEqual({
        fetched: 6,
        missing: 0,
        failed: 0,
      })
      expect(watched.waits).toHaveLength(3)
      for (let i = 20; i < 40; i++) alice.addBlob(bytes(i))
      pds.always('getBlob', cutAfter(10))
      await expect(fetchBlobs(host, pds.endpoints, alice.did, work())).rejects.toMatchObject({
        code: 'pds.network',
      })
      const asked = pds.asked.length
      await new Promise((resolve) => setImmediate(resolve))
      expect(pds.asked.length).toBe(asked)
    }))

  it('that records name are fetched from a server that cannot list', () =>
    withBlobs(3, async (kit, alice, cids) => {
      const { host, pds, storage, work } = kit
      const value = {
        cid: cids[0],
        state: 'wanted',
        bytes: undefined,
        declaredType: undefined,
        imageType: undefined,
        paths: [],
      }
      await storage.write([{ type: 'put', table: 'blobs', key: blobKey(alice.did, cids[0] ?? ''), value }])
      pds.always('listBlobs', fail(501, 'MethodNotImplemented'))
      expect(await fetchBlobs(host, pds.endpoints, alice.did, work())).toEqual({
        fetched: 1,
        missing: 0,
        failed: 0,
      })
    }))

  it('of a gone account stop with what the server says, all of them', () =>
    withBlobs(40, async ({ host, pds, work }, alice) => {
      pds.next('getBlob', fail(400, 'RepoTakendown'))
      await expect(fetchBlobs(host, pds.endpoints, alice.did, work())).rejects.toMatchObject({
        code: 'pds.account-takendown',
      })
      expect(pds.asked.filter((it) => it === 'getBlob').length).toBeLessThan(30)
      alice.state = 'deactivated'
      await expect(fetchBlobs(host, pds.endpoints, alice.did, work())).rejects.toMatchObject({
        code: 'pds.account-deactivated',
      })
    }))

  it.each([true, false])('that are large are never held beside others (size declared: %s)', (declared) =>
    withBlobs(3, async (kit, alice) => {
      const { host, pds, storage, work } = kit
      const MB = 1024 * 1024
      const large = [18, 20, 22, 24].map((size) => alice.addBlob(new Uint8Array(size * MB).fill(size)))
      if (declared) {
        await storage.write(
          large.map((cid) => ({
            type: 'put',
            table: 'blobs',
            key: blobKey(alice.did, cid),
            value: { ...unknownBlob(cid), declaredBytes: alice.blobs.get(cid)?.length },
          })),
        )
      }
      /** CID → bytes that have come of it and are neither stored nor let go. */
      const held = new Map<string, number>()
      let most = 0
      /** bytes of blobs that were stored out of memory */
      const inMemory: number[] = []
      const watching: Host['fetch'] = async (url, init) => {
        const response = await pds.fetch(url, init)
        const cid = new URL(url).searchParams.get('cid')
        if (cid === null || response.body === null) return response
        const reader = response.body.getReader()
        const watched: UnderlyingDefaultSource<Uint8Array> = {
          async pull(controller) {
            const { done, value } = await reader.read()
            if (done) return controller.close()
            held.set(cid, (held.get(cid) ?? 0) + value.length)
            most = Math.max(
              most,
              [...held.values()].reduce((sum, size) => sum + size, 0),
            )
            controller.enqueue(value)
          },
          async cancel(reason) {
            held.delete(cid)
            await reader.cancel(reason)
          },
        }
        return new Response(new ReadableStream(watched, { highWaterMark: 0 }), response)
      }
      const write: Storage['write'] = async (ops, options) => {
        await storage.write(ops, options)
        for (const op of ops) {
          if (op.type !== 'put-bytes' && op.type !== 'put-blob') continue
          held.delete(op.key.split('/').at(-1) ?? '')
          if (op.type === 'put-bytes') inMemory.push(op.parts.reduce((sum, part) => sum + part.length, 0))
        }
      }
      const disk = new Proxy(storage, {
        get: (target, name) => (name === 'write' ? write : Reflect.get(target, name)) as unknown,
      })
      const watched = { ...host, storage: disk, fetch: watching }
      expect(await fetchBlobs(watched, pds.endpoints, alice.did, work())).toEqual({
        fetched: 7,
        missing: 0,
        failed: 0,
      })
      expect(held.size).toBe(0)
      expect(inMemory).toHaveLength(3)
      expect(Math.max(...inMemory)).toBeLessThan(MB)
      // One of 24 MB, or four that have come to 8 MB each and a chunk.
      expect(most).toBeLessThan((declared ? 25 : 33) * MB)
      // What a record declares is not begun twice.
      const asked = pds.asked.filter((it) => it === 'getBlob').length
      expect(asked).toBe(declared ? 7 : 11)
    }),
  )

  it('of a repo that is deleted meanwhile leave nothing behind', () =>
    withBlobs(6, async ({ host, pds, storage, work }, alice) => {
      const deleted = Promise.withResolvers<void>()
      const reached = Promise.withResolvers<void>()
      pds.always('getBlob', (response, serve) => {
        reached.resolve()
        after(deleted.promise)(response, serve)
      })
      const running = fetchBlobs(host, pds.endpoints, alice.did, work())
      const ended = running.catch((error: unknown) => error)
      await reached.promise
      await deleteRepo(storage, alice.did, work())
      deleted.resolve()
      expect(await ended).toMatchObject({ code: 'sync.not-kept' })
      expect(await storage.byteKeys()).toEqual([])
      expect(await storage.count('blobs')).toBe(0)
    }))
})
