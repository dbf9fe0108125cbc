import { describe, expect, it } from 'vitest'
import { headOf } from '../kept.ts'
import { createPackHandler, type PackHandler } from '../packs/handler.ts'
import { PACKS_PROTOCOL } from '../packs/model.ts'
import { publicSource } from '../packs/public-source.ts'
import { servePacks } from '../packs/serve.ts'
import { withNodes } from '../pages/testing/pages-kit.ts'
import type { TestAccount } from '../testing/account.ts'
import { createPeerCalls } from './calls.ts'
import type { Candidate, PeerCalls, Way } from './model.ts'
import { createPackDesks } from './pack-desks.ts'

interface Kit {
  readonly alice: TestAccount
  readonly calls: PeerCalls
  readonly candidate: Candidate
  /** Has the next commit at the peer alone. */
  commit(): Promise<void>
  pull(): Promise<Way>
  /** how often the directory and the peer were asked so far */
  readonly asked: { directory: number; peer: number }
}

/** Two devices that keep alice's repo; the first gives lists to the second. */
async function withTwo(use: (kit: Kit) => Promise<void>): Promise<void> {
  await withNodes(2, async ({ pds, nodes: [a, b] }) => {
    if (a === undefined || b === undefined) throw new Error('two nodes')
    const alice = await pds.account({ name: 'alice' })
    for (const it of [a, b]) await it.backUp(alice.did)
    a.serve()
    const asked = { directory: 0, peer: 0 }
    const { storage, sha256 } = a.host
    const handler = createPackHandler({ sources: [publicSource({ storage, sha256 })] })
    const counted: PackHandler = {
      ...handler,
      answer(...request) {
        asked.peer++
        return handler.answer(...request)
      },
    }
    a.net.handle(PACKS_PROTOCOL, servePacks({ handler: counted, timers: a.timers }))
    const fetch: typeof b.host.fetch = async (...request) => {
      if (request[0].includes('/log/audit')) asked.directory++
      return b.host.fetch(...request)
    }
    const host = { ...b.host, fetch }
    const packs = createPackDesks({ host, net: b.net })
    const calls = createPeerCalls({
      ...{ host, packs, net: b.net },
      endpoints: async () => pds.endpoints,
      lookup: async () => [],
    })
    const candidate: Candidate = { peer: a.id, addresses: [], kind: 'device' }
    try {
      await use({
        ...{ alice, calls, candidate, asked },
        async commit() {
          alice.commit({ create: 1 })
          await a.backUp(alice.did)
        },
        async pull() {
          const { way } = await calls.pull([candidate], alice.did, b.work())
          expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
          return way
        },
      })
    } finally {
      await packs.close()
    }
  })
}

describe('lists from a peer', () => {
  it('come with the directory asked once for a burst, and anew when a key is not known', () =>
    withTwo(async ({ alice, commit, pull, asked }) => {
      const next = async (): Promise<unknown> => {
        await commit()
        const { rung, tried } = await pull()
        return { rung, tried: tried.map(({ code }) => code), asked: asked.directory }
      }
      expect(await next()).toEqual({ rung: 'pack', tried: [], asked: 1 })
      expect(await next()).toEqual({ rung: 'pack', tried: [], asked: 1 })
      await alice.rotate(Date.UTC(2026, 8, 30))
      expect(await next()).toEqual({ rung: 'difference', tried: ['repo.bad-signature'], asked: 2 })
      expect(await next()).toEqual({ rung: 'pack', tried: [], asked: 3 })
      expect(await next()).toEqual({ rung: 'pack', tried: [], asked: 3 })
    }))

  it('are asked for before they are pulled, when the peer says to have what is newer', () =>
    withTwo(async ({ alice, calls, candidate, commit, pull, asked }) => {
      const before = alice.repo.rev
      await commit()
      await calls.foresee(candidate, [alice.did], before)
      await calls.foresee(candidate, ['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'], alice.repo.rev)
      await calls.foresee(candidate, [alice.did], alice.repo.rev)
      expect((await pull()).rung).toBe('pack')
      expect(asked.peer).toBe(1)
    }))
})
