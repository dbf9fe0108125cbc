import { describe, expect, it } from 'vitest'
import { repoRow } from './kept.ts'
import type { AccountState } from './testing/account.ts'
import { fail } from './testing/faults.ts'
import { contents, wanted, withSync } from './testing/sync-kit.ts'

const GONE: [AccountState, string][] = [
  ['deactivated', 'pds.account-deactivated'],
  ['takendown', 'pds.account-takendown'],
  ['suspended', 'pds.account-suspended'],
  ['deleted', 'pds.account-deleted'],
  ['not-found', 'pds.account-not-found'],
]

describe('a lost upstream', () => {
  it.each(GONE)('that is %s is shown as such, and the copy stays', (state, code) =>
    withSync(async ({ pds, storage, backUp, timers }) => {
      const alice = await pds.account({ name: 'alice' })
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      alice.state = state
      await expect(backUp('alice.test')).rejects.toMatchObject({ code, fields: { did: alice.did } })
      expect(await repoRow(storage, alice.did)).toMatchObject({
        head: snapshot.id,
        upstream: state,
        upstreamCheckedAt: timers.clock.now(),
        handle: 'alice.test',
      })
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      alice.state = 'active'
      await backUp(alice.did)
      expect((await repoRow(storage, alice.did))?.upstream).toBe('active')
    }),
  )

  it('whose DID is tombstoned or unknown is shown as such', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      pds.next('plc', fail(404), fail(404))
      await expect(backUp('alice.test')).rejects.toMatchObject({ code: 'pds.did-not-found' })
      expect((await repoRow(storage, alice.did))?.upstream).toBe('not-found')
      await alice.tombstone()
      await expect(backUp('alice.test')).rejects.toMatchObject({ code: 'pds.did-tombstoned' })
      expect((await repoRow(storage, alice.did))?.upstream).toBe('deleted')
    }))

  it('that cannot be reached says nothing of the account when the directory is away too', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      alice.state = 'takendown'
      await expect(backUp(alice.did)).rejects.toMatchObject({ code: 'pds.account-takendown' })
      pds.offline = true
      await expect(backUp(alice.did)).rejects.toMatchObject({ code: 'pds.network' })
      expect((await repoRow(storage, alice.did))?.upstream).toBe('takendown')
    }))

  it('whose server fails is unreachable; one that answers after a failed status is active', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      alice.commit({ create: 1 })
      pds.always('getRepo', fail(503))
      await expect(backUp(alice.did)).rejects.toMatchObject({ code: 'pds.http' })
      expect((await repoRow(storage, alice.did))?.upstream).toBe('unreachable')
      pds.always('getRepo', undefined)
      pds.next('getRepoStatus', fail(500))
      await backUp(alice.did)
      expect((await repoRow(storage, alice.did))?.upstream).toBe('active')
    }))

  it('of a first backup leaves nothing behind', () =>
    withSync(async ({ pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      alice.state = 'deactivated'
      await expect(backUp(alice.did)).rejects.toMatchObject({ code: 'pds.account-deactivated' })
      expect(await storage.count('repos')).toBe(0)
      expect(await storage.count('imports')).toBe(0)
    }))
})
