import { describe, expect, it } from 'vitest'
import { editRepo } from '../repo/testing/edit.ts'
import { after, cutAfter, fail } from '../sync/testing/faults.ts'
import { commitCid } from '../sync/testing/local-pds.ts'
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
        head: {
          rev: alice.repo.rev,
          commit: commitCid(alice.repo),
          signature: 'current-key',
          signedBy: alice.repo.didKey,
        },
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
      expect((await backUp(alice.did)).result).toEqual({
        did: alice.did,
        changed: true,
        added: 3,
        updated: 2,
        deleted: 4,
      })
      expect((await backUp(alice.did)).result).toEqual({
        did: alice.did,
        changed: false,
        added: 0,
        updated: 0,
        deleted: 0,
      })
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
        const bytes = jobs
          .filter((it) => it.attempt === attempt && it.phase === 'receiving' && it.state === 'running')
          .map((it) => it.bytes)
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
      await until(async () =>
        (await cairn.activity.jobs()).some((it) => it.attempt === 2 && it.state === 'retrying'),
      )
      expect((await cairn.library.get(alice.did))?.job?.id).toBe(job.id)
      await cairn.library.cancel(job.id)
      expect((await ended(job)).state).toBe('cancelled')
      const unfinished = await cairn.library.get(alice.did)
      expect(unfinished).toMatchObject({ head: undefined, snapshots: 0, records: 0, label: '@alice.test' })
      expect(unfinished?.unfinished?.bytes).toBeGreaterThan(100_000)
      expect(await cairn.library.list()).toHaveLength(1)
      const resumed = await ended(cairn.library.resume(alice.did))
      gate.resolve()
      expect(resumed.state).toBe('done')
      expect(await cairn.library.get(alice.did)).toMatchObject({
        unfinished: undefined,
        handle: 'alice.test',
        label: undefined,
      })

      const bob = await pds.account({ name: 'bob', records: 2000 })
      pds.always('getRepo', cutAfter(300_000))
      expect(await backUp(bob.did)).toMatchObject({
        state: 'failed',
        error: { code: 'pds.network', retriable: true },
      })
      expect(await cairn.activity.list({ limit: 1 })).toMatchObject([
        {
          kind: 'backup.failed',
          did: bob.did,
          level: 'bad',
          fields: { code: 'pds.network', label: bob.did },
        },
      ])
      await cairn.library.discardUnfinished(bob.did)
      expect(await cairn.library.get(bob.did)).toBeUndefined()
      expect(await storage.byteKeys({ from: `seg/${bob.did}/`, to: `seg/${bob.did}0` })).toEqual([])
      await expect(cairn.library.resume('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')).rejects.toMatchObject({
        code: 'sync.nothing-to-resume',
      })
    }))

  it('tries a first backup again that was cut off before anything was stored', () =>
    withCairn(async ({ cairn, pds, ended, backUp }) => {
      const carol = await pds.account({ name: 'carol', records: 20 })
      pds.always('getRepo', cutAfter(20))
      expect(await backUp('carol.test')).toMatchObject({ state: 'failed', did: carol.did })
      expect(await cairn.library.get(carol.did)).toBeUndefined()
      pds.always('getRepo', undefined)
      expect(await ended(cairn.library.resume(carol.did))).toMatchObject({ state: 'done', records: 20 })
    }))

  it('runs one backup of an account at a time', () =>
    withCairn(async ({ cairn, pds, ended }) => {
      const alice = await pds.account({ name: 'alice' })
      const job = await cairn.library.backup(alice.did)
      expect((await cairn.library.backup(alice.did)).id).toBe(job.id)
      const byHandle = await cairn.library.backup('alice.test')
      expect(byHandle.id).not.toBe(job.id)
      // Which of them comes first is open; the other finds nothing new.
      const both = [await ended(job), await ended(byHandle)]
      expect(both.map((it) => it.state)).toEqual(['done', 'done'])
      expect(both.filter((it) => it.result?.changed)).toHaveLength(1)
      expect(await cairn.library.snapshots(alice.did)).toHaveLength(1)
    }))

  it('says that a name leads nowhere', () =>
    withCairn(async ({ cairn, backUp }) => {
      expect(await backUp('nobody.test')).toMatchObject({
        state: 'failed',
        error: { code: 'pds.handle-unresolved' },
      })
      expect(await cairn.activity.list({ limit: 1 })).toMatchObject([
        { kind: 'backup.failed', fields: { label: 'nobody.test' } },
      ])
      expect(await cairn.library.list()).toEqual([])
    }))

  it('refuses what is no name before there is any work', () =>
    withCairn(async ({ cairn }) => {
      for (const [input, code] of [
        ['not a handle', 'pds.input-unsupported'],
        ['did:plc:abc123', 'pds.did-unsupported'],
        ['did:key:z6Mk', 'pds.did-unsupported'],
      ] as const)
        await expect(cairn.library.backup(input)).rejects.toMatchObject({ code })
      expect(await cairn.activity.jobs()).toEqual([])
      expect(await cairn.activity.list({ limit: 10 })).toEqual([])
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
        {
          kind: 'repo.equivocation',
          did: alice.did,
          level: 'bad',
          fields: { head: commitCid(one), cid: commitCid(other), rev: one.rev },
        },
      ])
      expect((await cairn.library.get(alice.did))?.head?.commit).toBe(commitCid(one))
    }))
})

describe('tabs', () => {
  it('see each other’s jobs and changes, and do not work on one repo at once', () =>
    withCairn(async ({ cairn, pds, ended, openTab }) => {
      const other = openTab()
      const alice = await pds.account({ name: 'alice' })
      const gate = Promise.withResolvers<void>()
      const reached = Promise.withResolvers<void>()
      pds.next('getRepo', (response, serve) => {
        reached.resolve()
        after(gate.promise)(response, serve)
      })
      const job = await cairn.library.backup(alice.did)
      await other.until(async () =>
        (await other.cairn.activity.jobs()).some((it: Job) => it.id === job.id && it.phase === 'connecting'),
      )
      // The same backup is not begun again, and what would disturb it is refused.
      expect((await other.cairn.library.backup(alice.did)).id).toBe(job.id)
      await reached.promise
      await expect(other.cairn.library.deleteRepo(alice.did)).rejects.toMatchObject({ code: 'sync.busy' })
      gate.resolve()
      await ended(job)
      expect(other.events).toContainEqual({ type: 'repo', did: alice.did })
      expect((await other.cairn.library.get(alice.did))?.records).toBe(60)
    }))
})
