import { expect, it } from 'vitest'
import type { Storage } from '../storage/port.ts'
import { blobKey } from '../storage/rows.ts'
import { changeBlob, unknownBlob } from './blob-rows.ts'
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
