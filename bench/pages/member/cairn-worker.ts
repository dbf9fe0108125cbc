import { createCairn } from '../../../src/cairn/create.ts'
import { deferCairn } from '../../../src/cairn/deferred.ts'
import { connectPageNode, type StartNode } from '../../../src/cairn/network/page-node.ts'
import { serveCairn } from '../../../src/cairn/remote.ts'
import { weigh } from '../../../src/storage/indexeddb/weigh.ts'
import type { SnapshotRow } from '../../../src/storage/rows.ts'
import type { Storage } from '../../../src/storage/port.ts'
import { browserHost, timers } from '../../../src/worker/host.ts'
import { createBare } from './bare.ts'

/**
 * The product's engine as `src/worker/engine.ts` puts it together, with two differences: its app's server is the
 * relay that it is told of, and the page is told when a head was stored.
 */

/** What the page gives: a port to its node, one for notes, and where the relay is. */
interface Given {
  readonly node: MessagePort
  readonly notes: MessagePort
  readonly server: string
}

const given = new Promise<Given>((resolve) => {
  self.addEventListener('message', function hear({ data, ports: [node, notes] }: MessageEvent) {
    const { type, server } = data as { type?: unknown; server?: unknown }
    if (type !== 'member' || node === undefined || notes === undefined || typeof server !== 'string') return
    self.removeEventListener('message', hear)
    resolve({ node, notes, server })
  })
})

/** What is said over the port for notes, either way. */
export interface BareAsked {
  readonly bare: number
  readonly bytes: number
}
export interface BareNoted {
  /** its number, and when it was sent or stored */
  readonly bare: number
  readonly what: 'sent' | 'stored'
  readonly at: number
}

const startNode: StartNode = async (config) => {
  const { node, notes } = await given
  start ??= connectPageNode(node, timers)
  const handle = await start(config)
  const note = (bare: number, what: BareNoted['what'], at: number): void =>
    notes.postMessage({ bare, what, at } satisfies BareNoted)
  // A node that was set otherwise takes the place of the one before.
  answering?.abort()
  answering = new AbortController()
  const bare = createBare(handle.net, (number, at) => note(number, 'stored', at))
  const send = ({ data }: MessageEvent<BareAsked>): void =>
    void bare.send(data.bare, data.bytes).then((at) => note(data.bare, 'sent', at))
  notes.addEventListener('message', send, { signal: answering.signal })
  notes.start()
  return handle
}
let answering: AbortController | undefined
let start: StartNode | undefined

/** Tells of each head as soon as the transaction that moved it is on the disk, and of that one's bytes. */
function telling(storage: Storage, notes: MessagePort): Storage {
  return {
    ...storage,
    async write(ops, options) {
      await storage.write(ops, options)
      const at = performance.timeOrigin + performance.now()
      for (const op of ops) {
        if (op.type !== 'put' || op.table !== 'snapshots') continue
        // rows of this table
        notes.postMessage({ rev: (op.value as SnapshotRow).rev, at, bytes: weigh(ops) })
      }
    },
  }
}

async function cairn() {
  const [host, { notes, server }] = await Promise.all([browserHost('page', startNode), given])
  if (host.network === undefined) throw new Error('a browser has a network')
  return createCairn({
    ...host,
    storage: telling(host.storage, notes),
    network: { ...host.network, app: server },
  })
}

serveCairn(deferCairn(cairn()), self)
