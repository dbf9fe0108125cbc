import { describe, expect, it } from 'vitest'
import { openCapability } from '../links/capability.ts'
import { codeOf, give, link, meet, names, sorted, task, withWorld } from './testing/kit.ts'

const HOUR = 3_600_000

describe('a join link', () => {
  it('carries the key of the epoch that is in use, for as long as it is open', () =>
    withWorld(async (world) => {
      const [anna, ben, cleo] = [
        await world.profile('Anna'),
        await world.profile('Ben'),
        await world.profile('Cleo'),
      ]
      const a = await anna.found()
      await a.edit([task('a', 'Water')])
      const invited = await a.links.make(link())
      const b = await ben.join(invited)
      await meet(a, b)
      await a.acts.removePerson(b.row.person ?? '')
      await a.edit([task('b', 'Dig')])
      // Kept over a restart; with another key by now.
      await anna.restart()
      const again = await anna.open()
      const held = (await again.links.held(invited.link)) ?? expect.fail()
      expect(held.epoch).toBe(again.epochs()[0]?.name)
      expect(held.epoch).not.toBe(invited.epoch)
      const opened = await openCapability(held.short, await again.links.seal(held))
      expect(opened).toEqual(held.capability)
      const c = await cleo.join({ ...held, capability: opened })
      await meet(again, c)
      expect(sorted(c)).toEqual(['Dig', 'Water'])
    }))

  it('that is closed lets nobody in, and a new epoch begins', () =>
    withWorld(async (world) => {
      const [anna, ben, cleo] = [
        await world.profile('Anna'),
        await world.profile('Ben'),
        await world.profile('Cleo'),
      ]
      const a = await anna.found()
      const invited = await a.links.make(link())
      const b = await ben.join(invited)
      await meet(a, b)
      const before = a.epochs()[0]?.name
      await a.links.close(invited.link)
      expect(a.epochs()[0]?.name).not.toBe(before)
      expect(await a.links.held(invited.link)).toBeUndefined()
      await a.edit([task('a', 'Water')])
      const c = await cleo.join(invited)
      await meet(a, b, c)
      expect(c.row.state).toBe('asked')
      // The link was closed before the newcomer came: there is nothing by which to come in.
      expect(sorted(c)).toEqual([])
      expect(sorted(b)).toEqual(['Water'])
      expect(names(a)).toEqual(['Anna', 'Ben'])
      expect(await codeOf(a.links.close('did:key:zDnnone'))).toBe('spaces.no-link')
    }))

  it('is closed by the device of an admin once it is used up or over', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const once = await a.links.make(link({ uses: 1 }))
      const short = await a.links.make(link({ expires: world.clock.now + HOUR }))
      expect(await a.links.closeDue(world.clock.now)).toEqual([])
      const b = await ben.join(once)
      await meet(a, b)
      expect(b.role()).toBe('writer')
      expect(await b.links.closeDue(world.clock.now)).toEqual([])
      expect(await a.links.closeDue(world.clock.now)).toEqual([once.link])
      world.clock.now += HOUR
      expect(await a.links.closeDue(world.clock.now)).toEqual([short.link])
      expect(await a.links.closeDue(world.clock.now)).toEqual([])
      await meet(a, b)
      expect(b.role()).toBe('writer')
      await b.edit([task('b', 'Dig')])
      await meet(a, b)
      expect(sorted(a)).toEqual(['Dig'])
    }))

  it('of a space that hides its past shows nothing from before it was made', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found({ hidePast: true })
      await a.edit([task('a', 'Secret')])
      const invited = await a.links.make(link())
      await a.edit([task('b', 'Open')])
      const b = await ben.join(invited)
      await meet(a, b)
      expect(sorted(b)).toEqual(['Open'])
      expect(sorted(a)).toEqual(['Open', 'Secret'])
    }))
})

describe('who was put out', () => {
  it('comes in again by a new link as somebody new', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      const first = b.device().id
      await b.edit([task('b', 'Dig')])
      await meet(a, b)
      await a.acts.removePerson(first)
      await give(a, b)
      expect(b.row.state).toBe('removed')
      const next = await a.links.make(link())
      await b.close()
      const again = await ben.join(next, 'Benno')
      expect(again.device().id).not.toBe(first)
      await meet(a, again)
      expect(again.row).toMatchObject({ state: 'member', former: [first] })
      await again.edit([task('c', 'Rake')])
      await meet(a, again)
      expect(sorted(a)).toEqual(['Dig', 'Rake'])
      expect(names(a)).toEqual(['Anna', 'Ben', 'Benno'])
    }))
})
