import { describe, expect, it } from 'vitest'
import { StorageError } from '../../storage/errors.ts'
import type { Storage } from '../../storage/port.ts'
import type { Vault } from './model.ts'
import { codeOf, give, link, meet, sorted, task, withWorld, type World } from './testing/kit.ts'

/** A disk on which the next writes of a space's keys find no room, as many as that is asked for. */
function tight() {
  let left = 0
  return {
    wrap: (storage: Storage): Storage => ({
      ...storage,
      async write(ops, options) {
        if (left > 0 && ops.some((it) => it.type === 'put' && it.table === 'space-keys')) {
          left--
          throw new StorageError('storage.quota')
        }
        return storage.write(ops, options)
      },
    }),
    fill(times: number) {
      left = times
    },
    isFull: () => left > 0,
  }
}

/** A disk that gives no records, once, after the next write of a space's keys. */
function hitched() {
  let state: 'well' | 'armed' | 'hitch' = 'well'
  const check = (table: string): void => {
    if (state !== 'hitch' || table !== 'space-records') return
    state = 'well'
    throw new StorageError('storage.failed')
  }
  return {
    wrap: (storage: Storage): Storage => ({
      ...storage,
      async write(ops, options) {
        await storage.write(ops, options)
        if (state === 'armed' && ops.some((it) => it.type === 'put' && it.table === 'space-keys'))
          state = 'hitch'
      },
      async getMany(table, keys) {
        check(table)
        return storage.getMany(table, keys)
      },
      async list(table, range) {
        check(table)
        return storage.list(table, range)
      },
    }),
    arm() {
      state = 'armed'
    },
    isOver: () => state === 'well',
  }
}

/**
 * Anna and Ben; Anna has removed somebody, and what Dora wrote since then is at Ben, but for the key that opens it.
 *
 * @param disk of Ben
 */
async function waitingForKey(world: World, disk: (storage: Storage) => Storage): Promise<[Vault, Vault]> {
  const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben', disk)]
  const a = await anna.found()
  const invited = await a.links.make(link())
  const b = await ben.join(invited)
  const [c, d] = [
    await (await world.profile('Cleo')).join(invited),
    await (await world.profile('Dora')).join(invited),
  ]
  await meet(a, b, c, d)
  await a.acts.removePerson(c.row.person ?? '')
  await give(a, d)
  await d.edit([task('d', 'Water')])
  await give(d, b, (author) => author === d.device().id)
  return [a, b]
}

describe('a disk that fails for a moment', () => {
  it('takes nothing from what waited for a key', () =>
    withWorld(async (world) => {
      const disk = hitched()
      const [a, b] = await waitingForKey(world, disk.wrap)
      disk.arm()
      await codeOf(give(a, b))
      expect(disk.isOver()).toBe(true)
      await a.edit([task('a', 'Dig')])
      await give(a, b)
      expect(sorted(b)).toEqual(['Dig', 'Water'])
    }))
})

describe('a disk that is full for a moment', () => {
  it('takes nothing from what another wrote under a new key', () =>
    withWorld(async (world) => {
      const disk = tight()
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben', disk.wrap)]
      const a = await anna.found()
      const invited = await a.links.make(link())
      const b = await ben.join(invited)
      await meet(a, b)
      const c = await (await world.profile('Cleo')).join(invited)
      await meet(a, b, c)
      await a.acts.removePerson(c.row.person ?? '')
      await a.edit([task('a', 'Water')])
      disk.fill(1)
      await codeOf(give(a, b))
      expect(disk.isFull()).toBe(false)
      await a.edit([task('b', 'Dig')])
      await give(a, b)
      expect(sorted(b)).toEqual(['Dig', 'Water'])
    }))

  it('takes nothing from a repo that came for the first time', () =>
    withWorld(async (world) => {
      const disk = tight()
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben', disk.wrap)]
      const a = await anna.found()
      const invited = await a.links.make(link())
      const b = await ben.join(invited)
      const c = await (await world.profile('Cleo')).join(invited)
      await meet(a, b, c)
      const d = await (await world.profile('Dora')).join(invited)
      await meet(a, d)
      await a.acts.removePerson(c.row.person ?? '')
      // Dora hears of it, and of no key: she begins one of her own.
      await give(a, d, () => false)
      await d.edit([task('d', 'Water')])
      disk.fill(1)
      await codeOf(give(d, b))
      expect(disk.isFull()).toBe(false)
      await d.edit([task('e', 'Dig')])
      await give(d, b)
      expect(sorted(b)).toEqual(['Dig', 'Water'])
    }))

  it('takes nothing from what waited for a key', () =>
    withWorld(async (world) => {
      const disk = tight()
      const [a, b] = await waitingForKey(world, disk.wrap)
      expect(sorted(b)).toEqual([])
      disk.fill(1)
      await codeOf(give(a, b))
      expect(disk.isFull()).toBe(false)
      await a.edit([task('a', 'Dig')])
      await give(a, b)
      expect(sorted(b)).toEqual(['Dig', 'Water'])
    }))

  it('shows no less than it holds of what this device wrote under a new key', () =>
    withWorld(async (world) => {
      const disk = tight()
      const anna = await world.profile('Anna', disk.wrap)
      const a = await anna.found()
      const b = await (await world.profile('Ben')).join(await a.links.make(link()))
      await meet(a, b)
      await give(a, b)
      disk.fill(2)
      await codeOf(a.acts.removePerson(b.row.person ?? ''))
      await codeOf(a.edit([task('a', 'Water')]))
      await a.edit([task('b', 'Dig')])
      expect(disk.isFull()).toBe(false)
      const shown = sorted(a)
      await anna.restart()
      expect(shown).toEqual(sorted(await anna.open()))
    }))
})
