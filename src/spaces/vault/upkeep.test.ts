import { describe, expect, it } from 'vitest'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { formatSpaceRepo } from '../../repo/space/uri.ts'
import { createSpaceStore } from '../../storage/space/store.ts'
import { collectionOf } from '../content/ids.ts'
import { newSealedRkey, sealRecord } from '../sealing/record.ts'
import { forgetSpace, sweepSpaces } from './forget.ts'
import { sealedPath } from './places.ts'
import { createVaultRows } from './rows.ts'
import { codeOf, give, link, meet, sorted, task, withWorld } from './testing/kit.ts'

describe('a space that hides its past', () => {
  it('is known as one by who came later, whose epochs hide it too', () =>
    withWorld(async (world) => {
      const [anna, ben, cleo] = [
        await world.profile('Anna'),
        await world.profile('Ben'),
        await world.profile('Cleo'),
      ]
      const a = await anna.found({ hidePast: true })
      await a.edit([task('a', 'Secret')])
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      expect(b.row.hidePast).toBe(true)
      await b.edit([task('b', 'Open to Ben')])
      await meet(a, b)
      await a.acts.setRole(b.row.person ?? '', 'admin')
      await meet(a, b)
      const c = await cleo.join(await b.links.make(link()))
      await b.edit([task('c', 'Open to all')])
      await meet(b, c)
      expect(sorted(c)).toEqual(['Open to all'])
      expect(c.row.hidePast).toBe(true)
    }))

  it('is not one because a writer says so', () =>
    withWorld(async (world) => {
      const [anna, ben, cleo] = [
        await world.profile('Anna'),
        await world.profile('Ben'),
        await world.profile('Cleo'),
      ]
      const a = await anna.found()
      const invited = await a.links.make(link())
      const [b, c] = [await ben.join(invited), await cleo.join(invited)]
      await meet(a, b, c)
      await b.close()
      await createVaultRows(ben.storage).patch(b.row.space, { hidePast: true })
      const again = await ben.open()
      await c.acts.leave()
      await give(c, again)
      await again.edit([task('b', 'Dig')])
      await meet(a, again)
      expect(sorted(a)).toEqual(['Dig'])
      expect(a.epochs()).toHaveLength(2)
      expect(a.row.hidePast).toBe(false)
    }))
})

describe('a broken device', () => {
  it('that has one place twice shows the newer, the same to all', () =>
    withWorld(async (world) => {
      const anna = await world.profile('Anna')
      const a = await anna.found()
      await a.edit([task('t', 'Old')])
      const device = a.device()
      const { space } = a.row
      const repo = formatSpaceRepo({ space, author: device.id })
      const place = { device: device.id, collection: collectionOf('task'), rkey: 't' }
      const old = (await a.read([place])).get(place)
      await a.edit([task('t', 'New')])
      const [epoch] = a.epochs()
      const secret = await crypto.subtle.importKey('raw', new Uint8Array(epoch?.key ?? []), 'HKDF', false, [
        'deriveKey',
        'deriveBits',
      ])
      const { random } = anna.host
      const rkey = newSealedRkey(random)
      const content = { collection: collectionOf('task'), rkey: 't', value: old ?? new Uint8Array() }
      const name = Uint8Array.from((epoch?.name ?? '').match(/../g) ?? [], (it) => Number.parseInt(it, 16))
      const bytes = await sealRecord(
        { space, author: device.id, rkey },
        { epoch: name, secret },
        content,
        random,
      )
      // Past the vault, which would not do so.
      await a.close()
      const store = createSpaceStore({ ...a.repos, mayWrite: async () => true })
      await store.commit(repo, {
        changes: [{ path: sealedPath(rkey), bytes }],
        signer: device.signer,
        members: a.state().heads,
        now: world.clock.now,
      })
      const again = await anna.open()
      expect(sorted(again)).toEqual(['New'])
      await again.edit([task('t', 'Newest')])
      await anna.restart()
      expect(sorted(await anna.open())).toEqual(['Newest'])
    }))

  it('whose records are nothing harms nobody', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      const store = createSpaceStore({ ...b.repos, mayWrite: async () => true })
      const repo = formatSpaceRepo({ space: b.row.space, author: b.device().id })
      const junk = encodeDagCbor({ $type: 'junk' })
      const name = 'ab'.repeat(32)
      const paths = [
        'app.cairn.sealed/short',
        sealedPath(newSealedRkey(ben.host.random)),
        `app.cairn.space.epoch/${name}`,
        `app.cairn.space.epoch/x`,
        `app.cairn.space.wrap/${name}.${'0'.repeat(32)}`,
        'app.cairn.other/thing',
      ]
      await store.commit(repo, {
        changes: paths.map((path) => ({ path, bytes: junk })),
        signer: b.device().signer,
        members: b.state().heads,
        now: world.clock.now++,
      })
      await b.moved(b.device().id)
      await b.edit([task('b', 'Dig')])
      await give(b, a)
      expect(sorted(a)).toEqual(['Dig'])
      expect([...new Set(anna.ignored.map((it) => it.code))].sort()).toEqual([
        'spaces.epoch-malformed',
        'spaces.sealed-malformed',
      ])
    }))
})

describe('what is unsent', () => {
  it('is told by the head that others have', () =>
    withWorld(async (world) => {
      const anna = await world.profile('Anna')
      const a = await anna.found()
      const repo = formatSpaceRepo({ space: a.row.space, author: a.device().id })
      const sent = await a.store.head(repo)
      await a.edit([task('a', 'Water')])
      const text = { rkey: 'n1.3', value: new Uint8Array([0xa0]) }
      await a.write([{ collection: 'app.cairn.space.text', ...text }])
      const since = (head: typeof sent) => a.unsentItems(head && { rev: head.rev, commit: head.cid })
      expect(await since(sent)).toEqual(['note/n1', 'task/a'])
      expect(await since(await a.store.head(repo))).toEqual([])
      expect(await since(undefined)).toHaveLength(4)
    }))
})

describe('forgetting', () => {
  it('leaves nothing of a space, and sweeps what never was one', () =>
    withWorld(async (world) => {
      const anna = await world.profile('Anna')
      const [one, two] = [await anna.found({ title: 'One' }), await anna.found({ title: 'Two' })]
      await anna.close()
      expect(await sweepSpaces(anna.host)).toEqual([])
      await forgetSpace(anna.host, one.row.space)
      // Died while it was founded, or while it was forgotten.
      await createVaultRows(anna.storage).drop(two.row.space)
      expect(await sweepSpaces(anna.host)).toEqual([two.row.space])
      for (const table of ['spaces', 'space-keys', 'space-log', 'space-repos', 'space-records'] as const)
        expect(await anna.storage.list(table)).toEqual([])
    }))
})

describe('a vault', () => {
  it('whose keys are gone says so', () =>
    withWorld(async (world) => {
      const anna = await world.profile('Anna')
      const a = await anna.found()
      await anna.close()
      await anna.host.keys.forget(a.row.space)
      expect(await codeOf(anna.open(a.row))).toBe('spaces.no-keys')
    }))
})
