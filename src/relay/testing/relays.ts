import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RelayDescription } from '../http/description.ts'
import { createRelay } from '../serve.ts'
import type { Relay, RelayOptions } from '../serve.ts'

/** What a test has started, ended in reverse when it is over. */
export interface Started {
  relay(options?: Partial<RelayOptions>): Promise<Relay>
  /** a libp2p node as a browser has it, without WebRTC; with addresses it listens there */
  client(listen?: readonly string[], privateKey?: PrivateKey): Promise<Libp2p>
  folder(): Promise<string>
  /** Called last to first by `close`. */
  onClose(run: () => unknown): void
  close(): Promise<void>
}

export function createStarted(): Started {
  const ends: (() => unknown)[] = []
  return {
    relay: async (options = {}) => {
      const relay = await createRelay({ port: 0, host: '127.0.0.1', allowLocal: true, stun: [], ...options })
      ends.push(() => relay.close())
      return relay
    },
    client: async (listen = [], privateKey) => {
      const node = await createLibp2p({
        ...(privateKey === undefined ? {} : { privateKey }),
        addresses: { listen: [...listen] },
        transports: [webSockets(), circuitRelayTransport()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        connectionMonitor: { abortConnectionOnPingFailure: false },
        services: { identify: identify(), ping: ping() },
      })
      ends.push(() => node.stop())
      return node
    },
    folder: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'cairn-relay-test-'))
      ends.push(() => rm(folder, { recursive: true, force: true }))
      return folder
    },
    onClose: (run) => void ends.push(run),
    close: async () => {
      for (const end of ends.splice(0).reverse()) await end()
    },
  }
}

/** `GET /relay.json` under an address of the relay. */
export async function describeAt(base: string): Promise<RelayDescription> {
  const response = await fetch(new URL('relay.json', base))
  // What this very program answers.
  return (await response.json()) as RelayDescription
}

/** The first multiaddr a relay gives of itself. */
export async function addressOf(base: string) {
  const [first = ''] = (await describeAt(base)).multiaddrs
  return multiaddr(first)
}

/** Resolves when `check` gives something, looking again after each event. */
export async function until<T>(
  target: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>,
  events: readonly string[],
  check: () => T | undefined | false,
): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>()
  const look = (): void => {
    const found = check()
    if (found !== undefined && found !== false) resolve(found)
  }
  for (const event of events) target.addEventListener(event, look)
  look()
  try {
    return await promise
  } finally {
    for (const event of events) target.removeEventListener(event, look)
  }
}

/** What a node listens on to be reached through the relay at an address. */
export const through = (address: Multiaddr | string): string => `${address.toString()}/p2p-circuit`

/** Waits until the node can be reached through its relay. */
export const reachable = (node: Libp2p): Promise<string> =>
  until(node, ['self:peer:update'], () =>
    node
      .getMultiaddrs()
      .map(String)
      .find((one) => one.includes('p2p-circuit')),
  )

/** The value of a metric with its labels, as `/metrics` gives it; NaN when there is none. */
export const metric = async (relay: Relay, name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text()
  return Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (.+)$`, 'm').exec(text)?.[1])
}
