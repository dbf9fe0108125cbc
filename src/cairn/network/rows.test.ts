import { describe, expect, it } from 'vitest'
import { StorageError } from '../../storage/errors.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { counterOf } from './rows.ts'

describe('a counter', () => {
  it('gives no number twice over restarts, also when the disk was full', () =>
    withLevel(async (storage) => {
      let isFull = true
      const counter = counterOf(
        {
          ...storage,
          async write(ops, options) {
            if (isFull) throw new StorageError('storage.quota')
            return storage.write(ops, options)
          },
        },
        'sequence',
      )
      await expect(counter.next()).rejects.toMatchObject({ code: 'storage.quota' })
      isFull = false
      const given = [await counter.next(), await counter.next()]
      expect(given).not.toContain(await counterOf(storage, 'sequence').next())
    }))
})
