import { connectNet } from '../../net/bridge/connect.ts'
import { serveNet } from '../../net/bridge/serve.ts'
import { NetError } from '../../net/errors.ts'
import type { Timers } from '../../core/timers.ts'
import { createCalls } from './calls.ts'
import type { Channel } from './channel.ts'
import type { NodeConfig, NodeHandle, PeerLink, RelayAddress, RelayLink } from './host.ts'

/** A node that runs in this thread. */
export type StartNode = (config: NodeConfig) => Promise<NodeHandle>

interface Start {
  readonly start: { readonly id: number; readonly config: NodeConfig; readonly net: MessagePort }
}

/**
 * Runs a node for an engine that has no WebRTC: connections between browsers exist in pages only, while the
 * engine lives in a worker. Streams go over a port of their own; the rest are small calls. A new start ends
 * the node before.
 */
export function servePageNode(port: MessagePort, startNode: StartNode, timers: Timers): () => void {
  const channel = channelOf(port)
  const calls = createCalls(channel, timers, () => '')
  let starting: Promise<NodeHandle> | undefined
  /** of the latest start; whoever has an earlier one says nothing to its node any more */
  let latest: number | undefined
  let stopNet = (): void => {}

  const stop = async (): Promise<void> => {
    const old = starting
    starting = undefined
    stopNet()
    await (await old?.catch(() => undefined))?.stop()
  }
  const start = async ({ config, net }: Start['start'], before: Promise<void>): Promise<NodeHandle> => {
    await before
    const handle = await startNode(config)
    const ends = serveNet(handle.net, net)
    const stopRelays = handle.onRelays(() => channel.post({ relaysChanged: true }))
    stopNet = () => {
      ends()
      stopRelays()
    }
    return handle
  }
  const stopHearing = channel.listen((data) => {
    // only `connectPageNode` posts here
    const message = data as Partial<Start>
    if (message.start === undefined) return
    latest = message.start.id
    const before = stop()
    starting = start(message.start, before)
    // told to whoever asks for it
    starting.catch(() => {})
  })
  const stopAnswering = calls.answer(async (name, [id, relays]) => {
    if (name === 'stop') return id === latest ? stop() : undefined
    const handle = id === latest ? await starting : undefined
    if (handle === undefined) throw new NetError('net.closed')
    if (name === 'setRelays') return handle.setRelays(relays as RelayAddress[])
    if (name === 'relays') return handle.relays()
    if (name === 'peers') return handle.peers()
    return undefined
  })
  return () => {
    stopAnswering()
    stopHearing()
    calls.close()
    // the page is going; what is left of the node goes with it
    void stop().catch(() => {})
  }
}

/** The engine's end: each start is a new node in the page. */
export function connectPageNode(port: MessagePort, timers: Timers): StartNode {
  const channel = channelOf(port)
  let count = 0
  let starts = 0
  const calls = createCalls(channel, timers, () => String(count++))
  return async (config) => {
    const id = ++starts
    const { port1, port2 } = new MessageChannel()
    port.postMessage({ start: { id, config, net: port2 } } satisfies Start, [port2])
    // Answered when the node runs; rejects with the reason when it could not be started.
    await calls.ask('relays', [id])
    const net = await connectNet(port1, timers)
    return {
      net,
      // `servePageNode` answers each with what the handle says
      setRelays: async (relays) => void (await calls.ask('setRelays', [id, relays])),
      relays: async () => (await calls.ask('relays', [id])) as RelayLink[],
      peers: async () => (await calls.ask('peers', [id])) as PeerLink[],
      onRelays: (listener) =>
        channel.listen((data) => {
          if ((data as { relaysChanged?: boolean }).relaysChanged === true) listener()
        }),
      async stop() {
        await calls.ask('stop', [id])
      },
    }
  }
}

function channelOf(port: MessagePort): Channel {
  port.start()
  return {
    post: (message) => port.postMessage(message),
    listen(listener) {
      const hear = ({ data }: MessageEvent): void => listener(data)
      port.addEventListener('message', hear)
      return () => port.removeEventListener('message', hear)
    },
  }
}
