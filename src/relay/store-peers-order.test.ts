import { expect, it } from 'vitest'
import { startDevice, startDhtRelay } from '../net/directory/testing/real-relays.ts'
import { repoTopic } from '../net/topics.ts'
import type { Storage } from '../storage/port.ts'
import { withLevel } from '../storage/testing/node-host.ts'
import { createStorePeers } from './store-peers.ts'
import { lightRows, lightStore } from './testing/light-store.ts'

const DID = 'did:web:alice.example.org'
const OTHER = 'did:web:bob.example.org'

it('a repo that changes while it is looked at ends as it is, not as it was', () =>
  withLevel(async (level) => {
    const [seen, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let looks = 0
    const storage: Storage = {
      ...level,
      async get(table, key) {
        const row = await level.get(table, key)
        if (table !== 'repos' || key !== DID || ++looks > 1) return row
        // The first look is slow to learn what was there.
        seen.resolve()
        await goOn.promise
        return row
      },
    }
    const relay = await startDhtRelay()
    const device = await startDevice([relay])
    const logged: unknown[] = []
    const peers = createStorePeers({
      net: relay.node,
      key: relay.key,
      server: relay.server,
      store: lightStore(storage),
      log: (...line) => logged.push(line),
    })
    const finds = async (did: string): Promise<number> =>
      (await device.directory.lookup(repoTopic(did).id)).length
    try {
      await level.write([...lightRows(DID), ...lightRows(OTHER)])
      peers.changed(DID)
      await seen.promise
      await level.write([{ type: 'delete', table: 'repos', key: DID }])
      peers.changed(DID)
      // One repo does not wait for another.
      peers.changed(OTHER)
      await expect.poll(() => finds(OTHER)).toBe(1)
      goOn.resolve()
      await expect.poll(() => looks).toBe(2)
      await expect.poll(() => finds(DID)).toBe(0)
      expect(relay.server.counts().announcements).toBe(1)

      // And the other way round, twice over.
      await level.write(lightRows(DID))
      peers.changed(DID)
      peers.changed(DID)
      await expect.poll(() => finds(DID)).toBe(1)
      expect(logged).toEqual([])
    } finally {
      goOn.resolve()
      await peers.close()
      await device.stop()
      await relay.stop()
    }
  }))
