import { generateKeyPair } from '@libp2p/crypto/keys'
import { join } from 'node:path'
import { createDirectory } from '../../../net/directory/client.ts'
import { DIRECTORY_PROTOCOL } from '../../../net/directory/limits.ts'
import { createNetworker } from '../../../net/networker/networker.ts'
import { createMemoryStore } from '../../../net/networker/testing/world.ts'
import type { CairnNode } from '../../../net/node/create.ts'
import { createNodeNode } from '../../../net/node/node-node.ts'
import { realHost } from '../../../net/testing/nodes.ts'
import type { TestDevice } from '../../../spaces/testing/kit.ts'
import { openLevel } from '../../../storage/level/open.ts'
import { random, sha256 } from '../../../storage/testing/node-host.ts'
import { createPackHandler } from '../../../sync/packs/handler.ts'
import { PACKS_PROTOCOL } from '../../../sync/packs/model.ts'
import { servePacks } from '../../../sync/packs/serve.ts'
import { createSpaceSync, type SpaceSyncNode } from '../../../sync/spaces/sync.ts'
import {
  createTestReplica,
  type TestReplica,
  type TestSpace,
} from '../../../sync/spaces/testing/space-world.ts'
import { describeAt, type Started } from '../../testing/relays.ts'
import type { Relay } from '../../serve.ts'

/** A person's device: a real node, its database, and one space kept in step with one relay. */
export interface Device {
  readonly node: CairnNode
  readonly sync: SpaceSyncNode
  readonly replica: TestReplica
  /** Goes offline for good. */
  stop(): Promise<void>
}

export async function startDevice(
  started: Started,
  relay: Relay,
  space: TestSpace,
  who: TestDevice,
  options: { readonly token?: string; readonly replica?: TestReplica } = {},
): Promise<Device> {
  const { peerId, multiaddrs } = await describeAt(`http://127.0.0.1:${relay.port}/`)
  const key = await generateKeyPair('Ed25519')
  const node = await createNodeNode({ privateKey: key, host: realHost, listen: [], allowLocal: true })
  const storage = await openLevel(join(await started.folder(), 'device'))
  const { timers, clock } = realHost
  let sequence = Date.now()
  const directory = createDirectory({
    ...{ net: node, key, clock, timers, random: Math.random },
    sequence: { next: async () => ++sequence },
    relays: [peerId],
    open: (peer, signal) => node.open(peer, DIRECTORY_PROTOCOL, { signal, addresses: multiaddrs }),
  })
  const networker = createNetworker({
    ...{ net: node, directory, timers, clock, random },
    replicate: async () => {},
    store: createMemoryStore(),
  })
  const isConnected = (): boolean => node.connections().some((it) => it.peer === peerId)
  const sync = createSpaceSync({
    ...{ net: node, storage, sha256, timers, clock, random, networker },
    stores: () => (isConnected() ? [peerId] : []),
    ...(options.token === undefined ? {} : { tokenFor: () => options.token }),
  })
  const stopPacks = node.handle(
    PACKS_PROTOCOL,
    servePacks({ handler: createPackHandler({ sources: [sync.source] }), timers }),
  )
  node.onChange(() => sync.storesChanged())
  node.setRelays([{ peerId, multiaddrs }])
  await networker.listen()
  const replica = options.replica ?? (await createTestReplica(storage, space, who))
  sync.join(replica)

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> =>
    (stopping ??= (async () => {
      await sync.close()
      await networker.close()
      await directory.close()
      stopPacks()
      await node.stop()
      await storage.close()
    })())
  started.onClose(stop)
  return { node, sync, replica, stop }
}
