import { generateKeyPair } from '@libp2p/crypto/keys'
import { afterEach, expect, it, vi } from 'vitest'
import { createDirectory } from '../../net/directory/client.ts'
import { DIRECTORY_PROTOCOL } from '../../net/directory/limits.ts'
import { createDirectoryServer } from '../../net/directory/server.ts'
import { createNetworker } from '../../net/networker/networker.ts'
import { createMemoryStore } from '../../net/networker/testing/world.ts'
import { createNodeNode } from '../../net/node/node-node.ts'
import { realHost, startNode, startRelay } from '../../net/testing/nodes.ts'
import type { CairnNode } from '../../net/node/create.ts'
import type { TestDevice } from '../../spaces/testing/kit.ts'
import { put } from '../../storage/space/testing/kit.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { createPackHandler } from '../packs/handler.ts'
import { PACKS_PROTOCOL } from '../packs/model.ts'
import { servePacks } from '../packs/serve.ts'
import { hasty } from '../packs/testing/space-kit.ts'
import { createSpaceSync, type SpaceSyncNode } from './sync.ts'
import { areSame } from './testing/nodes.ts'
import { createTestReplica, createTestSpace, testHost, type TestReplica } from './testing/space-world.ts'

/** libp2p nodes on loopback: a directory, a circuit relay, and two devices that only the circuit joins. */

const soon = { timeout: 12_000, interval: 20 }
const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Device {
  readonly node: CairnNode
  readonly sync: SpaceSyncNode
  readonly replica: TestReplica
}

async function startDevice(
  directoryNode: CairnNode,
  circuit: Awaited<ReturnType<typeof startRelay>>,
  world: Awaited<ReturnType<typeof createTestSpace>>,
  device: TestDevice,
  prepare: (replica: TestReplica) => Promise<void>,
): Promise<Device> {
  const key = await generateKeyPair('Ed25519')
  const node = await createNodeNode({ privateKey: key, host: realHost, listen: [], allowLocal: true })
  node.setRelays([circuit])
  await vi.waitFor(() => expect(node.addresses()).not.toEqual([]), soon)
  let seq = Date.now()
  const directory = createDirectory({
    ...{ net: node, key, clock: realHost.clock, timers: realHost.timers, random: Math.random },
    sequence: { next: async () => ++seq },
    relays: [directoryNode.self],
    open: (peer, signal) =>
      node.open(peer, DIRECTORY_PROTOCOL, { signal, addresses: directoryNode.addresses() }),
  })
  const networker = createNetworker({
    ...{ net: node, directory, store: createMemoryStore() },
    ...{ timers: realHost.timers, clock: realHost.clock, random: testHost.random },
    replicate: async () => {},
  })
  const opened = Promise.withResolvers<Parameters<Parameters<typeof withLevel>[0]>[0]>()
  const over = Promise.withResolvers<void>()
  const disk = withLevel(async (storage) => {
    opened.resolve(hasty(storage))
    await over.promise
  })
  const storage = await opened.promise
  const sync = createSpaceSync({ ...testHost, net: node, storage, networker, stores: () => [] })
  node.handle(
    PACKS_PROTOCOL,
    servePacks({ handler: createPackHandler({ sources: [sync.source] }), timers: testHost.timers }),
  )
  ends.push(async () => {
    await sync.close()
    await networker.close()
    await directory.close()
    await node.stop()
    over.resolve()
    await disk
  })
  const replica = await createTestReplica(storage, world, device)
  await prepare(replica)
  await networker.listen()
  sync.join(replica)
  return { node, sync, replica }
}

it('two devices behind a relay find each other by the space’s topic, and have all that either writes', async () => {
  const directoryNode = await startNode()
  const server = createDirectoryServer({
    net: directoryNode,
    clock: realHost.clock,
    timers: realHost.timers,
  })
  ends.push(() => directoryNode.stop(), server.close)
  const circuit = await startRelay()
  ends.push(circuit.stop)
  const world = await createTestSpace()
  const bob = world.device('bob')
  const a = await startDevice(directoryNode, circuit, world, world.owner, async (replica) => {
    await world.role(replica.log, bob, 'writer')
    await replica.write(Array.from({ length: 60 }, (_, i) => put(i, i, 40_000)))
  })
  const b = await startDevice(directoryNode, circuit, world, bob, async () => {})
  await vi.waitFor(async () => expect(await areSame([a.replica, b.replica])).toBe(true), soon)
  await b.replica.write([put(1, 1)])
  const began = performance.now()
  b.sync.changed(world.space)
  await vi.waitFor(async () => expect(await areSame([a.replica, b.replica])).toBe(true), soon)
  console.info(`an edit over a circuit: ${Math.round(performance.now() - began)} ms`)
  await vi.waitFor(
    () => expect(b.sync.peers(world.space)).toMatchObject([{ peer: a.node.self, current: true }]),
    soon,
  )

  const heard: string[] = []
  a.sync.words.onWord((_, word, { key }) => heard.push(`${word} ${key}`))
  await vi.waitFor(() => {
    b.sync.words.say(world.space, 'here')
    expect(heard).toContain(`here ${bob.id}`)
  }, soon)

  const chunk = new Uint8Array(1_048_624).fill(4)
  const id = Buffer.from(testHost.sha256(chunk)).toString('hex')
  a.replica.chunkRows.set(id, chunk)
  await b.sync.fetchChunk(world.space, id, new AbortController().signal)
  expect(b.replica.chunkRows.get(id)?.length).toBe(chunk.length)
  expect([...a.replica.faults, ...b.replica.faults]).toEqual([])
}, 30_000)
