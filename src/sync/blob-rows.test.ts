import { expect, it } from 'vitest'
import type { Storage } from '../storage/port.ts'
import { blobKey } from '../storage/rows.ts'
import { changeBlob, noteBlobs, unknownBlob } from './blob-rows.ts'
import { withLevel } from '../storage/testing/node-host.ts'
import { withSync } from './testing/sync-kit.ts'

it('a blob’s row keeps what the index of records writes to it while its bytes are stored', () =>
  withSync(async ({ pds, storage, backUp }) => {
    const { did } = await pds.account({ name: 'alice' })
    await backUp(did)
    const row = unknownBlob('blob')
    const key = blobKey(did, row.cid)
    const put = (value: object) => storage.write([{ type: 'put', table: 'blobs', key, value }])
    await put(row)
    const paths: string[] = []
    // The index is there between the look at the row and the write, twice.
    const get: Storage['get'] = async (table, name) => {
      const found = await storage.get(table, name)
      if (table === 'blobs' && paths.push(`a.b.c/${paths.length}`) < 3)
        await put({ ...row, paths: [...paths] })
      return found
    }
    const raced = new Proxy(storage, {
      get: (target, name) => (name === 'get' ? get : Reflect.get(target, name)) as unknown,
    })
    await changeBlob(raced, did, row.cid, { state: 'kept', bytes: 5 })
    expect(await storage.get('blobs', key)).toEqual({
      ...row,
      state: 'kept',
      bytes: 5,
      paths: ['a.b.c/0', 'a.b.c/1'],
    })
  }))

const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const cid = 'blob'
const key = blobKey(did, cid)
const kept = { ...unknownBlob(cid), state: 'kept', bytes: 5, paths: ['a.b.c/d'] } as const

/** A repo of which another tab keeps a blob just before the next write, or just before the look before it. */
async function withOther(
  when: 'before the look' | 'before the write',
  use: (racing: Storage, storage: Storage) => Promise<void>,
): Promise<void> {
  await withLevel(async (storage) => {
    await storage.write([{ type: 'put', table: 'repos', key: did, value: {} }])
    let came = false
    const come = async (): Promise<void> => {
      if (!came) await storage.write([{ type: 'put', table: 'blobs', key, value: kept }])
      came = true
    }
    const racing: Storage = {
      ...storage,
      async get(table, name) {
        if (when === 'before the look') await come()
        return storage.get(table, name)
      },
      async write(ops, options) {
        await come()
        await storage.write(ops, options)
      },
    }
    await use(racing, storage)
    expect(came).toBe(true)
  })
}

it.each(['before the look', 'before the write'] as const)(
  'a blob that came in %s is not called missing by a fetch that went wrong',
  (when) =>
    withOther(when, async (racing, storage) => {
      await changeBlob(racing, did, cid, { state: 'failed' })
      expect(await storage.get('blobs', key)).toEqual(kept)
    }),
)

it('a blob that a server lists is not asked for anew when it came in meanwhile', () =>
  withOther('before the write', async (racing, storage) => {
    await noteBlobs(racing, did, [cid, 'other'])
    expect(await storage.get('blobs', key)).toEqual(kept)
    expect(await storage.get('blobs', blobKey(did, 'other'))).toEqual(unknownBlob('other'))
  }))
