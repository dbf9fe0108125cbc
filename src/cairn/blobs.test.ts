import { expect, it } from 'vitest'
import { utf8 } from '../core/bytes.ts'
import { cidString, CODEC_RAW } from '../core/cid.ts'
import type { Storage } from '../storage/port.ts'
import { blobBytesKey, blobKey } from '../storage/rows.ts'
import { sha256, withLevel } from '../storage/testing/node-host.ts'
import { changeBlob, unknownBlob } from '../sync/blob-rows.ts'
import { createBlobs } from './blobs.ts'

const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const bytes = utf8('a picture')
const cid = cidString(CODEC_RAW, sha256(bytes))
const key = blobKey(did, cid)

it('a blob that comes in while it is skipped is here, and stays', async () => {
  await withLevel(async (storage) => {
    await storage.write([
      { type: 'put', table: 'repos', key: did, value: {} },
      { type: 'put', table: 'blobs', key, value: unknownBlob(cid) },
    ])
    let came = false
    const racing: Storage = {
      ...storage,
      async write(ops, options) {
        if (!came) {
          came = true
          await changeBlob(storage, did, cid, { state: 'kept', bytes: bytes.length }, [
            { type: 'put-bytes', key: blobBytesKey(did, cid), parts: [bytes] },
          ])
        }
        await storage.write(ops, options)
      },
    }
    await createBlobs(racing).skip(did, cid, true)
    expect(came).toBe(true)
    expect(await storage.get('blobs', key)).toMatchObject({ state: 'kept' })
    expect(await (await createBlobs(storage).bytes(did, cid)).text()).toBe('a picture')
  })
})

it('a blob is skipped and wanted again, and keeps what else is known of it', async () => {
  await withLevel(async (storage) => {
    const row = { ...unknownBlob(cid), paths: ['a.b.c/d'] }
    await storage.write([
      { type: 'put', table: 'repos', key: did, value: {} },
      { type: 'put', table: 'blobs', key, value: row },
    ])
    const blobs = createBlobs(storage)
    await blobs.skip(did, cid, true)
    expect(await storage.get('blobs', key)).toEqual({ ...row, state: 'skipped' })
    await blobs.skip(did, cid, false)
    expect(await storage.get('blobs', key)).toEqual(row)
  })
})
