import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { CairnHost } from '../../../src/cairn/host.ts'
import type { NodeHandle } from '../../../src/cairn/network/host.ts'
import { connectPageNode, type StartNode } from '../../../src/cairn/network/page-node.ts'
import { exclusively, type Work } from '../../../src/sync/work.ts'
import { PAGES_PROTOCOL } from '../../../src/sync/pages/protocol.ts'
import { servePages } from '../../../src/sync/pages/serve.ts'
import { createPeerCalls } from '../../../src/sync/peers/calls.ts'
import { pullRepoSync } from '../../../src/sync/repo-sync/pull.ts'
import { takeIn } from '../../../src/sync/take-in.ts'
import type { ImportSession } from '../../../src/storage/import-session.ts'
import { rehearseImport } from '../../../src/storage/rehearsal.ts'
import { browserHost, timers } from '../../../src/worker/host.ts'
import { floorHttp } from './floor-http.ts'
import { gunzipped } from './gunzipped.ts'
import type { CallName, PeerInput, WorkerCalls } from './protocol.ts'
import { serveBytes, takeBytes } from './raw-stream.ts'

/** The engine's side of a device, from the parts that the product's service puts together. */

const pagePort = new Promise<MessagePort>((resolve) => {
  addEventListener('message', function hear({ data, ports: [port] }: MessageEvent) {
    if ((data as { type?: unknown }).type !== 'page-node' || port === undefined) return
    removeEventListener('message', hear)
    resolve(port)
  })
})
const starting: Promise<StartNode> = pagePort.then((port) => connectPageNode(port, timers))

interface Device {
  readonly host: CairnHost
  readonly plc: string
  readonly node: NodeHandle | undefined
}
/** The node is started by hand, with a key of its own each time. */
const startNode: StartNode = async (config) => (await starting)(config)

let device: Promise<Device> | undefined
let met: PeerInput | undefined
const opened = (): Promise<Device> =>
  (device ??= browserHost('page', startNode).then((host) => ({
    host,
    plc: 'http://127.0.0.1:9',
    node: undefined,
  })))

const endpoints = (plc: string) => async () => ({ plc, doh: '', resolver: '', allowLocal: true })

const workOn = (host: CairnHost): Work => ({
  signal: new AbortController().signal,
  report() {},
  onWait: ({ error }) => console.error(`waits: ${String(error)}`),
  check() {},
  exclusively: (did, run) => exclusively(host.storage, did, run),
})

async function takeStream(did: string, url: string) {
  const { host, plc } = await opened()
  const started = performance.now()
  let bytes = 0
  const feed = async (session: ImportSession): Promise<void> => {
    const response = await fetch(url)
    if (!response.ok || response.body === null) throw new Error(`no data at ${url}`)
    const reader = response.body.getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      bytes += part.value.length
      await session.write(part.value)
    }
  }
  const taken = await takeIn(host, await endpoints(plc)(), {
    did,
    source: 'file',
    label: 'bench',
    work: workOn(host),
    once: true,
    feed,
  })
  if (taken.snapshot === undefined) throw new Error('nothing was taken in')
  return { ms: performance.now() - started, bytes, how: taken.snapshot.signature }
}

async function callsOf() {
  const { host, plc, node } = await opened()
  if (node === undefined) throw new Error('the node was not started')
  return {
    host,
    node,
    calls: createPeerCalls({ host, endpoints: endpoints(plc), net: node.net, lookup: async () => [] }),
  }
}
const candidate = ({ peer, addresses }: PeerInput) => ({ peer, addresses, kind: 'device' }) as const

const served: WorkerCalls = {
  async start({ relay, relayOnly, plc }) {
    const before = await opened()
    const key = privateKeyToProtobuf(await generateKeyPair('Ed25519'))
    const node = await (await starting)({ key, relayOnly, stun: [], allowLocal: true })
    device = Promise.resolve({ host: before.host, plc, node })
    const { storage } = before.host
    node.net.handle(PAGES_PROTOCOL, servePages({ storage, timers }))
    serveBytes(node.net)
    const connected = async (): Promise<boolean> =>
      (await node.relays()).some(({ state }) => state === 'connected') && node.net.addresses().length > 0
    const reached = new Promise<void>((resolve) => {
      const look = async (): Promise<void> => {
        if (await connected()) resolve()
        else setTimeout(() => void look(), 20)
      }
      void look()
    })
    await node.setRelays([relay])
    await reached
    return { peer: node.net.self, addresses: node.net.addresses() }
  },
  load: ({ did, url }) => takeStream(did, url),
  async meet(input) {
    met = input
    const { calls, node, host } = await callsOf()
    await rehearse(host)
    const [head] = await calls.heads(candidate(input), [input.did], new AbortController().signal)
    if (head === undefined) throw new Error('the peer does not keep it')
    const path = (): string | undefined =>
      node.net.connections().find(({ peer }) => peer === input.peer)?.path
    for (let tries = 0; path() !== input.path; tries++) {
      if (tries > 500) throw new Error(`the connection is ${path()}, and not ${input.path}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  },
  async pull(input) {
    const { host, node, calls } = await callsOf()
    const received = async (): Promise<number> =>
      (await node.peers()).find(({ peer }) => peer === input.peer)?.received ?? 0
    const before = await received()
    const started = performance.now()
    const { result, way } = await calls.pull([candidate(input)], input.did, workOn(host))
    const ms = performance.now() - started
    if (result.snapshot === undefined) throw new Error('nothing was taken in')
    const path = node.net.connections().find(({ peer }) => peer === input.peer)?.path
    return {
      ms,
      bytes: (await received()) - before,
      how: `${way.rung}, ${path}, ${result.snapshot.signature}`,
    }
  },
  async pullCar(input) {
    const { host, node, plc } = await opened()
    if (node === undefined) throw new Error('the node was not started')
    const received = async (): Promise<number> =>
      (await node.peers()).find(({ peer }) => peer === input.peer)?.received ?? 0
    const before = await received()
    const started = performance.now()
    const { snapshot } = await pullRepoSync(
      host,
      await endpoints(plc)(),
      input.gzipped ? gunzipped(node.net) : node.net,
      {
        did: input.did,
        peer: input.peer,
        addresses: input.addresses,
        label: 'bench',
        work: workOn(host),
      },
    )
    const ms = performance.now() - started
    if (snapshot === undefined) throw new Error('nothing was taken in')
    return { ms, bytes: (await received()) - before, how: `repo-sync, ${snapshot.signature}` }
  },
  async takeBytes({ bytes }) {
    if (met === undefined) throw new Error('nobody was met')
    return takeBytes((await callsOf()).node.net, met, bytes)
  },
  async pullHttp({ did, url }) {
    await rehearse((await opened()).host)
    return takeStream(did, url)
  },
  floorHttp,
}

/** What the app has its engine do when a person turns to what asks for a repo. */
const rehearse = (host: CairnHost): Promise<boolean> => rehearseImport(host, () => false)

async function answer(id: number, name: CallName, input: unknown): Promise<void> {
  try {
    // the page passes on only names of this table, each with its own input
    const run = served[name as keyof WorkerCalls] as (input: unknown) => Promise<unknown>
    postMessage({ id, value: await run(input) })
  } catch (error) {
    postMessage({
      id,
      error: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error),
    })
  }
}

addEventListener('message', ({ data }: MessageEvent<{ id?: number; name: CallName; input: unknown }>) => {
  if (data.id !== undefined) void answer(data.id, data.name, data.input)
})
