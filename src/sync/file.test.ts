import { describe, expect, it } from 'vitest'
import { formatTid } from '../core/tid.ts'
import { signRepo } from '../repo/testing/repo.ts'
import { verifyHead } from './verify-head.ts'
import { headOf, keptIdentity, repoRow, snapshotsOf } from './kept.ts'
import { cutAfter } from './testing/faults.ts'
import { contents, expectNothingTwice, wanted, withSync } from './testing/sync-kit.ts'

describe('a file', () => {
  it('opened without a network is proven but for its author', () =>
    withSync(async ({ pds, storage, host, work, file }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.offline = true
      const { did, snapshot } = await file(alice.repo)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(did).toBe(alice.did)
      expect(snapshot).toMatchObject({
        signature: 'unchecked',
        signedBy: undefined,
        identity: undefined,
        source: 'file',
      })
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      expect(await repoRow(storage, did)).toMatchObject({
        handle: undefined,
        pds: undefined,
        upstream: 'unknown',
      })
      expect(await verifyHead(host, did, work())).toEqual({ records: alice.repo.records.length })
    }))

  it('waits only so long for a network that is slow', () =>
    withSync(async ({ pds, timers, file }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.always('plc', () => timers.expire(6000))
      expect((await file(alice.repo)).snapshot?.signature).toBe('unchecked')
    }))

  it('opened with a network is proven with its author', () =>
    withSync(async ({ pds, storage, file }) => {
      const alice = await pds.account({ name: 'alice' })
      const { did, snapshot } = await file(alice.repo)
      expect(snapshot).toMatchObject({ signature: 'current-key', signedBy: alice.repo.didKey })
      expect(await repoRow(storage, did)).toMatchObject({ handle: 'alice.test', pds: pds.origin })
    }))

  it('opened without a network is proven by the identity of an earlier snapshot', () =>
    withSync(async ({ pds, storage, backUp, file }) => {
      const alice = await pds.account({ name: 'alice', records: 120 })
      await backUp(alice.did)
      const edited = alice.commit({ create: 2, delete: 1 })
      pds.offline = true
      const { snapshot, before } = await file(edited)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(snapshot).toMatchObject({ signature: 'current-key', rev: edited.rev })
      expect(before?.rev).toBe(alice.history[0]?.rev)
      expect(await keptIdentity(storage, snapshot)).toMatchObject({ keysFrom: 'plc-log' })
      expect(await contents(storage, snapshot)).toEqual(wanted(edited))
      await expectNothingTwice(storage, alice.did)
    }))

  it('opened twice is one snapshot, and is read to its end the second time too', () =>
    withSync(async ({ pds, storage, file }) => {
      const alice = await pds.account({ name: 'alice' })
      await file(alice.repo)
      const bytes = await storage.byteKeys()
      expect((await file(alice.repo)).snapshot).toBeUndefined()
      expect(await storage.byteKeys()).toEqual(bytes)
      expect(await snapshotsOf(storage, alice.did)).toHaveLength(1)
      const whole = Buffer.concat([...alice.repo.car('preorder')])
      await expect(file(whole.subarray(0, whole.length - 5))).rejects.toMatchObject({
        code: 'repo.car-truncated',
      })
      expect(await storage.byteKeys()).toEqual(bytes)
      expect(await storage.count('imports')).toBe(0)
    }))

  it('whose author was not known is confirmed by the first backup, also of the same head', () =>
    withSync(async ({ pds, storage, backUp, file }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.offline = true
      await file(alice.repo)
      pds.offline = false
      expect((await backUp(alice.did)).snapshot).toBeUndefined()
      const head = await headOf(storage, alice.did)
      expect(head).toMatchObject({ signature: 'current-key', signedBy: alice.repo.didKey, source: 'file' })
      expect(await keptIdentity(storage, head)).toMatchObject({ currentKey: alice.repo.didKey })
    }))

  it('whose author was not known is confirmed by opening it again with a network', () =>
    withSync(async ({ pds, storage, file }) => {
      const alice = await pds.account({ name: 'alice' })
      pds.offline = true
      await file(alice.repo)
      pds.offline = false
      await file(alice.repo)
      expect(await headOf(storage, alice.did)).toMatchObject({ signature: 'current-key' })
    }))

  it('forged and opened without a network does not keep the true repo out', () =>
    withSync(async ({ pds, storage, timers, backUp, file }) => {
      const alice = await pds.account({ name: 'alice' })
      const mallory = await pds.account({ name: 'mallory' })
      pds.offline = true
      // Mallory's tree and key under alice's name, with a rev that alice reaches only later.

      const forged = signRepo({
        ...mallory.repo,
        did: alice.did,
        rev: formatTid(timers.clock.now() * 1000, 9),
      })
      expect((await file(forged)).snapshot?.signature).toBe('unchecked')
      pds.offline = false
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(snapshot.signature).toBe('current-key')
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      // And once the true one is kept, an unproven file moves nothing.
      pds.offline = true
      await expect(file(forged)).rejects.toMatchObject({ code: 'repo.bad-signature' })
      expect((await headOf(storage, alice.did))?.id).toBe(snapshot.id)
    }))

  it('that is refused leaves the transfer that was cut off before it as it was', () =>
    withSync(async ({ pds, storage, backUp, file }) => {
      const alice = await pds.account({ name: 'alice', records: 2000 })
      pds.always('getRepo', cutAfter(400_000))
      await expect(backUp(alice.did)).rejects.toMatchObject({ code: 'pds.network' })
      const kept = await storage.byteKeys()
      expect(kept.length).toBeGreaterThan(0)
      const whole = Buffer.concat([...alice.repo.car('preorder')])
      await expect(file(whole.subarray(0, 5000))).rejects.toMatchObject({ code: 'repo.car-truncated' })
      expect(await storage.byteKeys()).toEqual(expect.arrayContaining(kept))
      pds.always('getRepo', undefined)
      const { snapshot } = await backUp(alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      await expectNothingTwice(storage, alice.did)
    }))

  it.each([
    ['no CAR', Buffer.from(`not a car, just ${'text '.repeat(50)}`)],
    ['empty', new Uint8Array()],
  ])('that is %s is refused', (_name, bytes) =>
    withSync(async ({ storage, file }) => {
      await expect(file(bytes)).rejects.toMatchObject({ code: expect.stringMatching(/^repo\./) as string })
      expect(await storage.count('imports')).toBe(0)
    }),
  )
})
