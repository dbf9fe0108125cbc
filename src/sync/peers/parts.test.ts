import { describe, expect, it } from 'vitest'
import { blobBytesKey, blobKey } from '../../storage/rows.ts'
import { type BlobRow, unknownBlob } from '../blob-rows.ts'
import { fetchBlobs } from '../blobs.ts'
import { deleteCollection, deleteRepo } from '../keep.ts'
import { partialRow } from '../pages/partial-rows.ts'
import { readPartial } from '../pages/read-partial.ts'
import { pullCollection } from '../pages/pull-collection.ts'
import { copyRows } from './copy-rows.ts'
import { type EngineKit, lies, withEngine } from './testing/engine-kit.ts'

const LIKES = 'app.bsky.feed.like'

describe('a partial copy', () => {
  /** `d` keeps the likes only. */
  const keepLikes = async ({ a, d, pds, alice }: EngineKit): Promise<void> => {
    await pullCollection(d.host, pds.endpoints, {
      ...{ did: alice.did, collection: LIKES, sources: [a.source(d)], work: d.work(), label: '' },
    })
    d.serve()
  }

  it('is seen, and taken for no whole one', () =>
    withEngine(async (kit) => {
      const { b, d, alice, engine, announced, candidate, pulls, meet, row, rev } = kit
      await keepLikes(kit)
      const before = await rev()
      await meet(d)
      expect(await row(d)).toMatchObject({
        partial: true,
        rev: alice.repo.rev,
        collections: [{ nsid: LIKES, rev: alice.repo.rev }],
      })
      expect(pulls).toEqual([])
      expect(await rev()).toBe(before)
      announced.push(candidate(d))
      await expect(engine.fetch(alice.did, b.work())).rejects.toMatchObject({ code: 'sync.no-copy' })
      await expect(kit.calls.pull([candidate(d)], alice.did, b.work())).rejects.toMatchObject({
        code: 'net.refused',
        fields: { peer: d.id, reason: 'not-kept' },
      })
    }))

  it('comes from another partial copy, follows the head, and ends when it is deleted', () =>
    withEngine(async (kit) => {
      const { a, b, d, alice, engine, announced, candidate, pulls, meet } = kit
      await keepLikes(kit)
      await deleteRepo(b.storage, alice.did, b.work())
      announced.push(candidate(d))
      const { row, way } = await engine.fetchCollection(alice.did, LIKES, b.work())
      expect(way).toEqual({ peer: d.id, rung: 'pages', resumed: false, tried: [] })
      const paths = async (): Promise<string[]> => {
        const now = await partialRow(b.storage, alice.did, LIKES)
        const out: string[] = []
        if (now !== undefined) for await (const it of readPartial(b.host, now)) out.push(it.path)
        return out
      }
      const likes = () => alice.repo.records.map((it) => it.path).filter((it) => it.startsWith(`${LIKES}/`))
      expect(row).toMatchObject({ rev: alice.repo.rev, signature: 'current-key', whole: true })
      expect(await paths()).toEqual(likes())
      expect((await copyRows(b.storage, alice.did)).map((it) => [it.peer, it.partial])).toEqual([
        [d.id, true],
      ])
      await meet(d)
      expect(pulls).toEqual([])

      alice.commit({ create: [{ path: `${LIKES}/new`, value: { $type: LIKES } }] })
      await a.backUp(alice.did)
      await meet(a)
      expect(pulls).toEqual(['done'])
      expect(await paths()).toEqual(likes())
      expect(likes()).toContain(`${LIKES}/new`)

      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      await deleteCollection(b.storage, alice.did, LIKES, b.work())
      expect(await copyRows(b.storage, alice.did)).toEqual([])
      await meet(a)
      expect(pulls).toEqual(['done'])
      expect(await copyRows(b.storage, alice.did)).toEqual([])
      expect(await b.storage.byteKeys({ from: 'part/', to: 'part0' })).toEqual([])
      expect(await b.storage.list('identities')).toEqual([])
    }))
})

describe('blobs', () => {
  it('come from peers that keep the repo; bytes that are others are refused, and cost a back-off', () =>
    withEngine(async (kit) => {
      const { a, b, c, pds, alice, engine, meet, row } = kit
      const bytes = new Uint8Array(3000).map((_, i) => i * 7)
      const cid = alice.addBlob(bytes)
      await fetchBlobs(a.host, pds.endpoints, alice.did, a.work())
      pds.offline = true
      lies(c, a, ({ request, head, bytes: sent }) => ({
        head,
        bytes: request.type === 'blob' ? sent?.with(5, 0xff) : sent,
      }))
      // Of the repo it sends the truth.
      await meet(c)
      expect(await row(c)).toMatchObject({ rev: alice.repo.rev, failures: 0 })
      const key = blobKey(alice.did, cid)
      await b.storage.write([{ type: 'put', table: 'blobs', key, value: unknownBlob(cid) }])
      const asked = engine.fetchBlobs(alice.did, b.work())
      await expect(asked).rejects.toMatchObject({ code: 'net.malformed', fields: { peer: c.id } })
      expect(((await b.storage.get('blobs', key)) as BlobRow).state).toBe('wanted')
      expect(await row(c)).toMatchObject({ failures: 1, failure: 'net.malformed' })
      // While it is left alone there is nobody to ask.
      await expect(engine.fetchBlobs(alice.did, b.work())).rejects.toMatchObject({ code: 'sync.no-copy' })
      await meet(a)
      expect(await engine.fetchBlobs(alice.did, b.work())).toEqual({
        ...{ fetched: 1, missing: 0, failed: 0 },
        from: [a.id],
      })
      expect(Buffer.compare(await b.storage.readBytes(blobBytesKey(alice.did, cid)), bytes)).toBe(0)
    }))

  it('are asked of nobody who is not there', () =>
    withEngine(async ({ b, alice, engine }) => {
      await expect(engine.fetchBlobs(alice.did, b.work())).rejects.toMatchObject({ code: 'sync.no-copy' })
    }))
})
