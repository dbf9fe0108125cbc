import { connectNet } from '../../net/bridge/connect.ts'
import { serveNet } from '../../net/bridge/serve.ts'
import type { Timers } from '../../core/timers.ts'
import { createCalls } from './calls.ts'
import type { Channel } from './channel.ts'
import type { NodeConfig, NodeHandle, PeerLink, RelayAddress, RelayLink } from './host.ts'

/** A node that runs in this thread. */
export type StartNode = (config: NodeConfig) => Promise<NodeHandle>

interface Start {
  readonly start: { readonly config: NodeConfig; readonly net: MessagePort }
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
    const before = stop()
    starting = start(message.start, before)
    // told to whoever asks for it
    starting.catch(() => {})
  })
  const stopAnswering = calls.answer(async (name, args) => {
    if (name === 'stop') return stop()
    const handle = await starting
    if (name === 'setRelays') return handle?.setRelays(args[0] as RelayAddress[])
    if (name === 'relays') return handle?.relays()
    if (name === 'peers') return handle?.peers()
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
  const calls = createCalls(channel, timers, () => String(count++))
  return async (config) => {
    const { port1, port2 } = new MessageChannel()
    port.postMessage({ start: { config, net: port2 } } satisfies Start, [port2])
    // Answered when the node runs; rejects with the reason when it could not be started.
    await calls.ask('relays', [])
    const net = await connectNet(port1, timers)
    return {
      net,
      // `servePageNode` answers each with what the handle says
      setRelays: async (relays) => void (await calls.ask('setRelays', [relays])),
      relays: async () => (await calls.ask('relays', [])) as RelayLink[],
      peers: async () => (await calls.ask('peers', [])) as PeerLink[],
      onRelays: (listener) =>
        channel.listen((data) => {
          if ((data as { relaysChanged?: boolean }).relaysChanged === true) listener()
        }),
      async stop() {
        await calls.ask('stop', [])
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
