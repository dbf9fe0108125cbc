import { describe, expect, it } from 'vitest'
import type { Storage } from '../../storage/port.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { noteOwn, noteProof } from '../../sync/devices/peer-rows.ts'
import { noteCopy } from '../../sync/peers/copy-rows.ts'
import { copiesOf, namePeer, peerName } from './copies.ts'

const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const [OLD, NEW] = ['3lmztkjyh2k2a', '3lmztkjyh2k2b']

const prove = async (storage: Storage, device: string, ...peers: string[]): Promise<void> => {
  for (const peer of peers) await noteProof(storage, peer, { id: device, provenAt: 1, expiresAt: 100 })
}
const listed = async (storage: Storage, online: readonly string[] = []) =>
  copiesOf(storage, DID, 'self', (peer) => online.includes(peer))

describe('copies by device', () => {
  it('take from each peer of a device what it said last, and ask the one that is there', () =>
    withLevel(async (storage) => {
      const ok = { ok: true, ms: 5 } as const
      await noteCopy(storage, DID, 'page', { rev: OLD, answeredAt: 10, challenge: { at: 10, ...ok } })
      await noteCopy(storage, DID, 'worker', { rev: NEW, answeredAt: 20 })
      expect((await listed(storage)).map(({ copy }) => copy.peer)).toEqual(['worker', 'page'])
      await prove(storage, 'd1', 'page', 'worker')
      // It answers a challenge, and says nothing of what it holds.
      await noteCopy(storage, DID, 'page', { answeredAt: 30, challenge: { at: 30, ...ok } })
      const [one, ...more] = await listed(storage)
      expect(more).toEqual([])
      expect(one?.peers).toEqual(['page', 'worker'])
      const told = { rev: NEW, answeredAt: 30, challenge: { at: 30, ...ok } }
      expect(one?.copy).toMatchObject({ ...told, peer: 'page', online: false })
      expect((await listed(storage, ['worker']))[0]?.copy).toMatchObject({
        ...told,
        peer: 'worker',
        online: true,
      })
      // What is deleted is gone for all peers of the device.
      await noteCopy(storage, DID, 'worker', { rev: undefined, answeredAt: 40 })
      expect((await listed(storage))[0]?.copy).toMatchObject({ rev: undefined, state: 'unknown' })
    }))

  it('are of two devices when a certificate had ended before its peer answered', () =>
    withLevel(async (storage) => {
      await prove(storage, 'd1', 'page', 'worker')
      await noteCopy(storage, DID, 'page', { rev: NEW, answeredAt: 90 })
      await noteCopy(storage, DID, 'worker', { rev: NEW, answeredAt: 100 })
      expect(await listed(storage)).toHaveLength(1)
      await noteCopy(storage, DID, 'worker', { rev: NEW, answeredAt: 101 })
      expect(await listed(storage)).toHaveLength(2)
    }))

  it('leave stores apart, and count no context of this device', () =>
    withLevel(async (storage) => {
      await prove(storage, 'd1', 'store-1', 'store-2')
      for (const peer of ['store-1', 'store-2'])
        await noteCopy(storage, DID, peer, { kind: 'store', rev: NEW, answeredAt: 5 })
      expect(await listed(storage)).toHaveLength(2)
      await noteOwn(storage, 'self', { id: 'us', provenAt: 1, expiresAt: 100 })
      await noteOwn(storage, 'our-worker', { id: 'us', provenAt: 1, expiresAt: 100 })
      await prove(storage, 'us', 'our-worker-before')
      for (const peer of ['our-worker', 'our-worker-before'])
        await noteCopy(storage, DID, peer, { rev: NEW, answeredAt: 5 })
      expect((await listed(storage)).map(({ copy }) => copy.peer)).toEqual(['store-1', 'store-2'])
    }))

  it('have one name', () =>
    withLevel(async (storage) => {
      await prove(storage, 'd1', 'page', 'worker')
      await noteCopy(storage, DID, 'worker', { rev: NEW, answeredAt: 5 })
      await namePeer(storage, 'page', '  Jun  ')
      expect((await listed(storage))[0]?.copy.name).toBe('Jun')
      expect(await peerName(storage, 'worker')).toBe('Jun')
      expect(await peerName(storage, 'stranger')).toBeUndefined()
    }))
})
