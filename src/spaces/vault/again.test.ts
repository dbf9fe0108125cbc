import { describe, expect, it } from 'vitest'
import { takeUpOffer } from './device-offer.ts'
import type { HeldLink } from './links.ts'
import type { Vault } from './model.ts'
import { takeBack } from './newcomer.ts'
import { codeOf, give, link, meet, type Profile, sorted, task, withWorld, type World } from './testing/kit.ts'

/** Ben was let in by Anna, wrote something, and was removed. */
async function removed(
  world: World,
): Promise<{ readonly ben: Profile; readonly a: Vault; readonly next: HeldLink }> {
  const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
  const a = await anna.found()
  const b = await ben.join(await a.links.make(link()))
  await meet(a, b)
  await b.edit([task('b', 'Dig')])
  await meet(a, b)
  await a.acts.removePerson(b.device().id)
  await give(a, b)
  expect(b.row.state).toBe('removed')
  await b.close()
  return { ben, a, next: await a.links.make(link()) }
}

describe('who was put out and asks in vain', () => {
  it('has what they had when the link lets nobody in', () =>
    withWorld(async (world) => {
      const { ben, a, next } = await removed(world)
      const before = (await ben.open()).row
      await ben.close()
      const again = await ben.join(next)
      expect(again.row).toMatchObject({ state: 'asked', was: before })
      expect(sorted(again)).toEqual(['Dig'])
      await a.links.close(next.link)
      await give(a, again)
      expect(again.joinFault()).toBe('closed')
      expect(again.row).toEqual({ ...before, was: undefined })
      expect(sorted(again)).toEqual(['Dig'])
      await ben.restart()
      const later = await ben.open()
      expect([later.row.state, later.row.device]).toEqual(['removed', before.device])
      expect(sorted(later)).toEqual(['Dig'])
    }))

  it('has nothing to go back to once they are in', () =>
    withWorld(async (world) => {
      const { ben, a, next } = await removed(world)
      const again = await ben.join(next)
      await meet(a, again)
      expect(again.row.state).toBe('member')
      expect(again.row.was).toBeUndefined()
    }))

  it('has what they had when no device answers', () =>
    withWorld(async (world) => {
      const { ben, a } = await removed(world)
      const before = (await ben.open()).row
      await ben.close()
      const offer = await a.deviceOffer({ expires: world.clock.now + 1000, withAuthority: false })
      await takeUpOffer(ben.host, offer)
      expect(await takeBack(ben.host, offer.space)).toBe(true)
      const later = await ben.open()
      expect(later.row).toEqual(before)
      expect(sorted(later)).toEqual(['Dig'])
    }))

  it('goes on waiting by the link that they opened before', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const invited = await a.links.make(link())
      await (await ben.join(invited)).close()
      const offer = await a.deviceOffer({ expires: world.clock.now + 1000, withAuthority: false })
      await takeUpOffer(ben.host, offer)
      expect(await takeBack(ben.host, offer.space)).toBe(true)
      const b = await ben.open()
      await meet(a, b)
      expect(b.row.state).toBe('member')
    }))
})

describe('a copy that is kept', () => {
  it('is not given another beginning by whoever knows its address', () =>
    withWorld(async (world) => {
      const { ben, a, next } = await removed(world)
      const root = a.log.after([])[1] ?? ''
      const capability = { ...next.capability, root }
      expect(await codeOf(ben.join({ ...next, capability }))).toBe('spaces.join-other')
      const offer = { ...(await a.deviceOffer({ expires: world.clock.now, withAuthority: false })), root }
      expect(await codeOf(takeUpOffer(ben.host, offer))).toBe('spaces.join-other')
      const later = await ben.open()
      expect(later.row).toMatchObject({ state: 'removed', root: a.row.root })
      expect(sorted(later)).toEqual(['Dig'])
    }))

  it('keeps the keys that were proven, whatever a link says', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const invited = await a.links.make(link())
      const b = await ben.join(invited)
      await meet(a, b)
      await a.edit([task('a', 'Water')])
      await meet(a, b)
      expect(sorted(b)).toEqual(['Water'])
      await a.acts.removePerson(b.device().id)
      await give(a, b)
      await b.close()
      const { epoch } = invited.capability
      const capability = { ...invited.capability, epoch: epoch && { ...epoch, key: new Uint8Array(32) } }
      await (await ben.join({ ...invited, capability })).close()
      await ben.restart()
      expect(sorted(await ben.open())).toEqual(['Water'])
    }))
})
