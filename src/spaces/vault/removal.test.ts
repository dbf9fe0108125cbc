import { describe, expect, it } from 'vitest'
import type { Vault } from './model.ts'
import {
  codeOf,
  give,
  link,
  meet,
  names,
  type Profile,
  roleIn,
  sorted,
  task,
  withWorld,
  type World,
} from './testing/kit.ts'

/** An owner, and those who came by one link, all in step. */
async function group(
  world: World,
  ...more: readonly string[]
): Promise<{ profiles: Profile[]; vaults: Vault[] }> {
  const profiles = [await world.profile('Anna')]
  const [first] = profiles
  if (first === undefined) throw new Error('nobody')
  const a = await first.found()
  await a.edit([task('first', 'Water')])
  const invited = await a.links.make(link())
  const vaults = [a]
  for (const name of more) {
    const profile = await world.profile(name)
    profiles.push(profile)
    const vault = await profile.join(invited)
    await give(a, vault)
    vaults.push(vault)
  }
  await meet(...vaults)
  return { profiles, vaults }
}

const repoOf = (vault: Vault, of: Vault = vault): string => `${vault.row.space}/${of.device().id}`

describe('a removal', () => {
  it('begins an epoch that the removed device cannot open, and everybody else can', () =>
    withWorld(async (world) => {
      const { vaults } = await group(world, 'Ben', 'Cleo')
      const [a, b, c] = vaults as [Vault, Vault, Vault]
      const before = a.epochs()[0]?.name
      // Worked out once while nothing changes.
      expect(a.epochs()).toBe(a.epochs())
      await a.acts.removePerson(b.row.person ?? '')
      expect(a.epochs()[0]?.name).not.toBe(before)
      await meet(a, c)
      await c.edit([task('c', 'Secret')])
      await meet(a, c)
      expect(sorted(a)).toEqual(['Secret', 'Water'])
      // Everything reaches the removed device, which no honest member would see to.
      await give(a, b)
      await give(c, b)
      expect(b.row.state).toBe('removed')
      expect(sorted(b)).toEqual(['Water'])
      expect(b.epochs().map((it) => it.name)).not.toContain(a.epochs()[0]?.name)
      expect(await codeOf(b.edit([task('b', 'Dig')]))).toBe('spaces.removed')
      expect(names(a)).toEqual(['Anna', 'Ben', 'Cleo'])
    }))

  it('keeps what the remover had, whatever comes after; who is removed keeps all that they wrote', () =>
    withWorld(async (world) => {
      const { vaults, profiles } = await group(world, 'Ben', 'Cleo')
      const [a, b, c] = vaults as [Vault, Vault, Vault]
      await b.edit([task('b1', 'Before')])
      await meet(a, b, c)
      await b.edit([task('b2', 'After')])
      // One member has the later work before the removal comes, the remover has not.
      await give(b, c)
      expect(sorted(c)).toEqual(['After', 'Before', 'Water'])
      await a.acts.removePerson(b.row.person ?? '')
      expect(await give(b, a)).toContain('space.not-allowed')
      await give(a, c)
      // It went back: the head that stays came from the remover.
      expect(sorted(c)).toEqual(['Before', 'Water'])
      expect((await c.store.head(repoOf(b)))?.cid).toBe((await a.store.head(repoOf(b)))?.cid)
      // Whoever is out has nothing from the others any more, and keeps what they wrote, for themselves.
      await b.learn({ operations: a.log.after([]).flatMap((cid) => a.log.operation(cid) ?? []) })
      expect(b.row.state).toBe('removed')
      expect(sorted(b)).toEqual(['After', 'Before', 'Water'])
      await profiles[1]?.restart()
      const out = await profiles[1]?.open()
      expect(out && sorted(out)).toEqual(['After', 'Before', 'Water'])
      expect(out && (await give(out, a))).toContain('space.not-allowed')
      expect(sorted(a)).toEqual(['Before', 'Water'])
      expect(profiles[2]?.ignored.map((it) => it.code)).toContain('spaces.frozen')
      // And after a restart.
      await profiles[2]?.restart()
      const again = await profiles[2]?.open()
      expect(again && sorted(again)).toEqual(['Before', 'Water'])
    }))

  it('of two people by two admins at once leaves neither able to read on', () =>
    withWorld(async (world) => {
      const { vaults } = await group(world, 'Ben', 'Cleo', 'Dan')
      const [a, b, c, d] = vaults as [Vault, Vault, Vault, Vault]
      await a.acts.setRole(b.row.person ?? '', 'admin')
      await meet(a, b, c, d)
      expect(b.role()).toBe('admin')
      await Promise.all([a.acts.removePerson(c.row.person ?? ''), b.acts.removePerson(d.row.person ?? '')])
      await Promise.all([a.edit([task('a', 'By Anna')]), b.edit([task('b', 'By Ben')])])
      await meet(a, b)
      await a.edit([task('both', 'Both')])
      await meet(a, b)
      expect(sorted(b)).toEqual(['Both', 'By Anna', 'By Ben', 'Water'])
      for (const gone of [c, d]) {
        for (const from of [a, b]) await give(from, gone)
        await meet(c, d)
        expect(sorted(gone)).not.toContain('Both')
        expect(gone.row.state).toBe('removed')
      }
    }))

  it('is the same in whatever order the parts arrive', () =>
    withWorld(async (world) => {
      const { vaults } = await group(world, 'Ben', 'Cleo', 'Dan')
      const [a, b, c, d] = vaults as [Vault, Vault, Vault, Vault]
      await b.edit([task('b1', 'Before')])
      await meet(a, b)
      await b.edit([task('b2', 'After')])
      await c.edit([task('c', 'Clear')])
      await a.acts.removePerson(b.row.person ?? '')
      await a.edit([task('a', 'Later')])
      await give(b, d)
      await give(c, d)
      await give(a, d)
      await give(a, c)
      await give(b, c)
      await meet(a, c, d)
      const wanted = ['Before', 'Clear', 'Later', 'Water']
      expect([sorted(a), sorted(c), sorted(d)]).toEqual([wanted, wanted, wanted])
    }))

  it('leaves readable to newcomers what others sealed under an epoch that the removed had made', () =>
    withWorld(async (world) => {
      const { vaults, profiles } = await group(world, 'Ben', 'Cleo', 'Dan')
      const [a, b, c, d] = vaults as [Vault, Vault, Vault, Vault]
      await a.acts.setRole(b.row.person ?? '', 'admin')
      await meet(a, b, c, d)
      // Ben makes an epoch that Cleo writes under; the owner has seen neither when Ben is removed.
      await b.acts.removePerson(d.row.person ?? '')
      await give(b, c)
      await c.edit([task('c', 'Kept')])
      await a.acts.removePerson(b.row.person ?? '')
      await meet(a, c)
      expect(sorted(a)).toEqual(['Kept', 'Water'])
      const eve = await world.profile('Eve')
      const e = await eve.join(await a.links.make(link()))
      await meet(a, e)
      await meet(c, e)
      expect(sorted(e)).toEqual(['Kept', 'Water'])
      expect(profiles).toHaveLength(4)
    }))
})

describe('a demotion', () => {
  it('makes a reader, whose work of before stays; a promotion brings back what lay aside', () =>
    withWorld(async (world) => {
      const { vaults } = await group(world, 'Ben', 'Cleo')
      const [a, b, c] = vaults as [Vault, Vault, Vault]
      await b.edit([task('b1', 'Before')])
      await meet(a, b, c)
      await b.edit([task('b2', 'Unsent')])
      await a.acts.setRole(b.row.person ?? '', 'reader')
      await give(a, b)
      expect(roleIn(b, b.row.person ?? '')).toBe('reader')
      expect(b.row.state).toBe('member')
      expect(await codeOf(b.edit([task('b3', 'No')]))).toBe('spaces.read-only')
      await meet(a, b, c)
      expect([sorted(a), sorted(b), sorted(c)]).toEqual(Array.from({ length: 3 }, () => ['Before', 'Water']))
      // Readers read on.
      await a.edit([task('a', 'News')])
      await meet(a, b)
      expect(sorted(b)).toEqual(['Before', 'News', 'Water'])
      await a.acts.setRole(b.row.person ?? '', 'writer')
      await meet(a, b, c)
      await b.edit([task('b3', 'Again')])
      await meet(a, b, c)
      const wanted = ['Again', 'Before', 'News', 'Unsent', 'Water']
      expect([sorted(a), sorted(b), sorted(c)]).toEqual([wanted, wanted, wanted])
      expect(await b.store.aside.has(repoOf(b))).toBe(false)
    }))
})

describe('leaving', () => {
  it('takes the access away and is told apart from a removal', () =>
    withWorld(async (world) => {
      const { vaults } = await group(world, 'Ben')
      const [a, b] = vaults as [Vault, Vault]
      await b.acts.leave()
      expect(b.row.state).toBe('left')
      await meet(a, b)
      expect(a.state().persons.size).toBe(1)
      await a.edit([task('a', 'Alone')])
      await give(a, b)
      expect(sorted(b)).toEqual(['Water'])
    }))
})

describe('a commit that names operations which are not here', () => {
  it('is refused with what to ask for', () =>
    withWorld(async (world) => {
      const { vaults } = await group(world, 'Ben', 'Cleo')
      const [a, b, c] = vaults as [Vault, Vault, Vault]
      await a.acts.hide('task/first', true)
      await give(a, c)
      await c.edit([task('c', 'Dig')])
      const head = await c.store.head(repoOf(c))
      const page = await c.store.page(repoOf(c), {
        after: null,
        withBytes: true,
        maxBytes: 1e9,
        maxRows: 1e9,
      })
      const changes = page.records.map(({ path, bytes }) => ({ path, bytes }))
      const taken = b.store.apply(repoOf(c), { commit: head?.commit ?? new Uint8Array(), changes, from: 'c' })
      await expect(taken).rejects.toMatchObject({
        code: 'spaces.unknown-heads',
        fields: { author: c.device().id, missing: a.state().heads },
      })
      await give(c, b)
      expect(sorted(b)).toEqual(['Dig'])
    }))
})
