import { describe, expect, it } from 'vitest'
import { TABLES } from '../storage/port.ts'
import { deleteSnapshot, sweepsDue } from '../sync/keep.ts'
import { editRepo } from '../repo/testing/edit.ts'
import { after, cutAfter, fail } from '../sync/testing/faults.ts'
import { commitCid } from '../sync/testing/local-pds.ts'
import { tracesOf } from '../sync/testing/sync-kit.ts'
import type { Job } from './api.ts'
import { withCairn } from './testing/cairn-kit.ts'

describe('the library', () => {
  it('keeps an account: job, summary, history and word to the screens', () =>
    withCairn(async ({ cairn, pds, events, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 50 })
      const job = await backUp('@alice.test')
      expect(job).toMatchObject({
        kind: 'backup',
        label: '@alice.test',
        did: alice.did,
        state: 'done',
        records: 50,
        result: { did: alice.did, changed: true, added: 50, updated: 0, deleted: 0 },
      })
      const [repo, ...rest] = await cairn.library.list()
      expect(rest).toEqual([])
      expect(repo).toEqual(await cairn.library.get(alice.did))
      expect(repo).toMatchObject({
        did: alice.did,
        handle: 'alice.test',
        displayName: 'alice of test',
        records: 50,
        snapshots: 1,
        head: { rev: alice.repo.rev, commit: commitCid(alice.repo), signature: 'current-key', signedBy: alice.repo.didKey },
        upstream: { status: 'active', pds: pds.origin },
        retention: { keep: 'all' },
        job: undefined,
        unfinished: undefined,
      })
      expect(repo?.storedBytes).toBeGreaterThan(repo?.recordBytes ?? 0)
      expect(repo?.head?.collections.map((it) => it.nsid)).toEqual([
        'app.bsky.actor.profile',
        'app.bsky.feed.like',
        'app.bsky.feed.post',
      ])
      expect(await cairn.activity.list({ limit: 10 })).toMatchObject([
        { kind: 'backup.done', did: alice.did, level: 'good', fields: { added: 50, changed: true } },
      ])
      expect(events.map((it) => it.type)).toEqual(
        expect.arrayContaining(['persist-wanted', 'job', 'repo', 'repos', 'activity', 'index']),
      )
    }))

  it('says what an update brought, and finds it', () =>
    withCairn(async ({ cairn, pds, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 50 })
      await backUp('alice.test')
      alice.commit({ create: 3, update: 2, delete: 4 })
      expect((await backUp(alice.did)).result).toEqual({ did: alice.did, changed: true, added: 3, updated: 2, deleted: 4 })
      expect((await backUp(alice.did)).result).toEqual({ did: alice.did, changed: false, added: 0, updated: 0, deleted: 0 })
      expect((await cairn.library.snapshots(alice.did)).map((it) => it.records)).toEqual([50, 49])
      const found = await cairn.library.search({ text: 'written at', limit: 10 })
      expect(found.hits).toHaveLength(5)
    }))

  it('shows a broken transfer as waiting for another try, and its progress never runs backwards within one', () =>
    withCairn(async ({ pds, events, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 400 })
      pds.next('getRepo', cutAfter(50_000), fail(503))
      const job = await backUp(alice.did)
      expect(job).toMatchObject({ state: 'done', attempt: 3, error: undefined, nextTryAt: undefined })
      const jobs = events.flatMap((it) => (it.type === 'job' && it.job.id === job.id ? [it.job] : []))
      const waits = jobs.filter((it) => it.state === 'retrying')
      expect(waits).toMatchObject([
        { attempt: 2, error: { code: 'pds.network', retriable: true } },
        { attempt: 3, error: { code: 'pds.http', retriable: true } },
      ])
      expect(waits.every((it) => (it.nextTryAt ?? 0) > it.startedAt)).toBe(true)
      for (const attempt of [1, 2, 3]) {
        const bytes = jobs.filter((it) => it.attempt === attempt && it.phase === 'receiving' && it.state === 'running').map((it) => it.bytes)
        expect(bytes.slice(1)).toEqual(bytes.slice(1).sort((a, b) => a - b))
      }
    }))

  it('cancels a backup, shows what is unfinished, and goes on or drops it', () =>
    withCairn(async ({ cairn, pds, ended, until, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 2000 })
      const gate = Promise.withResolvers<void>()
      // The first try leaves something behind; the second hangs until it is cancelled.
      pds.next('getRepo', cutAfter(500_000), after(gate.promise))
      const job = await cairn.library.backup(alice.did)
      await until(async () => (await cairn.activity.jobs()).some((it) => it.attempt === 2 && it.state === 'retrying'))
      expect((await cairn.library.get(alice.did))?.job?.id).toBe(job.id)
      await cairn.library.cancel(job.id)
      expect((await ended(job)).state).toBe('cancelled')
      const unfinished = await cairn.library.get(alice.did)
      expect(unfinished).toMatchObject({ head: undefined, snapshots: 0, records: 0 })
      expect(unfinished?.unfinished?.bytes).toBeGreaterThan(100_000)
      expect(await cairn.library.list()).toHaveLength(1)
      const resumed = await ended(cairn.library.resume(alice.did))
      gate.resolve()
      expect(resumed.state).toBe('done')
      expect((await cairn.library.get(alice.did))?.unfinished).toBeUndefined()

      const bob = await pds.account({ name: 'bob', records: 2000 })
      pds.always('getRepo', cutAfter(300_000))
      expect(await backUp(bob.did)).toMatchObject({ state: 'failed', error: { code: 'pds.network', retriable: true } })
      expect(await cairn.activity.list({ limit: 1 })).toMatchObject([
        { kind: 'backup.failed', did: bob.did, level: 'bad', fields: { code: 'pds.network', label: bob.did } },
      ])
      await cairn.library.discardUnfinished(bob.did)
      expect(await cairn.library.get(bob.did)).toBeUndefined()
      expect(await storage.byteKeys({ from: `seg/${bob.did}/`, to: `seg/${bob.did}0` })).toEqual([])
      await expect(cairn.library.resume(bob.did)).rejects.toMatchObject({ code: 'sync.nothing-to-resume' })
    }))

  it('runs one backup of an account at a time', () =>
    withCairn(async ({ cairn, pds, ended }) => {
      const alice = await pds.account({ name: 'alice' })
      const job = await cairn.library.backup(alice.did)
      expect((await cairn.library.backup(alice.did)).id).toBe(job.id)
      const byHandle = await cairn.library.backup('alice.test')
      expect(byHandle.id).not.toBe(job.id)
      expect((await ended(job)).state).toBe('done')
      expect(await ended(byHandle)).toMatchObject({ state: 'done', result: { changed: false } })
    }))

  it('says that a name leads nowhere', () =>
    withCairn(async ({ cairn, backUp }) => {
      expect(await backUp('nobody.test')).toMatchObject({ state: 'failed', error: { code: 'pds.handle-unresolved' } })
      expect(await cairn.activity.list({ limit: 1 })).toMatchObject([{ kind: 'backup.failed', fields: { label: 'nobody.test' } }])
      expect(await cairn.library.list()).toEqual([])
    }))

  it('tells of an equivocation with both commits', () =>
    withCairn(async ({ cairn, pds, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      const parent = alice.repo
      const one = alice.commit({ create: 1 })
      await backUp(alice.did)
      const other = editRepo(parent, { create: 2 })
      alice.serve(other)
      expect(await backUp(alice.did)).toMatchObject({ state: 'failed', error: { code: 'repo.equivocation' } })
      expect(await cairn.activity.list({ limit: 1 })).toMatchObject([
        { kind: 'repo.equivocation', did: alice.did, level: 'bad', fields: { head: commitCid(one), cid: commitCid(other), rev: one.rev } },
      ])
      expect((await cairn.library.get(alice.did))?.head?.commit).toBe(commitCid(one))
    }))

  it('fetches blobs after a backup, and gives out their bytes with a type only for images', () =>
    withCairn(
      async ({ cairn, pds, ended, backUp }) => {
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
        expect([blob.type, await blob.text()]).toEqual(['application/octet-stream', '<script>alert(1)</script>'])
        await expect(cairn.library.blob(alice.did, 'other')).rejects.toMatchObject({ code: 'sync.no-such-blob' })

        const late = alice.addBlob(new Uint8Array(9))
        pds.always('getBlob', cutAfter(2))
        expect((await ended(cairn.library.fetchBlobs(alice.did))).state).toBe('failed')
        expect(await cairn.activity.list({ limit: 1 })).toMatchObject([{ kind: 'blobs.failed', level: 'bad' }])
        pds.always('getBlob', undefined)
        await cairn.library.skipBlob(alice.did, late, true)
        const skipped = await ended(cairn.library.resume(alice.did))
        expect(skipped).toMatchObject({ kind: 'blobs', state: 'done' })
        expect((await cairn.library.blobs(alice.did, { offset: 0, limit: 10, state: 'skipped' })).items.map((it) => it.cid)).toEqual([late])
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
        await until(async () => (await cairn.activity.jobs()).some((it) => it.kind === 'blobs' && it.phase === 'blobs'))
        alice.commit({ create: 5 })
        const hanging = Promise.withResolvers<void>()
        pds.always('getRepo', after(hanging.promise))
        const second = await cairn.library.backup(alice.did)
        await until(async () => (await cairn.activity.jobs()).some((it) => it.id === second.id && it.phase === 'connecting'))
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
      await expect(cairn.library.deleteSnapshot(alice.did, head?.id ?? '')).rejects.toMatchObject({ code: 'sync.head' })
      await cairn.library.deleteSnapshot(alice.did, old?.id ?? '')
      await idle()
      expect((await cairn.library.snapshots(alice.did)).map((it) => it.id)).toEqual([head?.id])
    }))

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
      expect(await ended(cairn.library.verify(alice.did))).toMatchObject({ kind: 'verify', state: 'failed', error: { code: 'storage.segment-gone' } })
      expect((await cairn.activity.list({ limit: 2 })).map((it) => it.kind)).toEqual(['verify.failed', 'verify.done'])
    }))

  it('takes a file, and refuses one', () =>
    withCairn(async ({ cairn, pds, ended }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.offline = true
      const file = new Blob([...alice.repo.car()])
      expect(await ended(cairn.library.importFile(file, 'alice.car'))).toMatchObject({ kind: 'file', state: 'done', did: alice.did, result: { added: 60 } })
      expect((await cairn.library.get(alice.did))?.head).toMatchObject({ source: 'file', signature: 'unchecked' })
      expect(await ended(cairn.library.importFile(new Blob(['text '.repeat(99)]), 'notes.txt'))).toMatchObject({
        state: 'failed',
        error: { code: expect.stringMatching(/^repo\.car-/) as string },
      })
      expect(await cairn.activity.list({ limit: 1 })).toMatchObject([{ kind: 'file.failed', fields: { label: 'notes.txt' } }])
    }))
})

describe('tabs', () => {
  it('see each other’s jobs and changes, and do not work on one repo at once', () =>
    withCairn(async ({ cairn, pds, ended, openTab }) => {
      const other = openTab()
      const alice = await pds.account({ name: 'alice' })
      const gate = Promise.withResolvers<void>()
      pds.next('getRepo', after(gate.promise))
      const job = await cairn.library.backup(alice.did)
      await other.until(async () => (await other.cairn.activity.jobs()).some((it: Job) => it.id === job.id && it.phase === 'connecting'))
      // The same backup is not begun again, and what would disturb it is refused.
      expect((await other.cairn.library.backup(alice.did)).id).toBe(job.id)
      await other.until(async () => pds.asked.includes('getRepo'))
      await expect(other.cairn.library.deleteRepo(alice.did)).rejects.toMatchObject({ code: 'sync.busy' })
      gate.resolve()
      await ended(job)
      expect(other.events).toContainEqual({ type: 'repo', did: alice.did })
      expect((await other.cairn.library.get(alice.did))?.records).toBe(60)
    }))
})
