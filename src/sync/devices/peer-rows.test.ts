import { describe, expect, it } from 'vitest'
import { withLevel } from '../../storage/testing/node-host.ts'
import { nameDevice, nameIn, noteOwn, noteProof, peerRow, peerRows } from './peer-rows.ts'

const proof = (id: string, provenAt = 1) => ({ id, provenAt, expiresAt: provenAt + 10 })

describe('a name', () => {
  it('holds for all peers of a device, and there is one', () =>
    withLevel(async (storage) => {
      await nameDevice(storage, 'page', 'Jun')
      expect(nameIn(await peerRows(storage), 'worker')).toBeUndefined()
      await noteProof(storage, 'page', proof('d1'))
      await noteProof(storage, 'worker', proof('d1'))
      await noteProof(storage, 'other', proof('d2'))
      const names = async () => {
        const rows = await peerRows(storage)
        return ['page', 'worker', 'other'].map((peer) => nameIn(rows, peer))
      }
      expect(await names()).toEqual(['Jun', 'Jun', undefined])
      await nameDevice(storage, 'worker', 'Jun’s laptop')
      expect(await names()).toEqual(['Jun’s laptop', 'Jun’s laptop', undefined])
      expect(await peerRow(storage, 'page')).toEqual({ device: proof('d1') })
      await nameDevice(storage, 'page', '')
      expect(await names()).toEqual([undefined, undefined, undefined])
    }))

  it('and a proof that come at once do not undo each other; a row of nothing is none', () =>
    withLevel(async (storage) => {
      await Promise.all([nameDevice(storage, 'a', 'Ana'), noteProof(storage, 'a', proof('d1'))])
      expect(await peerRow(storage, 'a')).toEqual({ name: 'Ana', device: proof('d1') })
      await nameDevice(storage, 'b', 'Bo')
      await nameDevice(storage, 'b', '')
      expect(await storage.keys('peers')).toEqual(['a'])
    }))
})

it('of a thousand peers without a name those that were proven longest ago are forgotten first', () =>
  withLevel(async (storage) => {
    await nameDevice(storage, 'friend', 'Jun')
    await noteOwn(storage, 'self', proof('us', 0))
    await storage.write(
      Array.from({ length: 1000 }, (_, i) => ({
        ...({ type: 'put', table: 'peers' } as const),
        key: `p${i}`,
        value: { device: proof(`d${i}`, 2000 - i) },
      })),
    )
    await noteProof(storage, 'newcomer', proof('new', 3000))
    const kept = await storage.keys('peers')
    expect(kept).toHaveLength(1002)
    expect(kept).toEqual(expect.arrayContaining(['friend', 'self', 'newcomer', 'p0', 'p998']))
    expect(kept).not.toContain('p999')
  }))
