import { describe, expect, it } from 'vitest'
import { verifySignature } from '../../repo/signature.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { deviceKeyOf } from './key.ts'

describe('the device key on a disk that holds bytes only', () => {
  it('is one for all that start at once, and the same later', () =>
    withLevel(async (storage) => {
      const keys = await Promise.all([deviceKeyOf(storage), deviceKeyOf(storage), deviceKeyOf(storage)])
      const later = await deviceKeyOf(storage)
      expect(new Set([...keys, later].map(({ id }) => id)).size).toBe(1)
      const bytes = new Uint8Array([1, 2])
      expect(await verifySignature(later.id, await keys[0].sign(bytes), bytes)).toBe('valid')
      expect(await storage.get('network', 'device-key')).toBeInstanceOf(Uint8Array)
    }))

  it('is replaced when what is kept is none', () =>
    withLevel(async (storage) => {
      for (const value of [new Uint8Array([1, 2, 3]), 'no key', { publicKey: 1, privateKey: 2 }]) {
        await storage.write([{ type: 'put', table: 'network', key: 'device-key', value }])
        const [one, two] = await Promise.all([deviceKeyOf(storage), deviceKeyOf(storage)])
        expect(two.id).toBe(one.id)
      }
    }))

  it('is not made when the storage fails for another reason', () =>
    withLevel(async (storage) => {
      await storage.close()
      await expect(deviceKeyOf(storage)).rejects.toMatchObject({ code: 'storage.gone' })
    }))
})
