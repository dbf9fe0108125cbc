import { describe, expect, it } from 'vitest'
import type { Storage } from '../../storage/port.ts'
import { blobKey } from '../../storage/rows.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import type { BlobRow } from '../../sync/blobs.ts'
import { createBlobNotes } from './blob-notes.ts'

const did = 'did:plc:abc'
const cid = 'bafkreifo3vm5vpjygqu63rdpu5ekp4ejcvbe2x3eu6ribvvqz7epv5vnme'
const ref = { cid, mimeType: 'image/png', size: 3 }
const kept: BlobRow = {
  cid,
  state: 'kept',
  bytes: 3,
  declaredType: undefined,
  imageType: 'image/png',
  paths: [],
}

const put = (storage: Storage, table: 'repos' | 'blobs', key: string, value: unknown): Promise<void> =>
  storage.write([{ type: 'put', table, key, value }])

describe('noting a blob', () => {
  it.each([
    ['was not known', undefined],
    ['was wanted', { ...kept, state: 'wanted', bytes: undefined, imageType: undefined } satisfies BlobRow],
  ])('that %s, while it is being kept, leaves it kept', async (_name, before) => {
    await withLevel(async (storage) => {
      await put(storage, 'repos', did, {})
      if (before !== undefined) await put(storage, 'blobs', blobKey(did, cid), before)
      let reads = 0
      const raced: Storage = {
        ...storage,
        async getMany(table, keys) {
          const rows = await storage.getMany(table, keys)
          // Between our reading and our writing, the blob comes in.
          if (++reads === 1) await put(storage, 'blobs', blobKey(did, cid), kept)
          return rows
        },
      }
      const notes = createBlobNotes(raced, did)
      notes.add('a.b.c/1', [ref])
      await notes.write()
      expect(reads).toBe(2)
      expect(await storage.get('blobs', blobKey(did, cid))).toEqual({
        ...kept,
        declaredType: 'image/png',
        declaredBytes: 3,
        paths: ['a.b.c/1'],
      })
    })
  })

  it('twice changes nothing, and keeps at most five records', async () => {
    await withLevel(async (storage) => {
      await put(storage, 'repos', did, {})
      for (let round = 0; round < 2; round++) {
        const notes = createBlobNotes(storage, did)
        for (let i = 0; i < 9; i++) notes.add(`a.b.c/${i}`, [ref, ref])
        expect(notes.size).toBe(1)
        await notes.write()
        expect(notes.size).toBe(0)
        const row = (await storage.get('blobs', blobKey(did, cid))) as BlobRow
        expect(row).toMatchObject({ state: 'wanted', declaredType: 'image/png', bytes: undefined })
        expect(row.paths).toEqual(['a.b.c/0', 'a.b.c/1', 'a.b.c/2', 'a.b.c/3', 'a.b.c/4'])
      }
    })
  })
})
