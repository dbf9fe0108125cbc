import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { hasty } from '../packs/testing/space-kit.ts'
import { createSpaceAccess } from './access.ts'
import { openSpace, type SpaceClient } from './client.ts'
import { exchangeLog } from './log-exchange.ts'
import { haveOf, packCids, pagesOf, unpackCids } from './log-page.ts'
import { MAX_HAVE, PAGE_BYTES, SPACE_PROTOCOL } from './protocol.ts'
import { serveSpace } from './serve.ts'
import {
  createTestReplica,
  createTestSpace,
  testHost,
  type TestReplica,
  type TestSpace,
} from './testing/space-world.ts'

interface Kit {
  readonly space: TestSpace
  readonly near: TestReplica
  readonly far: TestReplica
  readonly client: SpaceClient
  /** Bytes that both sides wrote so far. */
  bytes(): number
  exchange(digest?: Uint8Array): ReturnType<typeof exchangeLog>
}

/** Two logs, and a proven line between them. */
function withLine(use: (kit: Kit) => Promise<void>): Promise<void> {
  return withLevel((a) =>
    withLevel(async (b) => {
      const space = await createTestSpace()
      const network = createMemoryNetwork()
      const far = await createTestReplica(hasty(b), space, space.owner)
      const near = await createTestReplica(hasty(a), space, space.owner)
      const net = network.node('far')
      const find = () => far
      const access = createSpaceAccess({ net, timers: testHost.timers, find })
      let written = 0
      const serve = serveSpace({ ...testHost, self: 'far', access, find })
      net.handle(SPACE_PROTOCOL, (stream) =>
        serve({
          ...stream,
          async read() {
            const part = await stream.read()
            written += part?.length ?? 0
            return part
          },
          write(part) {
            written += part.length
            return stream.write(part)
          },
        }),
      )
      const prove = near.prove ?? expect.fail()
      const client = await openSpace(network.node('near'), 'far', { space: space.space, prove }, testHost)
      await client.hello()
      await use({
        ...{ space, near, far, client },
        bytes: () => written,
        exchange: (digest) =>
          exchangeLog({ client, log: near.log, sha256: testHost.sha256, digest, mayGive: () => true }),
      })
      client.close()
      access.close()
    }),
  )
}

const same = (a: TestReplica, b: TestReplica): boolean => toHex(a.log.digest()) === toHex(b.log.digest())

describe('two logs', () => {
  it('that went apart are one again, with cards, whoever asks', () =>
    withLine(async ({ space, near, far, exchange }) => {
      const names = ['bob', 'cleo', 'dan', 'eve'].map((name) => space.device(name))
      const [bob, cleo, dan, eve] = names
      if (!bob || !cleo || !dan || !eve) expect.fail()
      await space.role(near.log, bob, 'admin').catch(() => {})
      await space.role(near.log, cleo, 'writer')
      await space.role(far.log, dan, 'reader')
      await near.log.add({ cards: [await space.card(cleo)] })
      await far.log.add({ cards: [await space.card(dan), await space.card(space.owner)] })
      expect(await exchange()).toEqual({ changed: true, same: true })
      expect(same(near, far)).toBe(true)
      expect(near.log.cards().size).toBe(3)
      expect(await exchange()).toEqual({ changed: false, same: true })
      await space.role(far.log, eve, 'writer')
      expect(await exchange(far.log.digest())).toEqual({ changed: true, same: true })
      await space.role(near.log, bob, 'reader')
      expect(await exchange(far.log.digest())).toEqual({ changed: false, same: true })
      expect(same(near, far)).toBe(true)
      // Nothing is sent where nothing differs.
      expect(await exchange(far.log.digest())).toEqual({ changed: false, same: true })
    }))

  it('with a long past in common send what differs, and little more', () =>
    withLine(async ({ space, near, far, exchange, bytes }) => {
      const people = Array.from({ length: 60 }, (_, i) => space.device(`person ${i}`))
      for (const it of people) await space.role(near.log, it, 'writer')
      await far.log.add({ operations: near.log.after([]).flatMap((it) => near.log.operation(it) ?? []) })
      expect(same(near, far)).toBe(true)
      const [first, second] = people
      if (!first || !second) expect.fail()
      await space.role(near.log, first, 'reader')
      await space.role(far.log, second, 'reader')
      const before = bytes()
      expect(await exchange()).toEqual({ changed: true, same: true })
      expect(bytes() - before).toBeLessThan(8_000)
      const all = near.log.after([]).reduce((sum, it) => sum + (near.log.operation(it)?.length ?? 0), 0)
      expect(all).toBeGreaterThan(20_000)
    }))

  it('do not stay apart because one of them was given what follows the unknown', () =>
    withLine(async ({ space, near, far, exchange }) => {
      const bob = space.device('bob')
      await space.role(far.log, bob, 'writer')
      const last = await space.role(far.log, bob, 'reader')
      // Someone gave the last one alone.
      const added = await near.log.add({ operations: [far.log.operation(last) ?? expect.fail()] })
      expect(added.missing).toHaveLength(1)
      expect(await exchange()).toEqual({ changed: true, same: true })
    }))
})

describe('pages of a log', () => {
  it('hold what there is in order, each about half a megabyte', () => {
    const item = new Uint8Array(60_000)
    const log = {
      root: '',
      heads: () => [],
      digest: () => new Uint8Array(32),
      after: () => [],
      operation: (cid: string) => (cid === 'gone' ? undefined : item),
      cards: () => new Map(),
      add: async () => ({ changed: false, refused: [], missing: [] }),
      endingOf: () => undefined,
      joinOf: () => undefined,
      knock: async () => false,
      onChange: () => () => {},
    }
    const pages = [...pagesOf(log, ['a', 'gone', ...'bcdefghijklmnopqrs'.split('')], [new Uint8Array(300)])]
    expect(pages.map((it) => it.operations.length)).toEqual([8, 8, 3])
    expect(pages.map((it) => it.cards.length)).toEqual([0, 0, 1])
    expect(pages.map((it) => it.isLast)).toEqual([false, false, true])
    for (const it of pages) expect(it.operations.length * item.length).toBeLessThanOrEqual(PAGE_BYTES)
    expect([...pagesOf(log, [], [])]).toEqual([{ operations: [], cards: [], isLast: true }])
  })

  it('name what is there by a bounded list', () =>
    withLevel(async (disk) => {
      const space = await createTestSpace()
      const { log } = await createTestReplica(hasty(disk), space, space.owner)
      const all = Array.from(
        { length: 5000 },
        (_, i) => unpackCids(new Uint8Array(32).fill(i % 250))[0] ?? '',
      )
      const have = haveOf({ ...log, after: () => all, heads: () => all.slice(0, 1000) })
      expect(have.length / 32).toBeLessThanOrEqual(MAX_HAVE)
      expect(packCids(unpackCids(have))).toEqual(have)
    }))
})
