import { describe, expect, it } from 'vitest'
import { StorageError } from '../../storage/errors.ts'
import { sha256, withLevel } from '../../storage/testing/node-host.ts'
import type { PushAsk } from './model.ts'
import { taken } from './push-results.ts'
import { createPushRows } from './push-rows.ts'

const ask: PushAsk = { clientId: 'ana', clientCommitId: 'one', operations: [] }
const caller = { peer: 'ben' }

describe('answers to pushes', () => {
  it('are kept again once the disk that could not be read can be', () =>
    withLevel(async (storage) => {
      let isBroken = true
      const rows = createPushRows(
        {
          ...storage,
          async list(table, range) {
            if (isBroken) throw new StorageError('storage.failed')
            return storage.list(table, range)
          },
        },
        sha256,
        { now: () => 1 },
      )
      await expect(rows.note(ask, caller, taken(ask, 'applied', 7))).rejects.toMatchObject({
        code: 'storage.failed',
      })
      isBroken = false
      await rows.note(ask, caller, taken(ask, 'applied', 7))
      expect(await rows.find(ask, caller)).toEqual(taken(ask, 'cached', 7))
    }))
})
