import { createMemoryNetwork, type MemoryNetwork } from '../../../net/testing/memory-net.ts'
import type { Net } from '../../../net/net.ts'
import type { Storage } from '../../../storage/port.ts'
import { withLevel } from '../../../storage/testing/node-host.ts'
import { type SyncKit, createSyncKit } from '../../testing/sync-kit.ts'
import { type LocalPds, startLocalPds } from '../../testing/local-pds.ts'
import { PAGES_PROTOCOL } from '../protocol.ts'
import { servePages, type ServePagesOptions } from '../serve.ts'
import { pageSource, type PageSource } from '../sources.ts'

/** A device on the memory network, with a disk of its own. */
export interface PagesNode extends SyncKit {
  readonly id: string
  readonly net: Net
  /** Serves what it keeps. Returns what ends that. */
  serve(options?: Partial<ServePagesOptions>): () => void
  /** This node as others reach it. */
  readonly source: (from: PagesNode) => PageSource
}

export interface PagesWorld {
  readonly network: MemoryNetwork
  readonly pds: LocalPds
  readonly nodes: readonly PagesNode[]
}

/** So many devices, each with a LevelDB, and one PDS. */
export async function withNodes(count: number, use: (world: PagesWorld) => Promise<void>): Promise<void> {
  const pds = await startLocalPds()
  const network = createMemoryNetwork()
  const storages: Storage[] = []
  const open = async (): Promise<void> => {
    if (storages.length === count) {
      const nodes = storages.map((storage, i) => createNode(network, pds, storage, `node-${i}`))
      return use({ network, pds, nodes })
    }
    await withLevel(async (storage) => {
      storages.push(storage)
      await open()
    })
  }
  try {
    await open()
  } finally {
    await pds.close()
  }
}

function createNode(network: MemoryNetwork, pds: LocalPds, storage: Storage, id: string): PagesNode {
  const kit = createSyncKit(storage, pds)
  const net = network.node(id)
  const node: PagesNode = {
    ...kit,
    id,
    net,
    serve: (options) => net.handle(PAGES_PROTOCOL, servePages({ storage, timers: kit.timers, ...options })),
    source: (from) => pageSource(from.net, from.host, { peer: id }),
  }
  return node
}
