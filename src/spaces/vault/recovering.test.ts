import { describe, expect, it } from 'vitest'
import { createPrng } from '../../repo/testing/prng.ts'
import { seedDevice } from '../keys/recovery-device.ts'
import { createLinkKey } from '../links/link-key.ts'
import { signConsent } from '../members/consent.ts'
import type { Vault } from './model.ts'
import { takeUpRecovery } from './recovering.ts'
import { AUTHORITY } from './sign-act.ts'
import { meet, type Profile, sorted, task, withWorld } from './testing/kit.ts'

const seed = createPrng('recovery seed').bytes(32)

/** The recovery's device becomes one of this person's. */
async function enrol(vault: Vault): Promise<string> {
  const { id, signer, card } = await seedDevice(seed, vault.row.space)
  const person = vault.row.person ?? ''
  const names = { space: vault.row.space, by: vault.device().id, person, device: id }
  await vault.acts.addDevice(id, await signConsent(names, signer))
  await vault.learn({ cards: [card] })
  return id
}

const takeUp = async (profile: Profile, from: Vault, authority?: Uint8Array) => {
  const { space, root, title, relays } = from.row
  return profile.open(await takeUpRecovery(profile.host, { space, root, title, relays, seed, authority }))
}

describe('a vault that is opened by a recovery', () => {
  it('acts as its device until it is one of its own, and reads what was sealed for that', () =>
    withWorld(async (world) => {
      const [anna, fresh] = [await world.profile('Anna'), await world.profile('Fresh')]
      const a = await anna.found()
      await a.edit([task('early', 'Before')])
      const id = await enrol(a)
      await a.edit([task('late', 'After')])
      const authority = await anna.host.keys.secret(a.row.space, AUTHORITY)

      const f = await takeUp(fresh, a, authority)
      expect([f.recovery(), f.role(), f.row.state]).toEqual(['waits', 'none', 'asked'])
      expect((await f.prover()).id).toBe(id)
      // Operations come first; a stop in between changes nothing.
      const operations = a.log.after([]).flatMap((cid) => a.log.operation(cid) ?? [])
      await f.learn({ operations, cards: [...a.log.cards().values()] })
      expect([f.recovery(), f.role(), f.row.state]).toEqual(['in', 'admin', 'member'])
      expect(f.row.person).toBe(a.row.person)
      await fresh.restart()
      const again = await fresh.open()
      // Others know of the recovery's device alone.
      expect((await again.prover()).id).toBe(id)
      await meet(a, again)
      expect(sorted(again)).toEqual(['After', 'Before'])
      expect(await again.isOwner()).toBe(true)
      expect(again.actsAsSelf()).toBe(false)
      expect(await again.actAsSelf()).toBe(true)
      expect(again.recovery()).toBeUndefined()
      expect((await again.prover()).id).toBe(again.device().id)
      expect(again.device().id).not.toBe(id)
      await again.edit([task('new', 'New')])
      await meet(a, again)
      expect(sorted(a)).toEqual(['After', 'Before', 'New'])
      expect(a.state().persons.get(a.row.person ?? '')?.devices).toEqual(
        [a.device().id, id, again.device().id].sort(),
      )
      // What is sealed from now on is for this device too, without the recovery's.
      await fresh.restart()
      const later = await fresh.open()
      await a.acts.dropDevice(id)
      await a.edit([task('last', 'Last')])
      await meet(a, later)
      expect(sorted(later)).toEqual(['After', 'Before', 'Last', 'New'])
    }))

  it('reads the past of a space that hides it, as the person did', () =>
    withWorld(async (world) => {
      const [anna, fresh] = [await world.profile('Anna'), await world.profile('Fresh')]
      const a = await anna.found({ hidePast: true })
      await a.edit([task('early', 'Before')])
      await enrol(a)
      await a.edit([task('late', 'After')])
      const f = await takeUp(fresh, a)
      await meet(a, f)
      expect(sorted(f)).toEqual(['After', 'Before'])
      expect(await f.actAsSelf()).toBe(true)
    }))

  it('is refused once the recovery was removed', () =>
    withWorld(async (world) => {
      const [anna, fresh] = [await world.profile('Anna'), await world.profile('Fresh')]
      const a = await anna.found()
      const id = await enrol(a)
      await a.acts.dropDevice(id)
      const f = await takeUp(fresh, a)
      await meet(a, f)
      expect([f.recovery(), f.role()]).toEqual(['refused', 'none'])
    }))

  it("takes no other space's authority, and changes nothing for a member", () =>
    withWorld(async (world) => {
      const [anna, fresh] = [await world.profile('Anna'), await world.profile('Fresh')]
      const a = await anna.found()
      await enrol(a)
      const strange = createLinkKey((length) => createPrng('strange').bytes(length))
      const f = await takeUp(fresh, a, strange)
      await meet(a, f)
      expect(await f.isOwner()).toBe(false)
      const before = a.row
      const { space, root, title, relays } = before
      expect(
        await takeUpRecovery(anna.host, { space, root, title, relays, seed, authority: strange }),
      ).toEqual(before)
      expect(await a.isOwner()).toBe(true)
    }))
})
