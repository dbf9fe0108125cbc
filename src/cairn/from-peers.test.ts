import { describe, expect, it } from 'vitest'
import { blobBytesKey } from '../storage/rows.ts'
import { fetchBlobs } from '../sync/blobs.ts'
import { PAGES_PROTOCOL } from '../sync/pages/protocol.ts'
import { lying } from '../sync/pages/testing/liar.ts'
import type { Job, Library } from './api.ts'
import { candidateOf, type LibraryKit, withLibrary } from './testing/library-kit.ts'

const LIKES = 'app.bsky.feed.like'
const PICTURES = 3

/** Alice posts pictures, and the friends keep her repo; `friend` keeps the pictures, too. */
async function post({ alice, friend, other, pds }: LibraryKit): Promise<string[]> {
  const cids = Array.from({ length: PICTURES }, (_, i) =>
    alice.addBlob(new TextEncoder().encode(`GIF89a ${'picture '.repeat(i * 50)}`)),
  )
  alice.commit({
    create: cids.map((cid, i) => ({
      path: `app.bsky.feed.post/picture${i}`,
      value: {
        $type: 'app.bsky.feed.post',
        image: { $type: 'blob', ref: { $link: cid }, mimeType: 'image/gif', size: 10 },
      },
    })),
  })
  await friend.backUp(alice.did)
  await other.backUp(alice.did)
  await fetchBlobs(friend.host, pds.endpoints, alice.did, friend.work())
  return cids
}

const blobJob = async ({ jobs, ended }: LibraryKit): Promise<Job> =>
  ended(jobs.list().findLast((it) => it.kind === 'blobs')?.id ?? '')
const states = async (library: Library, did: string): Promise<string[]> =>
  (await library.blobs(did, { offset: 0, limit: 10 })).items.map((it) => it.state)

describe('blobs', () => {
  it('of a friend arrive with the repo, byte for byte, while its own server is away', () =>
    withLibrary(async (kit) => {
      const { me, friend, alice, pds, library, announced, ended } = kit
      const cids = await post(kit)
      pds.offline = true
      announced.push(candidateOf(friend))
      const job = await ended((await library.backup(alice.did)).id)
      expect(job).toMatchObject({ state: 'done', result: { changed: true } })
      expect(await blobJob(kit)).toMatchObject({ state: 'done', records: PICTURES, totalRecords: PICTURES })
      for (const cid of cids)
        expect(
          Buffer.compare(
            await me.storage.readBytes(blobBytesKey(alice.did, cid)),
            alice.blobs.get(cid) ?? Buffer.of(),
          ),
        ).toBe(0)
      expect((await library.blob(alice.did, cids[0] ?? '')).type).toBe('image/gif')
    }))

  it('that its own server does not give come from peers; the others from the server', () =>
    withLibrary(async (kit) => {
      const { me, friend, alice, pds, library, announced, ended } = kit
      const cids = await post(kit)
      announced.push(candidateOf(friend))
      const [lost = ''] = cids
      const bytes = alice.blobs.get(lost)
      alice.blobs.delete(lost)
      await ended((await library.backup(alice.did)).id)
      expect(await blobJob(kit)).toMatchObject({ state: 'done' })
      expect(await states(library, alice.did)).toEqual(cids.map(() => 'kept'))
      const kept = await me.storage.readBytes(blobBytesKey(alice.did, lost))
      expect(Buffer.compare(kept, bytes ?? Buffer.of())).toBe(0)
      expect(pds.asked).toContain('getBlob')
    }))

  it('of a lying peer do not arrive, and are fetched when someone else has them', () =>
    withLibrary(async (kit) => {
      const { friend, other, alice, pds, library, announced, engine, ended } = kit
      await post(kit)
      const stop = other.net.handle(
        PAGES_PROTOCOL,
        lying(other, friend.id, ({ request, head, bytes }) => ({
          head,
          bytes: request.type === 'blob' ? bytes?.with(3, 1) : bytes,
        })),
      )
      pds.offline = true
      announced.push(candidateOf(other))
      await ended((await library.backup(alice.did)).id)
      const failed = await blobJob(kit)
      expect(failed).toMatchObject({ state: 'failed', error: { code: 'net.malformed' } })
      expect(await states(library, alice.did)).toEqual(Array.from({ length: PICTURES }, () => 'wanted'))
      stop()
      announced.splice(0, 1, candidateOf(friend))
      await engine.idle()
      expect(await ended((await library.resume(alice.did)).id)).toMatchObject({
        kind: 'blobs',
        state: 'done',
      })
      expect(await states(library, alice.did)).toEqual(Array.from({ length: PICTURES }, () => 'kept'))
    }))

  it('say why its own server did not answer, where nobody else has the repo', () =>
    withLibrary(async (kit) => {
      const { alice, pds, library, ended } = kit
      await post(kit)
      await ended((await library.backup(alice.did)).id)
      pds.offline = true
      expect(await ended((await library.fetchBlobs(alice.did)).id)).toMatchObject({
        state: 'failed',
        error: { code: 'pds.network' },
      })
    }))
})

/** Every place of a partial copy of likes, from both ends and by path. */
async function expectPlaces(library: Library, did: string, paths: readonly string[]): Promise<void> {
  const query = { did, collection: LIKES, limit: 3 }
  const total = paths.length
  const newest = paths.toReversed()
  for (let offset = 0; offset <= total; offset++) {
    const oldestFirst = await library.readPartial({ ...query, offset })
    expect(oldestFirst).toMatchObject({ total })
    expect(oldestFirst.items.map((it) => it.path)).toEqual(paths.slice(offset, offset + 3))
    const newestFirst = await library.readPartial({ ...query, offset, newestFirst: true })
    expect(newestFirst).toMatchObject({ total, next: undefined })
    expect(newestFirst.items.map((it) => it.path)).toEqual(newest.slice(offset, offset + 3))
  }
  for (const path of paths)
    expect((await library.readPartial({ ...query, path })).items.map((it) => it.path)).toEqual([path])
  for (const path of [`${LIKES}/`, `${LIKES}/3`, `${LIKES}/zzzz`])
    expect((await library.readPartial({ ...query, path })).items).toEqual([])
}

describe('a collection', () => {
  it('is kept from a friend, listed, read page by page, followed and deleted', () =>
    withLibrary(async (kit) => {
      const { me, friend, alice, pds, library, announced, engine, keepCollection, ended } = kit
      await friend.backUp(alice.did)
      pds.offline = true
      announced.push(candidateOf(friend))
      const { job } = await keepCollection(alice.did, LIKES)
      expect(await ended(job)).toMatchObject({ kind: 'collection', label: LIKES, state: 'done' })
      const likes = () => alice.repo.records.map((it) => it.path).filter((it) => it.startsWith(LIKES))
      const [copy, ...more] = await library.partials()
      expect(more).toEqual([])
      expect(copy).toMatchObject({ did: alice.did, collection: LIKES, whole: true, records: likes().length })
      // It is no backup.
      expect(await library.list()).toEqual([])

      const read = async (): Promise<string[]> => {
        const paths: string[] = []
        let after: string | undefined
        do {
          const query = { did: alice.did, collection: LIKES, limit: 4 }
          const page = await library.readPartial(after === undefined ? query : { ...query, after })
          expect(page.items.length).toBeLessThanOrEqual(4)
          for (const it of page.items)
            expect(it).toMatchObject({ collection: LIKES, value: { $type: LIKES } })
          paths.push(...page.items.map((it) => it.path))
          after = page.next
        } while (after !== undefined)
        return paths
      }
      expect(await read()).toEqual(likes())
      await expectPlaces(library, alice.did, likes())

      pds.offline = false
      alice.commit({ create: [{ path: `${LIKES}/new`, value: { $type: LIKES } }] })
      await friend.backUp(alice.did)
      await engine.meet(candidateOf(friend), [alice.did])
      await engine.idle()
      expect(await read()).toEqual(likes())
      expect((await library.partials())[0]?.rev).toBe(alice.repo.rev)

      await library.deletePartial(alice.did, LIKES)
      expect(await library.partials()).toEqual([])
      await expect(read()).rejects.toMatchObject({ code: 'sync.not-kept' })
      expect(await me.storage.byteKeys()).toEqual([])
    }))

  it('is asked for by a handle too, and read at any place of its many pages', () =>
    withLibrary(async (kit) => {
      const { friend, alice, library, announced, keepCollection, ended } = kit
      const text = 'x'.repeat(300_000)
      alice.commit({
        create: Array.from({ length: 12 }, (_, i) => ({
          path: `${LIKES}/long${String(i).padStart(2, '0')}`,
          value: { $type: LIKES, text },
        })),
      })
      await friend.backUp(alice.did)
      announced.push(candidateOf(friend))
      const { job, did } = await keepCollection(alice.handle, LIKES)
      expect(did).toBe(alice.did)
      expect(await ended(job)).toMatchObject({ did, state: 'done' })
      const paths = alice.repo.records.map((it) => it.path).filter((it) => it.startsWith(LIKES))
      await expectPlaces(library, did, paths)
    }))

  it('is nothing beside a backup, and becomes part of one', () =>
    withLibrary(async (kit) => {
      const { friend, alice, library, announced, keepCollection, ended } = kit
      await friend.backUp(alice.did)
      announced.push(candidateOf(friend))
      await ended((await keepCollection(alice.did, LIKES)).job)
      expect(await library.partials()).toHaveLength(1)
      await ended((await library.backup(alice.did)).id)
      expect(await library.partials()).toEqual([])
      await ended((await keepCollection(alice.did, LIKES)).job)
      expect(await library.partials()).toEqual([])
    }))

  it('that is none, or that nobody has, is refused', () =>
    withLibrary(async (kit) => {
      const { alice, library, keepCollection, ended } = kit
      const refused = (input: string, nsid: string, code: string) =>
        expect(keepCollection(input, nsid)).rejects.toMatchObject({ code })
      await refused(alice.did, 'likes', 'sync.bad-collection')
      await refused('alice', LIKES, 'pds.input-unsupported')
      await refused('nobody.test', LIKES, 'pds.handle-unresolved')
      expect(await ended((await keepCollection(alice.did, LIKES)).job)).toMatchObject({
        state: 'failed',
        error: { code: 'sync.no-copy' },
      })
      await expect(library.resume(alice.did)).rejects.toMatchObject({ code: 'sync.nothing-to-resume' })
    }))
})
