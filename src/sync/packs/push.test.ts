import { describe, expect, it } from 'vitest'
import type { PushedCommit } from '../../pack/model.ts'
import { editRepo } from '../../repo/testing/edit.ts'
import type { TestRepo } from '../../repo/testing/repo.ts'
import { StorageError } from '../../storage/errors.ts'
import type { Storage } from '../../storage/port.ts'
import type { Host } from '../host.ts'
import { headOf } from '../kept.ts'
import type { TestAccount } from '../testing/account.ts'
import { contents, type SyncKit, wanted, withSync } from '../testing/sync-kit.ts'
import { acceptPushes, type AcceptPushesOptions } from './accept-pushes.ts'
import { type Caller, MAX_OPERATIONS, type PushAsk, type PushOperation } from './model.ts'
import { publicSource } from './public-source.ts'
import { makePush } from './push.ts'
import { changesBetween, nameOf, pushBetween } from './testing/push-kit.ts'

interface Receiver extends SyncKit {
  readonly alice: TestAccount
  /** the repo as the receiver keeps it */
  readonly base: TestRepo
  readonly failures: unknown[]
  push(ask: PushAsk, caller?: Caller): Promise<PushedCommit>
  /** Another receiver over the same disk, as after a start. */
  restarted(options?: Partial<AcceptPushesOptions>): Receiver['push']
}

/** A device that keeps a repo, and takes pushes for it. */
async function withReceiver(use: (receiver: Receiver) => Promise<void>): Promise<void> {
  await withSync(async (kit) => {
    const alice = await kit.pds.account({ name: 'alice' })
    await kit.backUp(alice.did)
    const failures: unknown[] = []
    const restarted: Receiver['restarted'] = (options) => {
      const { host } = kit
      const source = acceptPushes(publicSource({ storage: host.storage, sha256: host.sha256 }), {
        host,
        endpoints: kit.pds.endpoints,
        onFailure: (_, error) => failures.push(error),
        ...options,
      })
      return async (ask, caller = { peer: 'peer-a' }) => {
        if (source.push === undefined) throw new Error('no pushes')
        return source.push(ask, caller)
      }
    }
    const base = alice.repo
    await use({ ...kit, alice, base, failures, push: restarted(), restarted })
  })
}

const codeOf = ({ results }: PushedCommit): string | undefined => {
  const [result] = results
  return result?.status === 'error' ? result.code : result?.status
}
const retriable = ({ results }: PushedCommit): boolean | undefined => {
  const [result] = results
  return result?.status === 'error' ? result.retriable : undefined
}
const rowsOf = (storage: Storage): Promise<string[]> => storage.keys('pushes')
const headIs = async (storage: Storage, repo: TestRepo): Promise<void> => {
  const head = await headOf(storage, repo.did)
  expect(head?.commitCid).toBe(nameOf(repo).commit)
  if (head !== undefined) expect(await contents(storage, head)).toEqual(wanted(repo))
}
const changed = (ask: PushAsk, at: number, change: (operation: PushOperation) => PushOperation): PushAsk => ({
  ...ask,
  operations: ask.operations.map((it, i) => (i === at ? change(it) : it)),
})

describe('a pushed commit', () => {
  it('moves the head when it proves itself, and is known when it comes again', () =>
    withReceiver(async ({ storage, alice, base, push, restarted }) => {
      const next = alice.commit({ create: 3, update: 2, delete: 2 })
      const ask = pushBetween(base, next)
      const applied = await push(ask)
      expect(applied).toMatchObject({ ok: true, status: 'applied', clientCommitId: ask.clientCommitId })
      expect(applied.results.map((it) => it.status)).toEqual(ask.operations.map(() => 'applied'))
      await headIs(storage, next)
      const again = await push(ask)
      expect(again).toEqual({ ...applied, status: 'cached' })
      expect(await restarted()(ask)).toEqual(again)

      // Without the row: the head is it, or was it.
      await storage.write([{ type: 'delete-range', table: 'pushes', from: '', to: '~' }])
      expect(await push(ask)).toEqual(again)
      const later = alice.commit({ create: 1 })
      expect(await push(pushBetween(next, later))).toMatchObject({ status: 'applied' })
      await storage.write([{ type: 'delete-range', table: 'pushes', from: '', to: '~' }])
      expect(await push(ask)).toEqual(again)
      await headIs(storage, later)
    }))

  it('is proven without a network, by the keys that were kept', () =>
    withReceiver(async ({ storage, pds, alice, base, push }) => {
      pds.offline = true
      const next = alice.commit({ create: 1 })
      expect(await push(pushBetween(base, next))).toMatchObject({ status: 'applied' })
      await headIs(storage, next)
    }))

  it('that was applied when the row could not be written is cached', () =>
    withReceiver(async ({ host, storage, alice, base, failures, restarted }) => {
      const torn: Host = {
        ...host,
        storage: {
          ...storage,
          write: (ops, options) =>
            ops.some((op) => 'table' in op && op.table === 'pushes')
              ? Promise.reject(new StorageError('storage.failed', { reason: 'torn' }))
              : storage.write(ops, options),
        },
      }
      const next = alice.commit({ create: 1 })
      const ask = pushBetween(base, next)
      expect(await restarted({ host: torn })(ask)).toMatchObject({ ok: true, status: 'applied' })
      expect(failures).toEqual([expect.objectContaining({ code: 'storage.failed' })])
      expect(await rowsOf(storage)).toEqual([])
      expect(await restarted()(ask)).toMatchObject({ ok: true, status: 'cached' })
      expect((await rowsOf(storage)).length).toBe(1)
    }))

  it('pushed twice at once is applied once', () =>
    withReceiver(async ({ storage, alice, base, push, restarted }) => {
      const next = alice.commit({ create: 2 })
      const ask = pushBetween(base, next)
      const other = pushBetween(base, next, 'another')
      const answers = await Promise.all([push(ask), push(other, { peer: 'peer-b' }), restarted()(ask)])
      expect(answers.map((it) => it.status).sort()).toEqual(['applied', 'cached', 'cached'])
      await headIs(storage, next)
    }))

  it('with a newer rev wins, and the older one is refused for good', () =>
    withReceiver(async (kit) => {
      const { storage, alice, base, push, restarted } = kit
      const next = alice.commit({ create: 1 })
      const latest = alice.commit({ create: 1, delete: 1 })
      // The receiver never held the one in between.
      expect(await push(pushBetween(base, latest))).toMatchObject({ status: 'applied' })
      const stale = pushBetween(base, next)
      const refused = await push(stale)
      expect(refused).toMatchObject({ ok: false, status: 'rejected' })
      expect([codeOf(refused), retriable(refused)]).toEqual(['sync.stale_rev', false])
      expect(await push(stale)).toEqual(refused)
      expect(await restarted()(stale)).toEqual(refused)
      await headIs(storage, latest)
    }))

  it('beside another of the same rev is an equivocation, and both are kept as evidence', () =>
    withReceiver(async ({ storage, alice, base, push }) => {
      const one = alice.commit({ create: 1 })
      const two = editRepo(base, { create: 2 })
      expect(two.rev).toBe(one.rev)
      await push(pushBetween(base, one))
      const refused = await push(pushBetween(base, two))
      expect([codeOf(refused), retriable(refused)]).toEqual(['sync.equivocation', false])
      expect(await storage.keys('meta', { from: 'evidence/', to: 'evidence0' })).toHaveLength(1)
      await headIs(storage, one)
    }))

  it('from a head that is not the kept one is refused for now', () =>
    withReceiver(async ({ storage, alice, base, push }) => {
      const next = alice.commit({ create: 1 })
      const latest = alice.commit({ create: 1 })
      const ask = pushBetween(next, latest)
      const refused = await push(ask)
      expect([codeOf(refused), retriable(refused)]).toEqual(['sync.base_missing', true])
      expect(await rowsOf(storage)).toEqual([])
      // Once its base is there the same push is taken.
      await push(pushBetween(base, next))
      expect(await push(ask)).toMatchObject({ status: 'applied' })
      await headIs(storage, latest)
    }))

  it('of what is not kept, or by who may not, is refused', () =>
    withReceiver(async ({ pds, storage, alice, base, push, restarted }) => {
      const bob = await pds.account({ name: 'bob' })
      const before = bob.repo
      const strange = await push(pushBetween(before, bob.commit({ create: 1 })))
      expect([codeOf(strange), retriable(strange)]).toEqual(['sync.not_kept', true])
      const next = alice.commit({ create: 1 })
      const picky = restarted({ mayPush: ({ peer }) => peer === 'peer-a' })
      const refused = await picky(pushBetween(base, next), { peer: undefined })
      expect([codeOf(refused), retriable(refused)]).toEqual(['sync.forbidden', false])
      expect(await rowsOf(storage)).toEqual([])
      expect(await picky(pushBetween(base, next), { peer: 'peer-a' })).toMatchObject({ status: 'applied' })
    }))

  it('that lies is caught, for good, and leaves everything as it was', () =>
    withReceiver(async ({ storage, alice, base, push, failures }) => {
      const next = alice.commit({ create: 2, update: 1, delete: 1 })
      const ask = pushBetween(base, next)
      const last = ask.operations.length - 1
      const record = { bytesHex: 'a1617801' }
      const signed = ask.operations[last]?.payload as { readonly bytesHex: string }
      const hex = signed.bytesHex
      const keys = await storage.byteKeys()
      const lies: [string, PushAsk, number?][] = [
        ['sync.integrity_rejected', changed(ask, 0, (it) => ({ ...it, payload: record }))],
        ['sync.integrity_rejected', { ...ask, operations: ask.operations.slice(1) }],
        // The signature's last bit.
        [
          'sync.integrity_rejected',
          changed(ask, last, (it) => ({
            ...it,
            payload: { ...signed, bytesHex: flipSignature(hex) },
          })),
        ],
        ['sync.invalid_request', changed(ask, 0, (it) => ({ ...it, rowId: 'not a key' }))],
        ['sync.invalid_request', changed(ask, 0, (it) => ({ ...it, payload: { bytesHex: 'zz' } })), 0],
        ['sync.invalid_request', changed(ask, 0, (it) => ({ ...it, payload: { text: '' } })), 0],
        ['sync.invalid_request', changed(ask, last, (it) => ({ ...it, rowId: base.rev }))],
        ['sync.invalid_request', { ...ask, operations: ask.operations.slice(0, -1) }],
        [
          'sync.invalid_request',
          { ...ask, operations: [...ask.operations, ask.operations[0]].flatMap((it) => it ?? []) },
        ],
      ]
      for (const [code, lie, at] of lies) {
        const refused = await push(lie)
        expect([refused.status, codeOf(refused)]).toEqual(['rejected', code])
        if (at !== undefined) expect(refused.results[0]?.opIndex).toBe(at)
        expect(await push(lie)).toEqual(refused)
      }
      await headIs(storage, base)
      expect(await storage.byteKeys()).toEqual(keys)
      expect(await storage.keys('imports')).toEqual([])
      expect(failures).toEqual([])
      expect(await push(ask)).toMatchObject({ status: 'applied' })
    }))

  it('is known by its client and its peer: nobody spoils another’s', () =>
    withReceiver(async ({ alice, base, push, storage }) => {
      const ask = pushBetween(base, alice.commit({ create: 1 }))
      const spoilt = changed(ask, 0, (it) => ({ ...it, payload: { bytesHex: 'a1617801' } }))
      expect(codeOf(await push(spoilt, { peer: 'peer-b' }))).toBe('sync.integrity_rejected')
      // Even under the same name another content is another commit.
      expect(codeOf(await push(spoilt))).toBe('sync.integrity_rejected')
      expect(await push(ask)).toMatchObject({ status: 'applied' })
      expect((await rowsOf(storage)).length).toBe(2)
    }))

  it('leaves no more answers than so many of one client', () =>
    withReceiver(async ({ storage, alice, base, push }) => {
      const next = alice.commit({ create: 1 })
      const ask = pushBetween(base, next)
      await push(ask)
      for (let i = 0; i < 205; i++) await push({ ...ask, clientCommitId: `commit ${i}` })
      const rows = await rowsOf(storage)
      expect(rows.length).toBe(200)
      await push({ ...ask, clientId: 'another' })
      expect((await rowsOf(storage)).length).toBe(201)
    }))
})

describe('making a push', () => {
  it('is for at most 200 records', () =>
    withReceiver(async ({ alice, base, push }) => {
      const most = alice.commit({ create: MAX_OPERATIONS - 1 })
      const input = { clientId: 'c', id: alice.did, base: nameOf(base), head: nameOf(most) }
      const ask = makePush({ ...input, changes: changesBetween(base, most) })
      expect(ask?.operations.length).toBe(MAX_OPERATIONS)
      if (ask !== undefined) expect(await push(ask)).toMatchObject({ status: 'applied' })
      const more = alice.commit({ create: MAX_OPERATIONS })
      const changes = changesBetween(most, more)
      expect(makePush({ ...input, base: nameOf(most), head: nameOf(more), changes })).toBeUndefined()
    }))

  it('is for no more than a request may hold', () => {
    const scopes = { repo: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }
    const row = { record: new Uint8Array(1_100_000) }
    const post = { table: 'app.bsky.feed.post', op: 'upsert' as const, row, scopes }
    const signed = { ...post, table: 'com.atproto.sync.commit', row: { record: new Uint8Array(100) } }
    const head = { rev: '3l2qo6hm2oc2s', commit: 'bafy' }
    const make = (count: number) =>
      makePush({
        clientId: 'c',
        id: scopes.repo,
        base: head,
        head,
        changes: [
          ...Array.from({ length: count }, (_, i) => ({ ...post, rowId: `r${i}` })),
          { ...signed, rowId: head.rev },
        ],
      })
    expect(make(1)).toBeDefined()
    expect(make(2)).toBeUndefined()
    expect(() => makePush({ clientId: 'c', id: scopes.repo, base: head, head, changes: [] })).toThrow(
      RangeError,
    )
  })
})

/** The commit with another signature, of the same length: `sig` is the one byte string of 64 bytes. */
function flipSignature(hex: string): string {
  const at = hex.indexOf('637369675840') + 12
  expect(at).toBeGreaterThan(12)
  const byte = Number.parseInt(hex.slice(at + 10, at + 12), 16) ^ 1
  return hex.slice(0, at + 10) + byte.toString(16).padStart(2, '0') + hex.slice(at + 12)
}
