import { describe, expect, it } from 'vitest'
import { type MoveRow, moveKey } from '../../sync/moving/model.ts'
import { withCairn } from '../testing/cairn-kit.ts'

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'

const ROW: MoveRow = {
  did: DID,
  handle: undefined,
  kind: 'move',
  from: 'https://old.example.org',
  to: {
    pds: 'https://new.example.org',
    server: 'did:web:new.example.org',
    handle: 'a.new.example.org',
    email: 'a@example.org',
    invite: undefined,
  },
  snapshot: undefined,
  withoutBlobs: false,
  startedAt: 1,
  endedAt: undefined,
  steps: {},
  waits: undefined,
  sealed: undefined,
  sent: undefined,
  rounds: 0,
}

describe('a move that another tab is at', () => {
  it('is neither given up nor changed here: the other tab would go on with it all the same', () =>
    withCairn(async ({ cairn, storage }) => {
      const key = moveKey(DID)
      await storage.write([{ type: 'put', table: 'accounts', key, value: ROW }])
      await storage.lock(key, { mode: 'exclusive' }, async () => {
        await expect(cairn.moving.forget(DID)).rejects.toMatchObject({ code: 'moving.busy' })
        await expect(cairn.moving.withoutBlobs(DID)).rejects.toMatchObject({ code: 'moving.busy' })
      })
      expect(await cairn.moving.get(DID)).toMatchObject({ withoutBlobs: false })
      await cairn.moving.withoutBlobs(DID)
      expect(await cairn.moving.get(DID)).toMatchObject({ withoutBlobs: true })
      await cairn.moving.forget(DID)
      expect(await cairn.moving.get(DID)).toBeUndefined()
    }))
})
