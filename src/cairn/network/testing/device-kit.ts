import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { randomUUID } from 'node:crypto'
import { createNodeNode } from '../../../net/node/node-node.ts'
import { realHost } from '../../../net/testing/nodes.ts'
import { createRelay } from '../../../relay/serve.ts'
import type { Relay, RelayOptions } from '../../../relay/serve.ts'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevel } from '../../../storage/level/open.ts'
import type { Storage } from '../../../storage/port.ts'
import type { Timers } from '../../../core/timers.ts'
import { random, sha256 } from '../../../storage/testing/node-host.ts'
import { type LocalPds, startLocalPds } from '../../../sync/testing/local-pds.ts'
import type { ActivityItem, Cairn, CairnEvent, Copy, Job } from '../../api.ts'
import { createCairn } from '../../create.ts'
import type { NetworkHost, NodeHandle } from '../host.ts'
import { handleOf } from '../node-handle.ts'
import { openChannel } from '../channel.ts'
import { locksOf } from './locks.ts'

/** A device: a disk, a node of its own, and a Cairn on both. */
export interface TestDevice {
  readonly cairn: Cairn
  readonly storage: Storage
  readonly events: CairnEvent[]
  /** nodes in the order in which they were started */
  readonly nodes: NodeHandle[]
  /** what was asked for over HTTP, addresses in order */
  readonly fetched: string[]
  /** Its peer id, once it leads and can be reached through the relay. */
  online(): Promise<string>
  /** Resolves with what `look` gives as soon as it gives something; it is asked again after each event. */
  until<T>(look: () => Promise<T | undefined | false>): Promise<T>
  ended(job: Job | Promise<Job>): Promise<Job>
  /** Keeps an account's repo from its server, index and all. */
  backUp(name: string): Promise<Job>
  copy(did: string, peer: string): Promise<Copy | undefined>
  notes(kind: string): Promise<ActivityItem[]>
  close(): Promise<void>
}

export interface DeviceKit {
  readonly pds: LocalPds
  /** The relay that serves the app to every device. */
  readonly relay: Relay
  device(wrap?: (storage: Storage) => Storage): Promise<TestDevice>
  /** Ends a device's page, and goes on with its disk in another kind of context. */
  as(device: TestDevice, context: NetworkHost['context']): Promise<TestDevice>
  /** Ends a device's page and copies its disk: the same profile twice. */
  twice(device: TestDevice): Promise<readonly [TestDevice, TestDevice]>
  startRelay(options?: Partial<RelayOptions>): Promise<Relay>
  /** A relay's address as devices are told of it. */
  urlOf(relay: Relay): string
}

/** A server of accounts, a relay with a store, and devices that meet there: all real, all on this machine. */
export async function withDevices(use: (kit: DeviceKit) => Promise<void>): Promise<void> {
  const ends: (() => Promise<unknown>)[] = []
  const disks = new Map<TestDevice, string>()
  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'cairn-network-'))
    ends.push(() => rm(path, { recursive: true, force: true }))
    return path
  }
  const pds = await startLocalPds()
  ends.push(() => pds.close())
  const startRelay = async (options: Partial<RelayOptions> = {}): Promise<Relay> => {
    const dataDir = await folder()
    const started = await createRelay({
      ...{ port: 0, host: '127.0.0.1', allowLocal: true, stun: [], dataDir, plc: pds.origin },
      ...options,
    })
    ends.push(() => started.close())
    return started
  }
  try {
    const relay = await startRelay()
    const open = async (
      disk: string,
      context: NetworkHost['context'],
      wrap = (storage: Storage): Storage => storage,
    ): Promise<TestDevice> => {
      const started = startDevice(wrap(await openLevel(disk)), pds, urlOf(relay), context)
      ends.push(() => started.close())
      disks.set(started, disk)
      await started.cairn.device.setSettings({ endpoints: pds.endpoints })
      return started
    }
    await use({
      pds,
      relay,
      startRelay,
      urlOf,
      device: async (wrap) => open(await folder(), 'page', wrap),
      async twice(device) {
        await device.close()
        const [disk, copy] = [disks.get(device) ?? '', await folder()]
        await cp(disk, copy, { recursive: true })
        return [await open(disk, 'page'), await open(copy, 'page')]
      },
      async as(device, context) {
        await device.close()
        return open(disks.get(device) ?? '', context)
      },
    })
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

/** Real time, with shorter pauses between two tries. */
const timers: Timers = {
  after: (ms, run) => realHost.timers.after(ms < 10_000 ? ms / 4 : ms, run),
}

const urlOf = ({ port }: Relay): string => `http://127.0.0.1:${port}/`

function startDevice(
  storage: Storage,
  pds: LocalPds,
  app: string,
  context: NetworkHost['context'],
): TestDevice {
  const id = randomUUID()
  const nodes: NodeHandle[] = []
  const fetched: string[] = []
  const channel = openChannel(id)
  const cairn = createCairn({
    storage,
    sha256,
    // The server of the accounts may be away while relays are there.
    fetch(url, init) {
      fetched.push(url)
      return new URL(url).origin === pds.origin ? pds.fetch(url, init) : fetch(url, init)
    },
    timers,
    clock: realHost.clock,
    random,
    siblings: undefined,
    persistence: { supported: false, persisted: async () => false },
    network: {
      locks: locksOf(id),
      channel,
      app,
      context,
      direct: false,
      background: 'none',
      newId: randomUUID,
      async startNode({ key, allowLocal }) {
        const privateKey = privateKeyFromProtobuf(key)
        const node = handleOf(
          // As in a page: nobody can dial it but through a relay.
          await createNodeNode({ privateKey, host: realHost, listen: [], allowLocal }),
        )
        nodes.push(node)
        return node
      },
    },
  })
  const events: CairnEvent[] = []
  const waiting = new Set<() => void>()
  cairn.subscribe((event) => {
    events.push(event)
    for (const wake of waiting) wake()
  })
  let closing: Promise<void> | undefined
  const device: TestDevice = {
    cairn,
    storage,
    events,
    nodes,
    fetched,
    async until(look) {
      for (;;) {
        const told = Promise.withResolvers<void>()
        waiting.add(told.resolve)
        try {
          const found = await look()
          if (found !== undefined && found !== false) return found
          await told.promise
        } finally {
          waiting.delete(told.resolve)
        }
      }
    },
    async online() {
      return device.until(async () => {
        const { self, relays } = await cairn.network.status()
        return relays.some((it) => it.state === 'connected') && self
      })
    },
    async ended(job) {
      const { id: wanted } = await job
      return device.until(async () =>
        (await cairn.activity.jobs()).find((it) => it.id === wanted && it.endedAt !== undefined),
      )
    },
    async backUp(name) {
      const job = await device.ended(cairn.library.backup(name))
      await device.until(async () =>
        (await cairn.activity.jobs()).every((it) => it.endedAt !== undefined || it.kind === 'index'),
      )
      return job
    },
    copy: async (did, peer) => (await cairn.network.copies(did)).find((it) => it.peer === peer),
    notes: async (kind) => (await cairn.activity.list({ limit: 100 })).filter((it) => it.kind === kind),
    close: () =>
      (closing ??= (async () => {
        await cairn.close()
        channel.close()
      })()),
  }
  return device
}
