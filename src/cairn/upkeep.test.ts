import { describe, expect, it } from 'vitest'
import { StorageError } from '../storage/errors.ts'
import { type Storage, TABLES } from '../storage/port.ts'
import { blobBytesKey, repoRange } from '../storage/rows.ts'
import { deleteSnapshot, sweepsDue } from '../sync/keep.ts'
import { after, cutAfter } from '../sync/testing/faults.ts'
import { tracesOf } from '../sync/testing/sync-kit.ts'
import { createCairn } from './create.ts'
import { withCairn } from './testing/cairn-kit.ts'

describe('what is kept', () => {
  it('fetches blobs after a backup, and gives out their bytes with a type only for images', () =>
    withCairn(
      async ({ cairn, pds, storage, ended, backUp }) => {
        const alice = await pds.account({ name: 'alice' })
        const gif = alice.addBlob(new TextEncoder().encode('GIF89a and a little more than that'))
        const html = alice.addBlob(new TextEncoder().encode('<script>alert(1)</script>'))
        await backUp(alice.did)
        const jobs = await cairn.activity.jobs()
        expect(jobs.map((it) => [it.kind, it.label, it.state])).toEqual([
          ['backup', alice.did, 'done'],
          ['blobs', 'alice.test', 'done'],
        ])
        const page = await cairn.library.blobs(alice.did, { offset: 0, limit: 10 })
        expect(page.counts).toEqual({ referenced: 2, kept: 2, keptBytes: 34 + 25, missing: 0, skipped: 0 })
        expect((await cairn.library.get(alice.did))?.blobs).toEqual(page.counts)
        expect((await cairn.library.blob(alice.did, gif)).type).toBe('image/gif')
        const blob = await cairn.library.blob(alice.did, html)
        expect([blob.type, await blob.text()]).toEqual([
          'application/octet-stream',
          '<script>alert(1)</script>',
        ])
        await expect(cairn.library.blob(alice.did, 'other')).rejects.toMatchObject({
          code: 'sync.no-such-blob',
        })

        // One that the disk has lost is not said to be kept any more, and comes again.
        await storage.write([{ type: 'delete-bytes', key: blobBytesKey(alice.did, html) }])
        await expect(cairn.library.blob(alice.did, html)).rejects.toMatchObject({
          code: 'sync.no-such-blob',
        })
        expect((await cairn.library.get(alice.did))?.blobs.kept).toBe(1)
        expect((await ended(cairn.library.fetchBlobs(alice.did))).state).toBe('done')
        expect((await cairn.library.blob(alice.did, html)).size).toBe(25)

        const late = alice.addBlob(new Uint8Array(9))
        pds.always('getBlob', cutAfter(2))
        expect((await ended(cairn.library.fetchBlobs(alice.did))).state).toBe('failed')
        expect(await cairn.activity.list({ limit: 1 })).toMatchObject([
          { kind: 'blobs.failed', level: 'bad' },
        ])
        pds.always('getBlob', undefined)
        await cairn.library.skipBlob(alice.did, late, true)
        const skipped = await ended(cairn.library.resume(alice.did))
        expect(skipped).toMatchObject({ kind: 'blobs', state: 'done' })
        expect(
          (await cairn.library.blobs(alice.did, { offset: 0, limit: 10, state: 'skipped' })).items.map(
            (it) => it.cid,
          ),
        ).toEqual([late])
      },
      { blobs: true },
    ))

  it('deletes a repo in the middle of its work, and leaves nothing of it', () =>
    withCairn(
      async ({ cairn, pds, storage, ended, until, backUp }) => {
        const alice = await pds.account({ name: 'alice', records: 300 })
        alice.addBlob(new Uint8Array(100))
        const gate = Promise.withResolvers<void>()
        pds.next('getBlob', after(gate.promise))
        const backup = await ended(cairn.library.backup(alice.did))
        expect(backup.state).toBe('done')
        await until(async () =>
          (await cairn.activity.jobs()).some((it) => it.kind === 'blobs' && it.phase === 'blobs'),
        )
        alice.commit({ create: 5 })
        const hanging = Promise.withResolvers<void>()
        pds.always('getRepo', after(hanging.promise))
        const second = await cairn.library.backup(alice.did)
        await until(async () =>
          (await cairn.activity.jobs()).some((it) => it.id === second.id && it.phase === 'connecting'),
        )
        await cairn.library.deleteRepo(alice.did)
        gate.resolve()
        hanging.resolve()
        expect(await cairn.library.list()).toEqual([])
        const tables = TABLES.filter((it) => it !== 'activity')
        expect(await tracesOf(storage, alice.did, tables)).toEqual([])
        expect((await cairn.activity.jobs()).every((it) => it.endedAt !== undefined)).toBe(true)
        // And it may be kept again.
        pds.always('getRepo', undefined)
        expect((await backUp(alice.did)).result?.added).toBe(305)
      },
      { blobs: true },
    ))

  it('keeps as many snapshots as it is told to, and frees the rest', () =>
    withCairn(async ({ cairn, pds, storage, idle, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 300 })
      for (let i = 0; i < 4; i++) {
        await backUp(alice.did)
        alice.commit({ update: 40 })
      }
      const before = (await cairn.library.get(alice.did))?.storedBytes ?? 0
      await cairn.library.setRetention(alice.did, { keep: 'last', count: 2 })
      await idle()
      expect((await cairn.library.snapshots(alice.did)).length).toBe(2)
      expect(await sweepsDue(storage)).toEqual([])
      const repo = await cairn.library.get(alice.did)
      expect(repo?.retention).toEqual({ keep: 'last', count: 2 })
      expect(repo?.storedBytes).toBeLessThan(before)
      await backUp(alice.did)
      expect((await cairn.library.snapshots(alice.did)).length).toBe(2)
      const [old, head] = await cairn.library.snapshots(alice.did)
      await expect(cairn.library.deleteSnapshot(alice.did, head?.id ?? '')).rejects.toMatchObject({
        code: 'sync.head',
      })
      await cairn.library.deleteSnapshot(alice.did, old?.id ?? '')
      await idle()
      expect((await cairn.library.snapshots(alice.did)).map((it) => it.id)).toEqual([head?.id])
    }))

  it('keeps of a new account as many as the settings say', () =>
    withCairn(
      async ({ cairn, pds, backUp }) => {
        const alice = await pds.account({ name: 'alice' })
        await backUp(alice.did)
        await cairn.device.setSettings({ retention: { keep: 'all' } })
        alice.commit({ create: 1 })
        await backUp(alice.did)
        expect((await cairn.library.snapshots(alice.did)).map((it) => it.rev)).toEqual([alice.repo.rev])
        expect((await cairn.library.get(alice.did))?.retention).toEqual({ keep: 'last', count: 1 })
      },
      { retention: { keep: 'last', count: 1 } },
    ))

  it('goes on with a sweep that a stop cut off', () =>
    withCairn(async ({ pds, storage, openTab, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 300 })
      await backUp(alice.did)
      alice.commit({ update: 100 })
      await backUp(alice.did)
      const size = async (): Promise<number> => {
        let sum = 0
        for (const key of await storage.byteKeys()) sum += (await storage.readBytes(key)).length
        return sum
      }
      const before = await size()
      // Deleted, and killed before the sweep.
      const old = (await storage.keys('snapshots'))[0]?.split('/')[1] ?? ''
      await deleteSnapshot(storage, alice.did, old)
      const next = openTab()
      await next.until(async () => (await sweepsDue(storage)).length === 0)
      await next.idle()
      expect((await next.cairn.activity.jobs()).map((it) => [it.kind, it.state])).toEqual([['sweep', 'done']])
      expect(await size()).toBeLessThan(before)
    }))

  it('verifies again, and says what is wrong', () =>
    withCairn(async ({ cairn, pds, storage, ended, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      expect((await ended(cairn.library.verify(alice.did))).state).toBe('done')
      for (const key of await storage.byteKeys()) await storage.write([{ type: 'delete-bytes', key }])
      expect(await ended(cairn.library.verify(alice.did))).toMatchObject({
        kind: 'verify',
        state: 'failed',
        error: { code: 'storage.segment-gone' },
      })
      expect((await cairn.activity.list({ limit: 2 })).map((it) => it.kind)).toEqual([
        'verify.failed',
        'verify.done',
      ])
    }))

  it('finds after a start what a power loss took of an earlier backup of the session', () =>
    withCairn(async ({ cairn, pds, storage, openTab, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 60 })
      await backUp(alice.did)
      const first = await storage.byteKeys({ from: 'seg/', to: 'seg0' })
      alice.commit({ create: 2 })
      await backUp(alice.did)
      await storage.write(first.map((key) => ({ type: 'delete-bytes', key })))

      const next = openTab()
      await next.until(async () =>
        (await next.cairn.activity.jobs()).some((it) => it.kind === 'verify' && it.state === 'failed'),
      )
      expect((await next.cairn.activity.list({ limit: 9 })).map((it) => it.kind)).toContain('verify.failed')
      // Nothing is given up for it, and the next backup mends it.
      expect(await cairn.library.snapshots(alice.did)).toHaveLength(2)
      expect((await next.backUp(alice.did)).state).toBe('done')
      expect((await next.ended(next.cairn.library.verify(alice.did))).state).toBe('done')
    }))

  it('takes anew with the next backup what is damaged, and frees the rest', () =>
    withCairn(async ({ cairn, pds, storage, ended, backUp, idle }) => {
      const alice = await pds.account({ name: 'alice', records: 60 })
      await backUp(alice.did)
      const before = await storage.count('segments')
      for (const key of await storage.byteKeys()) await storage.write([{ type: 'delete-bytes', key }])
      expect((await ended(cairn.library.verify(alice.did))).state).toBe('failed')
      expect(await backUp(alice.did)).toMatchObject({
        state: 'done',
        result: { changed: true, added: 0, updated: 0, deleted: 0 },
      })
      await idle()
      expect((await ended(cairn.library.verify(alice.did))).state).toBe('done')
      expect(await storage.count('segments')).toBe(before)
      expect((await cairn.library.snapshots(alice.did)).map((it) => it.rev)).toEqual([alice.repo.rev])
      expect((await backUp(alice.did)).result?.changed).toBe(false)
    }))

  it('goes on with what is due although one repository cannot be read', () =>
    withCairn(async ({ host, pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 60 })
      const bob = await pds.account({ name: 'bob' })
      for (const { did } of [alice, bob]) await backUp(did)
      alice.commit({ update: 20 })
      await backUp(alice.did)
      const [old] = await storage.keys('snapshots', repoRange(alice.did))
      await deleteSnapshot(storage, alice.did, old?.slice(alice.did.length + 1) ?? '')
      const unwell: Storage = {
        ...storage,
        async readBytes(key, from, to) {
          if (key.startsWith(`seg/${bob.did}/`))
            throw new StorageError('storage.failed', { name: 'DataError' })
          return storage.readBytes(key, from, to)
        },
        close: async () => {},
      }
      const next = createCairn({ ...host, storage: unwell, siblings: undefined })
      await expect.poll(() => sweepsDue(storage)).toEqual([])
      await next.close()
    }))

  it('takes thirty files of one account, opened together, in turns', () =>
    withCairn(
      async ({ cairn, pds, ended, idle }) => {
        const alice = await pds.account({ name: 'alice', records: 40 })
        pds.offline = true
        const files = Array.from({ length: 30 }, () => {
          const file = new Blob([...alice.repo.car()])
          alice.commit({ create: 2 })
          return file
        })
        // The first is the slowest to be read, and comes in first all the same.
        const [first = new Blob()] = files
        const stream = first.stream.bind(first)
        first.stream = () => {
          const reader = stream().getReader()
          return new ReadableStream({
            async pull(controller) {
              for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
              const { done, value } = await reader.read()
              if (done) controller.close()
              else controller.enqueue(value)
            },
          })
        }
        const jobs = await Promise.all(files.map((file, i) => cairn.library.importFile(file, `${i}.car`)))
        const all = await Promise.all(jobs.map((job) => ended(job)))
        expect(all.map((it) => it.error?.code ?? it.state)).toEqual(Array<string>(30).fill('done'))
        await idle()
        // Each made an older one go, and the sweeps in between took their turns, too.
        expect((await cairn.activity.jobs()).filter((it) => it.state === 'failed')).toEqual([])
        expect(await cairn.library.snapshots(alice.did)).toHaveLength(2)
        expect((await cairn.library.get(alice.did))?.records).toBe(40 + 29 * 2)
      },
      { retention: { keep: 'last', count: 2 } },
    ))

  it('lets what a person asks for wait for a sweep of this tab', () =>
    withCairn(async ({ cairn, pds, storage, ended, until, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      alice.commit({ create: 1 })
      await backUp(alice.did)
      const [old] = await cairn.library.snapshots(alice.did)
      pds.offline = true
      const gate = Promise.withResolvers<void>()
      const held = Promise.withResolvers<void>()
      // Holds the sweep up, where it would take long on a large repo.
      const elsewhere = storage.lock(`repo:${alice.did}`, { mode: 'exclusive' }, async () => {
        held.resolve()
        await gate.promise
      })
      await held.promise
      await cairn.library.deleteSnapshot(alice.did, old?.id ?? '')
      await until(async () =>
        (await cairn.activity.jobs()).some((it) => it.kind === 'sweep' && it.state === 'running'),
      )
      await new Promise((resolve) => setImmediate(resolve))
      const file = await cairn.library.importFile(new Blob([...alice.repo.car()]), 'alice.car')
      await until(async () =>
        (await cairn.activity.jobs()).some((it) => it.id === file.id && it.did !== undefined),
      )
      const dropped = cairn.library.discardUnfinished(alice.did)
      gate.resolve()
      expect((await ended(file)).error).toBeUndefined()
      await dropped
      await elsewhere
    }))

  it('takes a file, and refuses one', () =>
    withCairn(async ({ cairn, pds, ended }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.offline = true
      const file = new Blob([...alice.repo.car()])
      expect(await ended(cairn.library.importFile(file, 'alice.car'))).toMatchObject({
        kind: 'file',
        state: 'done',
        did: alice.did,
        result: { added: 60 },
      })
      expect((await cairn.library.get(alice.did))?.head).toMatchObject({
        source: 'file',
        signature: 'unchecked',
      })
      expect(
        await ended(cairn.library.importFile(new Blob(['text '.repeat(99)]), 'notes.txt')),
      ).toMatchObject({
        state: 'failed',
        error: { code: expect.stringMatching(/^repo\.car-/) as string },
      })
      expect(await cairn.activity.list({ limit: 1 })).toMatchObject([
        { kind: 'file.failed', fields: { label: 'notes.txt' } },
      ])
    }))
})
