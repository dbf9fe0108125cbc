import { describe, expect, it } from 'vitest'
import { StorageError } from '../../storage/errors.ts'
import { withDevices } from './testing/device-kit.ts'

describe('a network that could not be started', () => {
  it('leaves no node behind when it is tried again', () =>
    withDevices(async ({ device, relay }) => {
      let failures = 0
      const one = await device((storage) => ({
        ...storage,
        async list(table, range) {
          // What is read once the node runs.
          if (table === 'agreements' && failures++ === 0) throw new StorageError('storage.failed')
          return storage.list(table, range)
        },
      }))
      await one.online()
      expect(one.nodes).toHaveLength(2)
      const [first, second] = one.nodes
      await expect(first?.net.open(relay.peerId, '/none')).rejects.toMatchObject({ code: 'net.closed' })
      await expect(second?.net.open(relay.peerId, '/none')).rejects.toMatchObject({ code: 'net.unsupported' })
    }))
})
