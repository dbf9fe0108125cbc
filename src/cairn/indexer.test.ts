import { describe, expect, it } from 'vitest'
import type { CairnEvent } from './api.ts'
import { createIndexer } from './indexer.ts'
import { type CairnKit, withCairn } from './testing/cairn-kit.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Holds the index of a repo, as another tab at work on it does, while `use` runs. */
async function whileHeld(
  { storage }: CairnKit,
  did: string,
  use: (free: () => void) => Promise<void>,
): Promise<void> {
  const gate = Promise.withResolvers<void>()
  const holding = storage.lock(`index:${did}`, { mode: 'exclusive' }, () => gate.promise)
  try {
    await use(gate.resolve)
  } finally {
    gate.resolve()
    await holding
  }
}

describe('the indexer', () => {
  it('waits for the newest run of a repo, not for one that was replaced', () =>
    withCairn(async (kit) => {
      const { pds, storage, host, backUp } = kit
      const alice = await pds.account({ name: 'alice' })
      await backUp(alice.did)
      await storage.write([{ type: 'delete-range', table: 'search', from: '', to: '~' }])
      const events: CairnEvent[] = []
      const indexer = createIndexer(host, (event) => events.push(event))
      await whileHeld(kit, alice.did, async (free) => {
        indexer.start(alice.did)
        await turn()
        indexer.start(alice.did)
        await turn()
        await turn()
        let done = false
        const waiting = indexer.done(alice.did).then(() => (done = true))
        await turn()
        expect(done).toBe(false)
        expect(events).not.toContainEqual({ type: 'index', did: alice.did, progress: 1 })
        expect((await indexer.search({ text: 'writes', limit: 1 })).building).toHaveLength(1)
        free()
        await waiting
      })
      const found = await indexer.search({ text: 'writes', limit: 1 })
      expect([found.building, found.hits.length, found.more]).toEqual([[], 1, true])
      // Its blobs were known: of the repo itself there is no news.
      expect(events.filter((it) => it.type === 'repo')).toEqual([])
      await indexer.close()
    }))

  it('tells of a repo when it has found blobs in it that nobody knew of', () =>
    withCairn(async ({ pds, storage, host, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 300 })
      await backUp(alice.did)
      const blobs = await storage.count('blobs')
      expect(blobs).toBeGreaterThan(0)
      await storage.write(
        (['search', 'blobs'] as const).map((table) => ({ type: 'delete-range', table, from: '', to: '~' })),
      )
      const events: CairnEvent[] = []
      const indexer = createIndexer(host, (event) => events.push(event))
      indexer.start(alice.did)
      await indexer.done(alice.did)
      expect(events.filter((it) => it.type === 'repo')).toEqual([{ type: 'repo', did: alice.did }])
      expect(await storage.count('blobs')).toBe(blobs)
      await indexer.close()
    }))

  it('drops a repo at once, whoever stands before it', () =>
    withCairn(async (kit) => {
      const { pds, host, backUp } = kit
      const alice = await pds.account({ name: 'alice' })
      const bob = await pds.account({ name: 'bob' })
      await backUp(alice.did)
      await backUp(bob.did)
      const indexer = createIndexer(host, () => {})
      await whileHeld(kit, alice.did, async () => {
        indexer.start(alice.did)
        indexer.start(bob.did)
        await turn()
        await indexer.drop(bob.did)
        await indexer.drop(alice.did)
        expect((await indexer.search({ text: 'writes', limit: 1 })).building).toEqual([])
        await indexer.close()
      })
    }))
})
