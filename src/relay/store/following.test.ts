import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Timers } from '../../core/timers.ts'
import { commitFrame, startFirehoseServer } from '../../pds/firehose/testing/firehose-server.ts'
import { createFirehoseSocket } from './firehose-socket.ts'
import { createFollowing, type Following } from './following.ts'
import { withStoreKit } from './testing/store-kit.ts'

/** Pauses of seconds are over at once; guards that run for minutes never run out. */
const hasty: Timers = {
  after(ms, run) {
    if (ms > 5000) return () => {}
    const timer = setImmediate(run)
    return () => clearImmediate(timer)
  },
}

describe('a store that follows', () => {
  it('has what a PDS says is new, of repos kept before and since', async () => {
    const server = await startFirehoseServer()
    try {
      await withStoreKit(async ({ pds, open, timers }) => {
        const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
        const later: { following?: Following } = {}
        let changed = Promise.withResolvers<void>()
        const store = await open({
          host: { timers: hasty, clock: timers.clock },
          onChange() {
            later.following?.update()
            changed.resolve()
            changed = Promise.withResolvers()
          },
        })
        const current = async (account: typeof alice): Promise<void> => {
          for (;;) {
            const next = changed.promise
            if ((await store.head(account.did))?.head.rev === account.repo.rev) return
            await next
          }
        }
        await store.keep(alice.did, { by: 'operator' })
        const hosts = [new URL(pds.origin).host, new URL(server.origin).host] as const
        const following = createFollowing(store, {
          open: createFirehoseSocket((url) => new WebSocket(url.replace(...hosts))),
        })
        later.following = following
        await server.connected(1)
        await store.keep(bob.did, { by: { peer: 'p1' } })
        while (following.servers()[0]?.repos !== 2) await new Promise(setImmediate)
        let seq = 1
        for (const it of [alice, bob, alice]) {
          it.commit({ create: 1, update: 1, delete: 0 })
          server.send(commitFrame(seq++, it.repo))
          await current(it)
        }
        expect(following.servers()).toMatchObject([{ service: pds.origin, repos: 2, state: 'open' }])
        await following.close()
      })
    } finally {
      await server.close()
    }
  })
})
