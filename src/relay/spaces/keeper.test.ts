import { describe, expect, it } from 'vitest'
import { contentOf, put } from '../../storage/space/testing/kit.ts'
import { bring, keepFor, withKeeper } from './testing/keeper-kit.ts'
import { foundGroup, headOf, linkActs, roleAct, testDevice } from './testing/member-kit.ts'

const [anna, ben, eve] = [testDevice('anna'), testDevice('ben'), testDevice('eve')]

describe('a space that a member asks for', () => {
  it('is kept when its log knows who asked, over a restart, and not before', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper } = await open()
      const group = await foundGroup(await storage(), 'a')
      const { space } = group.log
      expect(keeper.find(space)).toBeUndefined()
      expect(await keepFor(keeper, group)).toBe('kept')
      const replica = keeper.find(space)
      expect(keeper.find(space)).toBe(replica)
      expect(replica?.log.digest()).toEqual(group.log.digest())
      expect(replica?.prove).toBeUndefined()
      await group.write([put(1, 1), put(2, 2)])
      expect(await bring(keeper, group)).toBe(true)
      expect(keeper.usage()).toMatchObject({ spaces: 1 })
      const { bytes } = keeper.usage()
      const again = await open()
      expect(again.keeper.usage()).toEqual({ spaces: 1, bytes })
      const found = again.keeper.find(space)
      expect(found?.log.digest()).toEqual(group.log.digest())
      if (found === undefined) throw new Error('not kept')
      expect(await contentOf(found.repos, group.repo)).toEqual(await contentOf(group.repos, group.repo))
    }))

  it('is forgotten with all its rows when who asked is nobody in it', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper, store } = await open()
      const group = await foundGroup(await storage(), 'a')
      const stranger = { ...group, device: eve }
      expect(await keepFor(keeper, stranger)).toBe('not-known')
      expect(keeper.usage()).toEqual({ spaces: 0, bytes: 0 })
      for (const table of ['spaces', 'space-log'] as const)
        expect(await store.storage.keys(table)).toEqual([])
      expect(await keepFor(keeper, group)).toBe('kept')
    }))

  it('cannot be held by a false root, nor by one whose log never comes', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper } = await open()
      const [group, other] = [await foundGroup(await storage(), 'a'), await foundGroup(await storage(), 'b')]
      const { space } = group.log
      const false_ = await keeper.keep({
        ...{ peer: 'squatter', key: eve.id, space, root: other.log.root, token: undefined },
      })
      if (typeof false_ === 'string') throw new Error(false_)
      expect((await false_.replica.log.add(group.all())).changed).toBe(false)
      expect(await keepFor(keeper, group)).toBe('kept')
      // What the other still holds writes nothing any more.
      await expect(false_.replica.log.add(group.all())).rejects.toMatchObject({ code: 'store.not-kept' })
      await false_.abandon()
      expect(keeper.find(space)?.log.root).toBe(group.log.root)
      const late = { peer: 'squatter', key: eve.id, space, root: other.log.root, token: undefined }
      expect(await keeper.keep(late)).toBe('denied')
    }))

  it('is gone after a restart when nobody had given its log', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper } = await open()
      const group = await foundGroup(await storage(), 'a')
      const { space, root } = group.log
      const keeping = await keeper.keep({ peer: 'p', key: group.device.id, space, root, token: undefined })
      expect(typeof keeping).toBe('object')
      const again = await open()
      expect(await again.store.storage.keys('spaces')).toEqual([])
    }))

  it('is none without a group’s authority', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper, store } = await open()
      const group = await foundGroup(await storage(), 'a')
      const { root } = group.log
      const space = 'at://did:web:example.org/space/app.cairn.group/a'
      expect(await keeper.keep({ peer: 'p', key: group.device.id, space, root, token: undefined })).toBe(
        'denied',
      )
      expect(await store.storage.keys('spaces')).toEqual([])
    }))

  it('is kept for who may ask: a token, a list', () =>
    withKeeper(async ({ open, storage }) => {
      const token = 'a secret of sixteen'
      const group = await foundGroup(await storage(), 'a')
      const closed = await open({ admission: { mode: 'token', tokens: [token] } })
      expect(await keepFor(closed.keeper, group)).toBe('denied')
      expect(await keepFor(closed.keeper, group, { token })).toBe('kept')
      const [, , did = ''] = group.log.space.split('/')
      const listed = await open({ admission: { mode: 'allow-list', peers: ['p'], dids: [did] } })
      expect(await keepFor(listed.keeper, group)).toBe('kept')
      const other = await foundGroup(await storage(), 'b')
      expect(await keepFor(listed.keeper, other)).toBe('denied')
      expect(await keepFor(listed.keeper, other, { peer: 'p' })).toBe('kept')
    }))
})

describe('who may read', () => {
  it('is a device with a role now, and a live link; nobody else', () =>
    withKeeper(async ({ open, storage, time }) => {
      const { keeper } = await open()
      const group = await foundGroup(await storage(), 'a')
      await group.act(roleAct(anna.id, 'reader'))
      const links = await linkActs(group, time.now + 10_000)
      await group.act(links.open)
      expect(await keepFor(keeper, group)).toBe('kept')
      const replica = keeper.find(group.log.space)
      if (replica === undefined) throw new Error('not kept')
      const may = (key: string): boolean => replica.mayRead(key)
      expect([group.device.id, anna.id, links.signer.id, eve.id].map(may)).toEqual([true, true, true, false])
      await replica.log.add({ operations: [await group.act(roleAct(anna.id, 'none'))] })
      expect([anna.id, group.device.id].map(may)).toEqual([false, true])
      time.now += 10_000
      expect(may(links.signer.id)).toBe(false)
    }))

  it('is no link that was closed', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper } = await open()
      const group = await foundGroup(await storage(), 'a')
      const links = await linkActs(group)
      await group.act(links.open)
      await keepFor(keeper, group)
      const replica = keeper.find(group.log.space)
      expect(replica?.mayRead(links.signer.id)).toBe(true)
      await replica?.log.add({ operations: [await group.act(links.close)] })
      expect(replica?.mayRead(links.signer.id)).toBe(false)
    }))
})

describe('what is written', () => {
  it('is only what its author may', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper } = await open()
      const group = await foundGroup(await storage(), 'a')
      await group.act(roleAct(anna.id, 'reader'))
      await group.act(roleAct(ben.id, 'writer'))
      await keepFor(keeper, group)
      const reader = await group.beside(await storage(), anna)
      const writer = await group.beside(await storage(), ben)
      await writer.write([put(1, 1)])
      expect(await bring(keeper, writer)).toBe(true)
      // A device that counts its own work, whatever the members say.
      await expect(reader.write([put(1, 1)])).rejects.toMatchObject({ code: 'space.not-allowed' })
    }))

  it('goes when its author turns out to have been stopped before it', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper } = await open()
      const group = await foundGroup(await storage(), 'a')
      await group.act(roleAct(ben.id, 'writer'))
      await keepFor(keeper, group)
      const writer = await group.beside(await storage(), ben)
      await writer.write([put(1, 1)])
      const stays = await headOf(writer)
      await group.write([put(9, 9)])
      await bring(keeper, group)
      await writer.write([put(2, 2)])
      await bring(keeper, writer)
      const replica = keeper.find(group.log.space)
      if (replica === undefined) throw new Error('not kept')
      expect((await replica.repos.head(writer.repo))?.cid).not.toBe(stays.commit)
      await replica.log.add({ operations: [await group.act(roleAct(ben.id, 'none', [stays]))] })
      await keeper.idle()
      expect(await replica.repos.head(writer.repo)).toBeUndefined()
      expect(await replica.repos.head(group.repo)).toBeDefined()
      await expect(bring(keeper, writer)).rejects.toMatchObject({ code: 'space.not-allowed' })
    }))

  it('is bounded: bytes of a space, its repos, its log', () =>
    withKeeper(async ({ open, storage }) => {
      const group = await foundGroup(await storage(), 'a')
      await group.act(roleAct(ben.id, 'writer'))
      const writer = await group.beside(await storage(), ben)
      await writer.write([put(1, 1)])
      await group.write([put(1, 1, 30_000)])
      const small = await open({ limits: { bytesPerSpace: 20_000 } })
      expect(await keepFor(small.keeper, group)).toBe('kept')
      await expect(bring(small.keeper, group)).rejects.toMatchObject({ code: 'store.quota' })
      expect(await bring(small.keeper, writer)).toBe(true)
      const few = await open({ limits: { reposPerSpace: 1 } })
      await expect(bring(few.keeper, group)).rejects.toMatchObject({ code: 'store.quota' })
      const held = group.log.bytes
      const short = await open({ limits: { logBytesPerSpace: group.log.bytes + 10 } })
      const operations = [await group.act(roleAct(anna.id, 'reader'))]
      const added = await short.keeper.find(group.log.space)?.log.add({ operations })
      const refused = { changed: false, refused: [{ what: 'operation', code: 'store.quota' }], missing: [] }
      expect(added).toEqual(refused)
      const crowded = await open({ limits: { logBytes: held } })
      expect(await crowded.keeper.find(group.log.space)?.log.add({ operations })).toEqual(refused)
    }))

  it('of all spaces is bounded by the store', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper } = await open({ bytes: 100_000 })
      const group = await foundGroup(await storage(), 'a')
      await group.write([put(1, 1, 60_000)])
      await keepFor(keeper, group)
      await expect(bring(keeper, group)).rejects.toMatchObject({ code: 'store.full' })
      expect(keeper.usage().bytes).toBeLessThan(10_000)
    }))
})
