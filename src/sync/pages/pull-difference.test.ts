import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recheckOf } from '../../storage/testing/contents.ts'
import type { RepoEdits } from '../../repo/testing/edit.ts'
import type { TestAccount } from '../testing/account.ts'
import { contents, expectNothingTwice, type TestWork, wanted } from '../testing/sync-kit.ts'
import { pullDifference } from './pull-difference.ts'
import type { Pulled } from './pull-pages.ts'
import { type PagesNode, withNodes } from './testing/pages-kit.ts'

async function withTwo(
  use: (kit: {
    a: PagesNode
    b: PagesNode
    alice: TestAccount
    pull: (work?: TestWork) => Promise<Pulled>
  }) => Promise<void>,
  records = 300,
): Promise<void> {
  await withNodes(2, async ({ pds, nodes: [a, b] }) => {
    if (a === undefined || b === undefined) throw new Error('two nodes')
    const alice = await pds.account({ name: 'alice', records })
    a.serve()
    const pull = (work = b.work()) =>
      pullDifference(b.host, pds.endpoints, {
        did: alice.did,
        sources: [a.source(b)],
        work,
        label: 'alice',
      })
    await use({ a, b, alice, pull })
  })
}

describe('a difference', () => {
  it('brings only what is lacking, from a peer who never had this head', () =>
    withTwo(async ({ a, b, alice, pull }) => {
      await b.backUp(alice.did)
      for (let i = 0; i < 5; i++) alice.commit({ create: 2, update: 1, delete: 1 })
      await a.backUp(alice.did)
      const work = b.work()
      const { snapshot } = await pull(work)
      if (snapshot === undefined) throw new Error('nothing new')
      // Some 15 records and the nodes above them, of 200 records.
      expect(Math.max(...work.reports.map((it) => it.blocks ?? 0))).toBeLessThan(70)
      expect(snapshot).toMatchObject({ rev: alice.repo.rev, signature: 'current-key', source: 'peer' })
      expect(await contents(b.storage, snapshot)).toEqual(wanted(alice.repo))
      expect(await recheckOf(b.storage, snapshot)).toBe(alice.repo.records.length)
      await expectNothingTwice(b.storage, alice.did)
    }, 200))

  it('of nothing is nothing', () =>
    withTwo(async ({ a, b, alice, pull }) => {
      await a.backUp(alice.did)
      await b.backUp(alice.did)
      const { snapshot, before } = await pull()
      expect(snapshot).toBeUndefined()
      expect(before?.rev).toBe(alice.repo.rev)
    }))

  it('with nothing kept has nothing to compare', () =>
    withTwo(async ({ a, alice, pull }) => {
      await a.backUp(alice.did)
      await expect(pull()).rejects.toMatchObject({ code: 'sync.not-kept' })
    }))

  it('refuses an older head, and keeps its own', () =>
    withTwo(async ({ a, b, alice, pull }) => {
      await a.backUp(alice.did)
      alice.commit({ create: 1 })
      const { snapshot } = await b.backUp(alice.did)
      await expect(pull()).rejects.toMatchObject({ code: 'repo.rev-rollback', fields: { peer: 'node-0' } })
      expect(snapshot?.rev).toBe(alice.repo.rev)
      expect(await b.storage.count('imports')).toBe(0)
    }))

  it('gives what a full copy gives, whatever both sides saw', () => {
    const edits = fc.record({
      create: fc.integer({ min: 0, max: 8 }),
      update: fc.integer({ min: 0, max: 6 }),
      delete: fc.integer({ min: 0, max: 6 }),
    })
    const history = fc.array(edits, { minLength: 1, maxLength: 4 })
    return fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 20, max: 120 }),
        history,
        history,
        async (records, first, second) => {
          const apply = (alice: TestAccount, list: readonly RepoEdits[]): void => {
            for (const it of list) {
              const room = alice.repo.records.length
              const { update = 0, delete: gone = 0 } = it as { update?: number; delete?: number }
              if (update + gone < room) alice.commit(it)
            }
            // A record under a second path, which a sender need not send again.
            const [one] = alice.repo.records
            if (one !== undefined)
              alice.commit({
                create: [{ path: `app.bsky.feed.like/copy${alice.history.length}`, copyOf: one.path }],
              })
          }
          await withTwo(async ({ a, b, alice, pull }) => {
            apply(alice, first)
            await b.backUp(alice.did)
            apply(alice, second)
            await a.backUp(alice.did)
            const { snapshot } = await pull()
            if (snapshot === undefined) throw new Error('nothing new')
            expect(await contents(b.storage, snapshot)).toEqual(wanted(alice.repo))
            expect(await recheckOf(b.storage, snapshot)).toBe(alice.repo.records.length)
            const whole = (await a.storage.list('snapshots')).at(-1)?.value
            expect(whole).toMatchObject({ commitCid: snapshot.commitCid, collections: snapshot.collections })
          }, records)
        },
      ),
      { numRuns: 12 },
    )
  })
})
