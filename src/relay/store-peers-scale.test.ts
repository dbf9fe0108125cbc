import { describe, expect, it } from 'vitest'
import { DIRECTORY_LIMITS } from '../net/directory/limits.ts'
import { type Device, startDevice, startDhtRelay } from '../net/directory/testing/real-relays.ts'
import { repoTopic } from '../net/topics.ts'
import { withLevel } from '../storage/testing/node-host.ts'
import { DEFAULT_STORE_LIMITS } from './keeping.ts'
import { createStorePeers } from './store-peers.ts'
import { lightRows, lightStore } from './testing/light-store.ts'

/** More than a device may announce. */
const REPOS = 1_500
const dids = Array.from({ length: REPOS }, (_, i) => `did:web:${i}.example.org`)
const AT_ONCE = 16

/** Those of the repos that a device finds at the peer. */
async function found(device: Device, peer: string, wanted: readonly string[]): Promise<string[]> {
  const left = wanted.values()
  const all: string[] = []
  const ask = async (): Promise<void> => {
    for (const did of left) {
      const members = await device.directory.lookup(repoTopic(did).id)
      if (members.some((it) => it.peer === peer)) all.push(did)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, ask))
  return all
}

describe('a store of many repos', () => {
  it('may announce as many as it keeps', () => {
    expect(DIRECTORY_LIMITS.topicsOfSelf).toBe(DEFAULT_STORE_LIMITS.repos)
    expect(REPOS).toBeGreaterThan(DIRECTORY_LIMITS.topicsPerPeer)
  })

  it('is found for each of them, at its own relay and through another', { timeout: 120_000 }, () =>
    withLevel(async (storage) => {
      await storage.write(dids.flatMap(lightRows))
      const ends: (() => Promise<unknown>)[] = []
      try {
        const [one, two] = await Promise.all([startDhtRelay(), startDhtRelay()])
        ends.push(
          () => one.stop(),
          () => two.stop(),
        )
        await one.join(two)
        const [here, there] = await Promise.all([startDevice([one]), startDevice([two])])
        ends.push(
          () => here.stop(),
          () => there.stop(),
        )
        const logged: unknown[] = []
        const peers = createStorePeers({
          net: one.node,
          key: one.key,
          server: one.server,
          store: lightStore(storage),
          log: (...line) => logged.push(line),
        })
        ends.push(() => peers.close())
        await expect
          .poll(() => one.server.counts().announcements, { timeout: 60_000 })
          .toBeGreaterThanOrEqual(REPOS)
        expect(await found(here, one.peerId, dids)).toHaveLength(REPOS)
        await one.server.provided()
        // Each of these is a walk through the table, and all are told there the same way.
        const some = dids.filter((_, i) => i % 5 === 0)
        expect(await found(there, one.peerId, some)).toHaveLength(some.length)
        expect(logged).toEqual([])
      } finally {
        for (const end of ends.reverse()) await end()
      }
    }),
  )
})
