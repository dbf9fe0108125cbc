import { describe, expect, it } from 'vitest'
import type { Storage } from '../../storage/port.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { codeOf } from './testing/club.ts'
import { spacesOn } from './testing/space-kit.ts'

/** Makes the keys of a space unreadable, as a broken disk does. */
async function damageKeys(storage: Storage, space: string): Promise<void> {
  const keys = await storage.keys('space-keys', { from: `${space}/device/`, to: `${space}/device0` })
  await storage.write(keys.map((key) => ({ type: 'put', table: 'space-keys', key, value: 'damaged' })))
}

describe('the list of spaces', () => {
  it('shows one that does not open with its fault, and all others as they are', () =>
    withLevel(async (storage) => {
      const before = await spacesOn(storage)
      const shed = await before.spaces.create({ title: 'Shed', name: 'Anna' })
      const orchard = await before.spaces.create({ title: 'Orchard', name: 'Anna' })
      await before.close()
      await damageKeys(storage, shed.space)

      const { spaces, close } = await spacesOn(storage)
      const all = await spaces.list()
      expect(all.map(({ title }) => title).sort()).toEqual(['Orchard', 'Shed'])
      expect(all.find(({ title }) => title === 'Orchard')).toMatchObject({ fault: undefined, members: 1 })
      expect(all.find(({ title }) => title === 'Shed')).toMatchObject({
        ...{ space: shed.space, state: 'member', role: 'none', members: 0, joinedAt: shed.joinedAt },
        fault: { code: 'keys.damaged' },
      })
      expect(await codeOf(spaces.get(shed.space))).toBe('keys.damaged')
      // What has nothing to do with it goes on: words that open the others, and the others themselves.
      const { words } = await spaces.makeRecovery()
      await spaces.confirmRecovery(words)
      expect((await spaces.recovery()).spaces).toBe(1)
      await spaces.edit(orchard.space, [{ kind: 'task', id: 't1', set: { title: 'Prune' } }])

      await spaces.forget(shed.space)
      expect((await spaces.list()).map(({ title }) => title)).toEqual(['Orchard'])
      expect(await storage.keys('space-keys', { from: shed.space, to: `${shed.space}~` })).toEqual([])
      await close()
    }))

  it('leaves out one that is forgotten while it is made', () =>
    withLevel(async (storage) => {
      const { spaces, close } = await spacesOn(storage)
      const shed = await spaces.create({ title: 'Shed', name: 'Anna' })
      await spaces.create({ title: 'Orchard', name: 'Anna' })
      const [during] = await Promise.all([spaces.list(), spaces.forget(shed.space)])
      expect(during.map(({ title }) => title)).toContain('Orchard')
      expect(during.every(({ fault }) => fault === undefined)).toBe(true)
      expect((await spaces.list()).map(({ title }) => title)).toEqual(['Orchard'])
      await close()
    }))
})
