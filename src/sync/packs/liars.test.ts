import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { integrityOf } from '../../pack/chain.ts'
import type { Change, PackCommit, Subscription } from '../../pack/model.ts'
import { editRepo } from '../../repo/testing/edit.ts'
import { TABLES } from '../../storage/port.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { repoRow } from '../kept.ts'
import { tracesOf } from '../testing/sync-kit.ts'
import { askFor } from './ask.ts'
import { COMMIT_TABLE, PARTITION } from './model.ts'
import { answerOf, expectProven, withTwo } from './testing/packs-kit.ts'

/** What it does, how it bends a true answer, and the codes by which that may be found out. */
type Case = readonly [string, (answer: Subscription) => Subscription, readonly string[]]

describe('a liar', () => {
  const change = (answer: Subscription, to: (commit: PackCommit) => PackCommit): Subscription => {
    const commits = answer.commits.map(to)
    const place = { partitionId: PARTITION, subscriptionId: answer.id }
    // Whoever lies computes the chain as well.
    const integrity = integrityOf(commits, place, sha256, answer.integrity?.previousChainRoot)
    return { ...answer, commits, ...(integrity && { integrity }) }
  }
  const changes =
    (to: (list: readonly Change[]) => Change[]) =>
    (answer: Subscription): Subscription =>
      change(answer, (commit) => ({ ...commit, changes: to(commit.changes) }))
  const record = (it: Change): Uint8Array => (it.row as { record: Uint8Array }).record
  const isUpsert = (it: Change): boolean => it.op === 'upsert' && it.table !== COMMIT_TABLE
  const firstOf = (list: readonly Change[], is: (it: Change) => boolean): Change => {
    const found = list.find(is)
    if (found === undefined) throw new Error('the list lacks what is changed')
    return found
  }
  const forge = (it: Change): Change => {
    const bytes = record(it)
    return { ...it, row: { record: bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1) } }
  }
  const without = (is: (it: Change) => boolean) =>
    changes((list) => list.filter((it) => it !== firstOf(list, is)))
  const forged = (is: (it: Change) => boolean) =>
    changes((list) => list.map((it) => (it === firstOf(list, is) ? forge(it) : it)))
  const cursor = (answer: Subscription) => answer.nextCursor

  const cases: readonly Case[] = [
    [
      'forges a record',
      forged(isUpsert),
      ['repo.root-mismatch', 'repo.record-malformed', 'repo.record-not-canonical'],
    ],
    ['leaves a deletion out', without((it) => it.op === 'delete'), ['repo.root-mismatch']],
    ['leaves a record out', without(isUpsert), ['repo.root-mismatch']],
    ['leaves the commit out', without((it) => it.table === COMMIT_TABLE), ['sync.bad-pack']],
    [
      'makes a deletion up',
      changes((list) => [
        ...list,
        {
          ...firstOf(list, isUpsert),
          op: 'delete',
          row: null,
          table: 'app.bsky.actor.profile',
          rowId: 'self',
        },
      ]),
      ['repo.root-mismatch'],
    ],
    [
      'tells a path twice in a row',
      changes((list) => list.flatMap((it) => (it === firstOf(list, isUpsert) ? [it, it] : [it]))),
      ['sync.bad-pack'],
    ],
    [
      'tells a path twice in a list of no order',
      changes((list) => [...list.toReversed(), firstOf(list, isUpsert)]),
      ['sync.bad-pack'],
    ],
    ['tells a path twice', changes((list) => [...list, firstOf(list, isUpsert)]), ['sync.bad-pack']],
    ['tells two commits', changes((list) => [...list, ...list.slice(-1)]), ['sync.bad-pack']],
    [
      'names no path',
      changes((list) =>
        list
          .map((it) => (isUpsert(it) ? { ...it, rowId: '..' } : it))
          .slice(-1)
          .concat({ ...firstOf(list, isUpsert), rowId: '..' }),
      ),
      ['sync.bad-pack'],
    ],
    ...['..', 'a/b', 'é', ''].map((rowId): Case => [
      `names no path, in the collection of one that is: ${rowId}`,
      changes((list) =>
        list.flatMap((it) => (it === firstOf(list, isUpsert) ? [it, { ...it, rowId }] : [it])),
      ),
      ['sync.bad-pack'],
    ]),
    [
      'changes the signed commit',
      forged((it) => it.table === COMMIT_TABLE),
      ['repo.bad-signature', 'repo.commit-malformed', 'repo.high-s', 'sync.bad-pack'],
    ],
    [
      'gives the commit another rev',
      changes((list) =>
        list.map((it) => (it.table === COMMIT_TABLE ? { ...it, rowId: '3aaaaaaaaaa22' } : it)),
      ),
      ['sync.bad-pack'],
    ],
    [
      'adds a column',
      changes((list) =>
        list.map((it) =>
          isUpsert(it) ? { ...it, row: { record: record(it), more: new Uint8Array() } } : it,
        ),
      ),
      ['sync.bad-pack'],
    ],
    [
      'adds a row version',
      changes((list) => list.map((it) => ({ ...it, rowVersion: 1 }))),
      ['sync.bad-pack'],
    ],
    [
      'tells other scopes',
      changes((list) => list.map((it) => ({ ...it, scopes: { repo: 'did:plc:other' } }))),
      ['sync.bad-pack'],
    ],
    [
      'tells another time',
      (it) => change(it, (commit) => ({ ...commit, createdAt: '2020-01-01T00:00:00.000Z' })),
      ['sync.bad-pack'],
    ],
    [
      'tells another actor',
      (it) => change(it, (commit) => ({ ...commit, actorId: 'did:plc:other' })),
      ['sync.bad-pack'],
    ],
    [
      'tells another sequence number',
      (it) => change(it, (commit) => ({ ...commit, commitSeq: commit.commitSeq + 1 })),
      ['sync.bad-pack'],
    ],
    ['tells another cursor', (it) => ({ ...it, nextCursor: cursor(it) + 1 }), ['sync.bad-pack']],
    [
      'tells two commits of the format',
      (it) => change({ ...it, commits: [...it.commits, ...it.commits] }, (commit) => commit),
      ['sync.bad-pack'],
    ],
    [
      'tells another chain root',
      (it) => ({
        ...it,
        ...(it.integrity && { integrity: { ...it.integrity, commitChainRoot: 'a'.repeat(64) } }),
      }),
      ['sync.bad-pack'],
    ],
    [
      'goes on from another chain',
      (it) => ({
        ...it,
        ...(it.integrity && { integrity: { ...it.integrity, previousChainRoot: 'b'.repeat(64) } }),
      }),
      ['sync.bad-pack'],
    ],
    ['tells no chain', ({ integrity: _, ...it }) => it, ['sync.bad-pack']],
    ['tells of another repo', (it) => ({ ...it, id: 'did:plc:other' }), ['sync.bad-pack']],
    ['is nowhere, with a list', (it) => ({ ...it, status: 'revoked' }), ['sync.bad-pack']],
    [
      'has nothing, at another cursor',
      (it) => {
        const { integrity: _, ...rest } = it
        return { ...rest, commits: [] }
      },
      ['sync.bad-pack'],
    ],
  ]

  it('is found out and named, whatever it does, and nothing is left of it', () =>
    withTwo(60, async ({ a, b, alice, pull }) => {
      await a.backUp(alice.did)
      await b.backUp(alice.did)
      alice.commit({ create: 3, update: 3, delete: 3 })
      await a.backUp(alice.did)
      const state = async () => ({
        rows: await tracesOf(b.storage, alice.did, TABLES),
        repo: await repoRow(b.storage, alice.did),
        bytes: await b.storage.byteKeys(),
      })
      const before = await state()
      for (const [name, bend, codes] of cases) {
        const error = await pull(bend).catch((failure: unknown) => failure)
        if (!(error instanceof Error) || !('code' in error))
          throw new Error(`${name}: taken`, { cause: error })
        expect(codes, name).toContain(error.code)
        expect(error, name).toMatchObject({ fields: { peer: 'node-0' } })
        expect(await state(), name).toEqual(before)
      }
      // The order of changes says nothing: the same set is the same list.
      const { snapshot } = await pull(changes((list) => list.toReversed()))
      expect(snapshot?.rev).toBe(alice.repo.rev)
      await expectProven(b, alice)
    }))

  it('who plays an old answer again is found out', () =>
    withTwo(30, async ({ a, b, alice, pull }) => {
      await a.backUp(alice.did)
      await b.backUp(alice.did)
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      let old: Subscription | undefined
      await pull((answer) => (old = answer))
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      const replay = (): Subscription => old ?? fail()
      await expect(pull(replay)).rejects.toMatchObject({
        code: 'sync.bad-pack',
        fields: { peer: 'node-0', reason: 'chain' },
      })
      // Even with a chain that fits it is the head that is kept.
      const fitting = (answer: Subscription) =>
        change({ ...replay(), ...(answer.integrity && { integrity: answer.integrity }) }, (it) => it)
      await expect(pull(fitting)).rejects.toMatchObject({
        code: 'sync.bad-pack',
        fields: { peer: 'node-0', reason: 'not-newer' },
      })
      await pull()
      await expect(pull(fitting)).rejects.toMatchObject({ fields: { peer: 'node-0' } })
      await expectProven(b, alice)
    }))

  it('who holds another commit of the same rev has nothing newer to tell, and says so', () =>
    withTwo(30, async ({ a, b, alice, pull }) => {
      await a.backUp(alice.did)
      await b.backUp(alice.did)
      const parent = alice.repo
      alice.commit({ create: 2 })
      await a.backUp(alice.did)
      // The same rev, for other by the same key.
      const twin = editRepo(parent, { create: 3 })
      alice.serve(twin)
      await b.backUp(alice.did)
      const ask = await askFor(b.storage, alice.did)
      expect(toHex(twin.commit)).not.toBe(toHex(alice.history.at(-2)?.commit ?? new Uint8Array()))
      expect(await answerOf(a, ask)).toMatchObject({ status: 'active', bootstrap: false, commits: [] })
      await expect(pull()).rejects.toMatchObject({ code: 'sync.peer-behind' })
    }))
})

const fail = (): never => {
  throw new Error('nothing was answered')
}
