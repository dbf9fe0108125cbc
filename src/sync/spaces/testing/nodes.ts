import type { Net } from '../../../net/net.ts'
import { createWorld, type World } from '../../../net/networker/testing/world.ts'
import { withLevel } from '../../../storage/testing/node-host.ts'
import { createPackHandler } from '../../packs/handler.ts'
import { PACKS_PROTOCOL } from '../../packs/model.ts'
import { servePacks } from '../../packs/serve.ts'
import { hasty } from '../../packs/testing/space-kit.ts'
import type { Storage } from '../../../storage/port.ts'
import type { TestDevice } from '../../../spaces/testing/kit.ts'
import type { KeepAsk } from '../serve-model.ts'
import { serveSpaces, type ServeSpacesOptions, type SpaceServing } from '../serve-spaces.ts'
import { createSpaceSync, type SpaceSyncNode, type SpaceSyncOptions } from '../sync.ts'
import {
  createTestReplica,
  createTestSpace,
  headsText,
  testHost,
  type TestReplica,
  type TestSpace,
} from './space-world.ts'

export interface Member {
  readonly id: string
  readonly net: Net
  readonly storage: Storage
  readonly sync: SpaceSyncNode
  readonly replica: TestReplica
}

export interface StoreNode {
  readonly id: string
  readonly net: Net
  readonly serving: SpaceServing
  readonly replicas: Map<string, TestReplica>
  readonly asks: KeepAsk[]
  readonly abandoned: string[]
}

export interface SpaceWorld {
  readonly world: World
  readonly space: TestSpace
  /** A device that has a replica and is in step from now on. */
  member(
    id: string,
    device: TestDevice,
    options?: Partial<SpaceSyncOptions>,
    prepare?: (replica: TestReplica) => TestReplica,
  ): Promise<Member>
  /** A node that keeps what it is asked to. */
  store(
    id: string,
    mayKeep?: (ask: KeepAsk) => boolean,
    options?: Partial<ServeSpacesOptions>,
  ): Promise<StoreNode>
  /** stores that members are to use */
  readonly stores: Set<string>
}

/** Nodes in one process on real storages, real networkers and real time. */
export async function withSpaceWorld(use: (it: SpaceWorld) => Promise<void>): Promise<void> {
  const world = createWorld()
  const space = await createTestSpace()
  const ends: (() => Promise<unknown>)[] = []
  const stores = new Set<string>()
  const storage = (): Promise<Storage> =>
    new Promise((resolve, reject) => {
      const over = Promise.withResolvers<void>()
      const done = withLevel(async (disk) => {
        resolve(hasty(disk))
        await over.promise
      })
      done.catch(reject)
      ends.push(() => {
        over.resolve()
        return done
      })
    })
  const servePackets = (net: Net, source: SpaceSyncNode['source']): (() => void) =>
    net.handle(
      PACKS_PROTOCOL,
      servePacks({ handler: createPackHandler({ sources: [source] }), timers: testHost.timers }),
    )
  try {
    await use({
      ...{ world, space, stores },
      async member(id, device, options = {}, prepare = (replica) => replica) {
        const disk = await storage()
        const node = world.node(id, { timers: testHost.timers, clock: testHost.clock })
        const sync = createSpaceSync({
          ...testHost,
          ...{ net: node.net, storage: disk, networker: node.networker, stores: () => [...stores] },
          ...options,
        })
        servePackets(node.net, sync.source)
        ends.push(async () => {
          await sync.close()
          await node.networker.close()
        })
        const replica = prepare(await createTestReplica(disk, space, device))
        await node.networker.listen()
        sync.join(replica)
        return { id, net: node.net, storage: disk, sync, replica }
      },
      async store(id, mayKeep = () => true, options = {}) {
        const disk = await storage()
        const net = world.network.node(id)
        const replicas = new Map<string, TestReplica>()
        const asks: KeepAsk[] = []
        const asked = new Map<string, Promise<TestReplica>>()
        const abandoned: string[] = []
        const serving = serveSpaces({
          ...testHost,
          ...{ net, storage: disk },
          find: (name) => replicas.get(name),
          async mayKeep(ask) {
            asks.push(ask)
            if (!mayKeep(ask)) return 'denied'
            const replica = asked.get(ask.space) ?? createTestReplica(disk, ask, undefined, { empty: true })
            asked.set(ask.space, replica)
            const mine = await replica
            const look = (): void => {
              if (mine.mayRead(ask.key)) replicas.set(ask.space, mine)
            }
            mine.log.onChange(look)
            look()
            return { replica: mine, abandon: async () => void abandoned.push(ask.space) }
          },
          ...options,
        })
        const stops = [serving.start(), servePackets(net, serving.source)]
        ends.push(async () => {
          for (const stop of stops) stop()
          await serving.close()
        })
        stores.add(id)
        return { id, net, serving, replicas, asks, abandoned }
      },
    })
  } finally {
    // Disks last: they were opened first.
    for (const end of ends.reverse()) await end()
  }
}

/** Resolves once it holds; it is looked at after every turn of the event loop, for at most so long. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 12_000,
): Promise<void> {
  const until = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** All of these hold the same heads and the same log. */
export async function areSame(replicas: readonly TestReplica[]): Promise<boolean> {
  const texts = await Promise.all(
    replicas.map(async (it) => `${Buffer.from(it.log.digest()).toString('hex')}\n${await headsText(it)}`),
  )
  return new Set(texts).size === 1
}
