import { describe, expect, it } from 'vitest'
import { editRepo } from '../repo/testing/edit.ts'
import { createTestKey } from '../repo/testing/keys.ts'
import { createPrng } from '../repo/testing/prng.ts'
import { formatTid } from '../core/tid.ts'
import { signRepo } from '../repo/testing/repo.ts'
import { type Evidence, evidenceRange } from './evidence.ts'
import { headOf, repoRow, snapshotsOf } from './kept.ts'
import { commitCid } from './testing/local-pds.ts'
import { contents, type SyncKit, wanted, withSync } from './testing/sync-kit.ts'

const HOUR = 3_600_000
/** After the generated commits, before the clock of the tests. */
const ROTATED = Date.UTC(2026, 9, 1, 12)

/** The same head, the same segments, no import under way. */
async function expectUntouched(
  { storage }: SyncKit,
  did: string,
  run: () => Promise<unknown>,
  code: string,
): Promise<void> {
  const look = async () => [
    await headOf(storage, did),
    (await snapshotsOf(storage, did)).length,
    await storage.byteKeys(),
  ]
  const before = await look()
  await expect(run()).rejects.toMatchObject({ code })
  expect(await look()).toEqual(before)
  expect(await storage.count('imports')).toBe(0)
}

describe('whose signature counts', () => {
  it('another account’s repo is refused, from a server and for a kept repo', () =>
    withSync(async (kit) => {
      const { pds, backUp } = kit
      const alice = await pds.account({ name: 'alice' })
      const bob = await pds.account({ name: 'bob' })
      const stranger = bob.repo
      alice.serve(stranger)
      await expectUntouched(kit, alice.did, () => backUp(alice.did), 'repo.did-mismatch')
      expect(await repoRow(kit.storage, alice.did)).toBeUndefined()
      alice.serve(alice.history[0] ?? stranger)
      await backUp(alice.did)
      alice.serve(stranger)
      await expectUntouched(kit, alice.did, () => backUp(alice.did), 'repo.did-mismatch')
    }))

  it('a head signed by a stranger is refused', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      await kit.backUp(alice.did)
      const key = createTestKey(createPrng('stranger'), 'k256')
      alice.serve(editRepo({ ...alice.repo, key }, { create: 1 }))
      await expectUntouched(kit, alice.did, () => kit.backUp(alice.did), 'repo.bad-signature')
      await expectUntouched(kit, alice.did, () => kit.file(alice.repo), 'repo.bad-signature')
    }))

  it('after a rotation the old head by the past key is accepted from the current PDS', () =>
    withSync(async ({ pds, backUp, storage }) => {
      const alice = await pds.account({ name: 'alice' })
      const { before } = await alice.rotate(ROTATED)
      // Even when its rev is newer than the rotation: the current PDS vouches for it.
      const late = signRepo({ ...alice.repo, rev: formatTid((ROTATED + HOUR) * 1000, 3) })
      alice.serve(late)
      const { snapshot } = await backUp(alice.did)
      expect(snapshot).toMatchObject({ signature: 'past-key', signedBy: before.didKey })
      const next = alice.commit({ create: 1 })
      const second = await backUp(alice.did)
      expect(second.snapshot).toMatchObject({ signature: 'current-key', signedBy: next.key.didKey })
      expect(await snapshotsOf(storage, alice.did)).toHaveLength(2)
    }))

  it('a file by the past key is accepted when it is older than the rotation', () =>
    withSync(async ({ pds, file }) => {
      const alice = await pds.account({ name: 'alice' })
      const { before } = await alice.rotate(ROTATED)
      const { snapshot } = await file(alice.repo)
      expect(snapshot).toMatchObject({ signature: 'past-key', signedBy: before.didKey, source: 'file' })
    }))

  it('a newer head forged with a past key is refused from a file', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      await kit.backUp(alice.did)
      const { before } = await alice.rotate(ROTATED)
      const forged = editRepo(
        { ...alice.repo, key: before, rev: formatTid((ROTATED + HOUR) * 1000, 3) },
        { create: 1 },
      )
      await expectUntouched(kit, alice.did, () => kit.file(forged), 'repo.past-key')
    }))

  it('a head by a past key never replaces one by a newer key, whoever sends it', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const { before } = await alice.rotate(ROTATED)
      alice.serve(signRepo({ ...alice.repo, rev: formatTid((ROTATED + HOUR) * 1000, 3) }))
      alice.commit({ create: 1 })
      await kit.backUp(alice.did)
      const forged = editRepo({ ...alice.repo, key: before }, { delete: 5 })
      alice.serve(forged)
      await expectUntouched(kit, alice.did, () => kit.backUp(alice.did), 'repo.past-key')
      await expectUntouched(kit, alice.did, () => kit.file(forged), 'repo.past-key')
      kit.pds.offline = true
      await expectUntouched(kit, alice.did, () => kit.file(forged), 'repo.past-key')
    }))

  it('a directory that forgets the newest rotation does not bring a past key back', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const { before } = await alice.rotate(ROTATED)
      alice.serve(signRepo({ ...alice.repo, rev: formatTid((ROTATED + HOUR) * 1000, 3) }))
      alice.commit({ create: 1 })
      await kit.backUp(alice.did)
      alice.log.entries.pop()
      alice.serve(editRepo({ ...alice.repo, key: before }, { delete: 5 }))
      await expectUntouched(kit, alice.did, () => kit.backUp(alice.did), 'repo.past-key')
    }))
})

describe('what may follow a head', () => {
  it('a rev in the future is refused', () =>
    withSync(async (kit) => {
      const { pds, timers, backUp } = kit
      const alice = await pds.account({ name: 'alice' })
      const at = (ms: number) =>
        signRepo({ ...alice.repo, rev: formatTid((timers.clock.now() + ms) * 1000, 0) })
      alice.serve(at(6 * 60_000 + 1000))
      await expectUntouched(kit, alice.did, () => backUp(alice.did), 'repo.rev-future')
      alice.serve(at(4 * 60_000))
      expect((await backUp(alice.did)).snapshot).toBeDefined()
    }))

  it('an older rev is refused, from the server and from a file', () =>
    withSync(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const old = alice.repo
      alice.commit({ create: 1 })
      await kit.backUp(alice.did)
      alice.serve(old)
      await expectUntouched(kit, alice.did, () => kit.backUp(alice.did), 'repo.rev-rollback')
      await expectUntouched(kit, alice.did, () => kit.file(old), 'repo.rev-rollback')
    }))

  it('two commits of one rev move nothing, and both are kept as evidence', () =>
    withSync(async (kit) => {
      const { pds, storage, backUp, timers } = kit
      const alice = await pds.account({ name: 'alice' })
      const parent = alice.repo
      const one = alice.commit({ create: 1 })
      await backUp(alice.did)
      const other = editRepo(parent, { create: 2 })
      expect(other.rev).toBe(one.rev)
      alice.serve(other)
      await expectUntouched(kit, alice.did, () => backUp(alice.did), 'repo.equivocation')
      await expectUntouched(kit, alice.did, () => backUp(alice.did), 'repo.equivocation')
      const rows = await storage.list('meta', evidenceRange(alice.did))
      expect(rows.map(({ value }) => value as Evidence)).toEqual([
        {
          did: alice.did,
          rev: one.rev,
          kept: { cid: commitCid(one), bytes: Uint8Array.from(one.commitBytes) },
          other: { cid: commitCid(other), bytes: Uint8Array.from(other.commitBytes) },
          foundAt: timers.clock.now() - 1000,
        },
      ])
    }))

  it('however many commits of one rev there are, the evidence stays small', () =>
    withSync(async ({ pds, storage, file }) => {
      const alice = await pds.account({ name: 'alice', records: 5 })
      const parent = alice.repo
      await file(alice.commit({ create: 1 }))
      for (let n = 2; n < 27; n++) {
        await expect(file(editRepo(parent, { create: n }))).rejects.toMatchObject({
          code: 'repo.equivocation',
        })
      }
      expect(await storage.count('meta', evidenceRange(alice.did))).toBe(20)
    }))

  it('a kept head in the future is replaced only when a person asks, and its snapshot stays', () =>
    withSync(async (kit) => {
      const { pds, storage, timers, backUp } = kit
      const alice = await pds.account({ name: 'alice' })
      const honest = alice.repo
      const start = timers.clock.now()
      timers.pass(HOUR)
      alice.serve(signRepo({ ...honest, rev: formatTid((start + HOUR) * 1000, 0) }))
      const ahead = (await backUp(alice.did)).snapshot
      // The clock was wrong, and is set right.
      timers.pass(-HOUR)
      alice.serve(honest)
      alice.commit({ create: 1 })
      const failure = await backUp(alice.did).catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'repo.rev-rollback', fields: { headInFuture: true } })
      const { snapshot } = await backUp(alice.did, { replaceFutureHead: true })
      if (snapshot === undefined || ahead === undefined) throw new Error('nothing kept')
      expect((await headOf(storage, alice.did))?.id).toBe(snapshot.id)
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      expect(await contents(storage, ahead)).toEqual(wanted(honest))
      // Back in order, a rollback is a rollback again.
      alice.serve(honest)
      await expectUntouched(
        kit,
        alice.did,
        () => backUp(alice.did, { replaceFutureHead: true }),
        'repo.rev-rollback',
      )
    }))
})
