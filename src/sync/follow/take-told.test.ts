import { describe, expect, it } from 'vitest'
import { createIdentityResolver, type Identity } from '../../pds/identity.ts'
import type { TestRepo } from '../../repo/testing/repo.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { networkOf } from '../host.ts'
import { headOf, repoRow } from '../kept.ts'
import type { TestAccount } from '../testing/account.ts'
import { contents, expectNothingTwice, type SyncKit, wanted, withSync } from '../testing/sync-kit.ts'
import { changesAfter, createChains } from './chains.ts'
import { takeTold } from './take-told.ts'
import { wholeEvent } from './testing/told.ts'
import { readToldCommit, type ToldCommit } from './told-commit.ts'

const told = (before: TestRepo, after: TestRepo): Promise<ToldCommit> =>
  readToldCommit(wholeEvent(before, after), sha256)

/** The next commits of an account, as they are told of. */
async function commits(account: TestAccount, count: number): Promise<ToldCommit[]> {
  const out: ToldCommit[] = []
  for (let i = 0; i < count; i++) {
    const before = account.repo
    out.push(await told(before, account.commit({ create: 3, update: 1, delete: 1 })))
  }
  return out
}

const identityOf = ({ host, pds }: SyncKit, did: string): Promise<Identity> =>
  createIdentityResolver({ ...networkOf(host, pds.endpoints), endpoints: pds.endpoints }).resolve(did)

const take = async (kit: SyncKit, account: TestAccount, chain: readonly ToldCommit[], identity?: Identity) =>
  takeTold(kit.host, kit.pds.endpoints, {
    did: account.did,
    chain,
    work: kit.work(),
    label: account.handle,
    identity: identity ?? (await identityOf(kit, account.did)),
  })

describe('taking in what a server told of', () => {
  it('moves the head over a whole burst at once, without asking for anything', () =>
    withSync(async (kit) => {
      const { pds, storage, backUp } = kit
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      const chain = await commits(alice, 4)
      const identity = await identityOf(kit, alice.did)
      pds.asked.length = 0
      pds.offline = true
      const { snapshot } = await take(kit, alice, chain, identity)
      expect(pds.asked).toEqual([])
      expect(snapshot).toMatchObject({ rev: alice.repo.rev, signature: 'current-key', source: 'pds' })
      const head = await headOf(storage, alice.did)
      expect(head && (await contents(storage, head))).toEqual(wanted(alice.repo))
      await expectNothingTwice(storage, alice.did)
      expect(await repoRow(storage, alice.did)).toMatchObject({ upstream: 'active' })
      // The same once more says nothing new.
      expect((await take(kit, alice, chain, identity)).snapshot).toBeUndefined()
    }))

  it('goes on from within a burst, where a pull was faster', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const early = await commits(alice, 2)
      await kit.backUp(alice.did)
      const late = await commits(alice, 2)
      await take(kit, alice, [...early, ...late])
      expect((await headOf(kit.storage, alice.did))?.rev).toBe(alice.repo.rev)
    }))

  it('leaves the head where a commit is missing, or its author is not proven', () =>
    withSync(async (kit) => {
      const { pds, storage, backUp } = kit
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      const { rev } = alice.repo
      const [, ...later] = await commits(alice, 3)
      await expect(take(kit, alice, later)).rejects.toMatchObject({ code: 'sync.unlisted' })
      alice.repo = alice.history[0] ?? alice.repo
      const forged = await commits(alice, 1)
      // The account has another key since before that: whoever still holds the old one moves no head.
      const old = await identityOf(kit, alice.did)
      await alice.rotate(Date.UTC(2026, 8, 30))
      await expect(take(kit, alice, forged)).rejects.toMatchObject({ code: 'repo.past-key' })
      // A key that is not known yet: who the account is has to be asked anew.
      alice.repo = alice.history[0] ?? alice.repo
      await expect(take(kit, alice, await commits(alice, 1), old)).rejects.toMatchObject({
        code: 'repo.bad-signature',
      })
      expect((await headOf(storage, alice.did))?.rev).toBe(rev)
      expect(await storage.get('imports', alice.did)).toBeUndefined()
    }))

  it('takes nothing in that is not kept', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const chain = await commits(alice, 1)
      await expect(take(kit, alice, chain)).rejects.toMatchObject({ code: 'sync.not-kept' })
    }))
})

describe('commits that wait', () => {
  it('are given up where one does not follow, and where they are too many', async () => {
    await withSync(async ({ pds }) => {
      const alice = await pds.account({ name: 'alice' })
      const [a, b, c] = await commits(alice, 3)
      if (a === undefined || b === undefined || c === undefined) throw new Error('three commits were made')
      const chains = createChains()
      expect([chains.add(a), chains.add(b), chains.add(c)]).toEqual([true, true, true])
      expect(chains.take(alice.did)).toEqual([a, b, c])
      expect(chains.take(alice.did)).toEqual([])
      expect([chains.add(a), chains.add(c)]).toEqual([true, false])
      expect(chains.take(alice.did)).toEqual([])
      const huge = { ...b, bytes: 16 << 20 }
      expect([chains.add(a), chains.add(huge)]).toEqual([true, false])
      expect(chains.add({ ...huge, bytes: huge.bytes })).toBe(true)
      chains.spoil(alice.did)
      expect(chains.take(alice.did)).toEqual([])
    })
  })

  it('give each path once, as the last of them left it', async () => {
    await withSync(async ({ pds }) => {
      const alice = await pds.account({ name: 'alice' })
      const root = alice.repo.root.subarray(4)
      const path = 'app.bsky.feed.post/3kaaaaaaaaaaa'
      const steps = [
        { create: [{ path, value: { $type: 'app.bsky.feed.post', text: 'one' } }] },
        { update: [{ path, value: { $type: 'app.bsky.feed.post', text: 'two' } }] },
        { delete: [path] },
      ]
      const chain: ToldCommit[] = []
      for (const edits of steps) {
        const before = alice.repo
        chain.push(await told(before, alice.commit(edits)))
      }
      expect(changesAfter(chain.slice(0, 2), root)?.changes).toEqual([
        { path, record: chain[1]?.changes[0]?.record },
      ])
      // All undone again: the tree is the first one, which the last of them made.
      expect(changesAfter(chain, root)?.changes).toEqual([{ path, record: undefined }])
      expect(changesAfter(chain, new Uint8Array(32))).toBeUndefined()
    })
  })
})
