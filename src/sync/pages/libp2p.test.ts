import { describe, expect, it } from 'vitest'
import { startNode } from '../../net/testing/nodes.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { startLocalPds } from '../testing/local-pds.ts'
import { contents, createSyncKit, expectNothingTwice, wanted } from '../testing/sync-kit.ts'
import { PAGES_PROTOCOL } from './protocol.ts'
import { pullDifference } from './pull-difference.ts'
import { pullPages } from './pull-pages.ts'
import { servePages } from './serve.ts'
import { pageSource } from './sources.ts'

describe('over libp2p', () => {
  it('a repo goes from one node to another by pages, then by difference, and on to a third', async () => {
    const pds = await startLocalPds()
    const [one, two, three] = await Promise.all([startNode(), startNode(), startNode([])])
    try {
      await withLevel((first) =>
        withLevel((second) =>
          withLevel(async (third) => {
            const [a, b, c] = [first, second, third].map((it) => createSyncKit(it, pds))
            if (a === undefined || b === undefined || c === undefined) throw new Error('three devices')
            const alice = await pds.account({ name: 'alice', records: 4000 })
            const { did } = alice
            await a.backUp(did)
            for (const [net, { storage, timers }] of [[one, a] as const, [two, b] as const])
              net.handle(PAGES_PROTOCOL, servePages({ storage, timers }))
            const from = (net: typeof one, via: typeof one, host: typeof a.host) =>
              pageSource(via, host, { peer: net.self, addresses: net.addresses() })

            const first_ = { did, sources: [from(one, two, b.host)], work: b.work(), label: 'alice' }
            const whole = await pullPages(b.host, pds.endpoints, first_)
            if (whole.snapshot === undefined) throw new Error('nothing kept')
            expect(await contents(second, whole.snapshot)).toEqual(wanted(alice.repo))

            alice.commit({ create: 20, update: 20, delete: 20 })
            await a.backUp(did)
            const changed = await pullDifference(b.host, pds.endpoints, first_)
            if (changed.snapshot === undefined) throw new Error('nothing new')
            expect(await contents(second, changed.snapshot)).toEqual(wanted(alice.repo))
            await expectNothingTwice(second, did)

            // The first is gone; whoever took from it has all of it.
            await one.stop()
            const sources = [from(one, three, c.host), from(two, three, c.host)]
            const next = await pullPages(c.host, pds.endpoints, { did, sources, work: c.work(), label: '' })
            if (next.snapshot === undefined) throw new Error('nothing kept')
            expect(next.from).toBe(two.self)
            expect(await contents(third, next.snapshot)).toEqual(wanted(alice.repo))
          }),
        ),
      )
    } finally {
      await Promise.all([one.stop(), two.stop(), three.stop(), pds.close()])
    }
  })
})
