import { describe, expect, it } from 'vitest'
import { FIRST_SCREEN } from './first-screens.ts'
import { withCairn } from './testing/cairn-kit.ts'

const LIKES = 'app.bsky.feed.like'

describe('the first screen of a collection', () => {
  it('is kept when it was shown, and is the same the next time', () =>
    withCairn(async ({ cairn, pds, backUp, storage }) => {
      const { did } = await pds.account({ name: 'alice', records: 600 })
      await backUp(did)
      const query = { did, collection: LIKES, offset: 0, limit: FIRST_SCREEN }
      expect(await storage.count('screens')).toBe(0)
      const shown = await cairn.library.records(query)
      expect(shown.items).toHaveLength(FIRST_SCREEN)
      await expect.poll(() => storage.keys('screens')).toEqual([`${did}/${LIKES}`])
      expect(await cairn.library.records(query)).toEqual(shown)
      expect(await cairn.library.records({ ...query, limit: 10 })).toEqual({
        ...shown,
        items: shown.items.slice(0, 10),
      })
    }))

  it('comes from its row alone', () =>
    withCairn(async ({ cairn, pds, backUp, storage }) => {
      const { did } = await pds.account({ name: 'alice', records: 600 })
      await backUp(did)
      const query = { did, collection: LIKES, offset: 0, limit: FIRST_SCREEN }
      const shown = await cairn.library.records(query)
      await expect.poll(() => storage.count('screens')).toBe(1)
      await storage.write([{ type: 'delete-bytes-range', from: 'seg/', to: 'seg0' }])
      expect(await cairn.library.records(query)).toEqual(shown)
      await expect(cairn.library.records({ ...query, offset: FIRST_SCREEN })).rejects.toMatchObject({
        code: 'storage.segment-gone',
      })
    }))

  it('of an older head says nothing', () =>
    withCairn(async ({ cairn, pds, backUp, storage }) => {
      const alice = await pds.account({ name: 'alice', records: 600 })
      await backUp(alice.did)
      const query = { did: alice.did, collection: LIKES, offset: 0, limit: FIRST_SCREEN }
      const before = await cairn.library.records(query)
      await expect.poll(() => storage.count('screens')).toBe(1)
      alice.commit({ create: 20, delete: 300 })
      await backUp(alice.did)
      const after = await cairn.library.records(query)
      expect(after.items).not.toEqual(before.items)
      expect(after).toEqual(
        await cairn.library.records({
          ...query,
          snapshot: (await cairn.library.snapshots(alice.did)).at(-1)?.id ?? '',
        }),
      )
    }))

  it('goes with its repo', () =>
    withCairn(async ({ cairn, pds, backUp, storage }) => {
      const { did } = await pds.account({ name: 'alice', records: 600 })
      await backUp(did)
      await cairn.library.records({ did, collection: LIKES, offset: 0, limit: FIRST_SCREEN })
      await expect.poll(() => storage.count('screens')).toBe(1)
      await cairn.library.deleteRepo(did)
      expect(await storage.count('screens')).toBe(0)
    }))
})
