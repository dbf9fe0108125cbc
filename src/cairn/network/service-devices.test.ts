import { describe, expect, it } from 'vitest'
import { peerRow } from '../../sync/devices/peer-rows.ts'
import { withDevices } from './testing/device-kit.ts'

describe('a page and the service worker of one device', () => {
  it('are one copy to a friend, who names and challenges them as one', () =>
    withDevices(async ({ pds, device, as }) => {
      const alice = await pds.account({ name: 'alice' })
      const [page, friend] = await Promise.all([device(), device()])
      const [first] = await Promise.all([page.online(), friend.online()])
      await page.backUp(alice.did)
      await friend.backUp(alice.did)
      const { network } = friend.cairn
      const others = async () => (await network.copies(alice.did)).filter(({ kind }) => kind !== 'self')
      await friend.until(async () => (await friend.copy(alice.did, first))?.state === 'current')
      await friend.until(async () => (await peerRow(friend.storage, first))?.device)
      await network.namePeer(first, 'Jun’s laptop')

      const worker = await as(page, 'service-worker')
      const second = await worker.online()
      expect(second).not.toBe(first)
      await friend.until(async () => (await peerRow(friend.storage, second))?.device)
      const [copy, ...more] = await friend.until(async () => {
        const found = await others()
        return found.some((it) => it.peer === second && it.online) && found
      })
      expect(more).toEqual([])
      expect(copy).toMatchObject({ name: 'Jun’s laptop', kind: 'device', state: 'current' })
      // Both have said that they hold it.
      expect(await friend.storage.keys('copies')).toHaveLength(2)
      const { peers } = await network.status()
      expect(peers).toMatchObject([{ peer: second, name: 'Jun’s laptop' }])

      // The page is gone: whoever of the device is there answers.
      const proven = await network.challenge(alice.did, first)
      expect(proven).toMatchObject({ peer: second, challenge: { ok: true } })
      expect(await others()).toHaveLength(1)
      // To itself it is one, and the friend another.
      expect((await worker.cairn.network.copies(alice.did)).map(({ kind }) => kind)).toEqual([
        'self',
        'device',
      ])
    }))
})
