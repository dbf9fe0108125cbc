import { describe, expect, it } from 'vitest'
import { codeOf, give, link, meet, names, sorted, task, withWorld } from './testing/kit.ts'
import { createVaultRows } from './rows.ts'

describe('a space on one device', () => {
  it('is founded, written to, and opened again', () =>
    withWorld(async (world) => {
      const anna = await world.profile('Anna')
      const vault = await anna.found({ title: 'Garden' })
      expect(vault.row).toMatchObject({ title: 'Garden', state: 'member', person: vault.device().id })
      expect(vault.role()).toBe('admin')
      expect(await vault.isOwner()).toBe(true)
      expect(names(vault)).toEqual(['Anna'])
      await Promise.all([
        vault.edit([task('a', 'Water')]),
        vault.edit([task('b', 'Dig')]),
        vault.write([{ collection: 'app.cairn.space.text', rkey: 'n1', value: new Uint8Array([0xa0]) }]),
      ])
      await vault.edit([{ kind: 'space', id: 'space', set: { title: 'Orchard' } }])
      expect((await createVaultRows(anna.storage).get(vault.row.space))?.title).toBe('Orchard')
      const { space } = vault.row
      const before = await vault.store.head(`${space}/${vault.device().id}`)
      await anna.restart()
      const again = await anna.open()
      expect(sorted(again)).toEqual(['Dig', 'Water'])
      expect(names(again)).toEqual(['Anna'])
      expect(await again.read(again.device().id, 'app.cairn.space.text', 'n1')).toEqual(
        new Uint8Array([0xa0]),
      )
      expect(await again.list('app.cairn.space.text', 'n')).toHaveLength(1)
      expect(again.epochs()).toHaveLength(1)
      // Nothing was written by opening it.
      expect((await again.store.head(`${space}/${again.device().id}`))?.cid).toBe(before?.cid)
      expect(anna.ignored).toEqual([])
    }))

  it('comes with one commit for what was asked for while another was written', () =>
    withWorld(async (world) => {
      const anna = await world.profile('Anna')
      const vault = await anna.found()
      const repo = `${vault.row.space}/${vault.device().id}`
      const before = (await vault.store.head(repo))?.held ?? 0
      const edits = Array.from({ length: 20 }, (_, n) => vault.edit([task(`t${n}`, `Task ${n}`)]))
      await Promise.all(edits)
      const after = (await vault.store.head(repo))?.held ?? 0
      expect(after - before).toBeLessThanOrEqual(2)
      expect(sorted(vault)).toHaveLength(20)
    }))

  it('fails the one edit that is at fault', () =>
    withWorld(async (world) => {
      const anna = await world.profile('Anna')
      const vault = await anna.found()
      const good = vault.edit([task('a', 'Water')])
      const bad = vault.edit([task('b', 'x'.repeat(1000))])
      const more = vault.edit([task('c', 'Dig')])
      expect(await Promise.all([codeOf(good), codeOf(bad), codeOf(more)])).toEqual([
        'none',
        'content.invalid',
        'none',
      ])
      expect(sorted(vault)).toEqual(['Dig', 'Water'])
    }))
})

describe('joining by a link', () => {
  it('lets a writer in with no admin there, and both see the same', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      await a.edit([task('a', 'Water')])
      const invited = await a.links.make(link())
      const b = await ben.join(invited)
      expect(b.row.state).toBe('asked')
      expect((await b.prover()).id).toBe(invited.link)
      await give(a, b)
      expect(b.row).toMatchObject({ state: 'member', person: b.device().id })
      expect((await b.prover()).id).toBe(b.device().id)
      expect(b.role()).toBe('writer')
      expect(sorted(b)).toEqual(['Water'])
      expect(names(b)).toEqual(['Anna', 'Ben'])
      await b.edit([task('b', 'Dig')])
      await meet(a, b)
      expect(sorted(a)).toEqual(['Dig', 'Water'])
      expect(names(a)).toEqual(['Anna', 'Ben'])
      // The key that came with the link is enough: no epoch was made.
      expect(a.epochs()).toHaveLength(1)
      expect(b.epochs()).toHaveLength(1)
      expect([...anna.ignored, ...ben.ignored]).toEqual([])
      expect((await createVaultRows(ben.storage).list())[0]).toMatchObject({
        state: 'member',
        title: 'Garden',
      })
    }))

  it('waits for an admin where the link says so', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      await a.edit([task('a', 'Water')])
      const b = await ben.join(await a.links.make(link({ approval: true })))
      await meet(a, b)
      expect(b.row.state).toBe('asked')
      expect(sorted(b)).toEqual([])
      expect(await codeOf(b.edit([task('b', 'Dig')]))).toBe('spaces.no-person')
      const [ask] = a.state().asks
      await a.links.admit(ask?.id ?? '', 'writer')
      await meet(a, b)
      expect(b.row.state).toBe('member')
      expect(sorted(b)).toEqual(['Water'])
      expect(names(a)).toEqual(['Anna', 'Ben'])
      expect(await codeOf(a.links.decline(ask?.id ?? ''))).toBe('spaces.no-request')
    }))

  it('shows a reader everything and lets them write nothing', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      await a.edit([task('a', 'Water')])
      const b = await ben.join(await a.links.make(link({ role: 'reader' })))
      await meet(a, b)
      expect(sorted(b)).toEqual(['Water'])
      expect(await codeOf(b.edit([task('b', 'Dig')]))).toBe('spaces.read-only')
      expect(await b.store.head(`${b.row.space}/${b.device().id}`)).toBeUndefined()
    }))
})
