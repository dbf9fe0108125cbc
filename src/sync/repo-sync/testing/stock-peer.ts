import { decode, encode } from '@atcute/cbor'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

/**
 * A node that speaks `/p2pds/repo-sync/1.0.0` and was written from the description of its bytes alone, on
 * plain libp2p: nothing of this project is in it. As the nodes that it stands for, it gathers whole answers
 * in memory, and gives up on one above 256 MiB.
 */
const PROTOCOL = '/p2pds/repo-sync/1.0.0'
const MAX_REQUEST = 64 * 1024
const MAX_RESPONSE = 256 * 1024 * 1024

/** One side's end of a stream, for tests that misbehave. */
export interface Wire {
  readonly peer: string
  /** what the other side asked, once it has ended its half */
  readonly request: Uint8Array
  send(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
  abort(): void
  /** ends when the other side breaks off, or this node is closed */
  readonly gone: Promise<void>
}

export interface StockRepo {
  car: Uint8Array
  /** what is newer than a rev */
  since?: Map<string, Uint8Array>
}

export interface StockPeer {
  readonly id: string
  readonly tcp: string
  readonly ws: string
  readonly repos: Map<string, StockRepo>
  /** requests as they came, decoded */
  readonly asked: unknown[]
  /** answers in place of what a true node would, until undefined is set */
  behave: ((wire: Wire) => Promise<void>) | undefined
  /** Asks for a repo. Throws for every status but 0. */
  fetch(address: string, did: string, since?: string): Promise<Uint8Array>
  /** Sends these bytes as a request; all bytes of the answer. */
  ask(address: string, request: Uint8Array): Promise<Uint8Array>
  close(): Promise<void>
}

export async function startStockPeer(): Promise<StockPeer> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  })
  const repos = new Map<string, StockRepo>()
  const asked: unknown[] = []

  const write = async (stream: RawStream, bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length; at += 60_000) {
      if (stream.send(bytes.subarray(at, at + 60_000))) continue
      // Not `onDrain`, which from its second use on resolves at once.
      await new Promise<void>((resolve, reject) => {
        stream.addEventListener('drain', () => resolve(), { once: true })
        stream.addEventListener('close', () => reject(new Error('closed')), { once: true })
      })
    }
  }
  const gather = async (stream: RawStream, limit: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = []
    let size = 0
    for await (const chunk of stream) {
      size += chunk.byteLength
      if (size > limit) throw new Error('too large')
      parts.push(chunk.subarray())
    }
    return Buffer.concat(parts)
  }
  const open = (address: string) => node.dialProtocol(multiaddr(address), PROTOCOL)

  const serve = async (stream: RawStream, peerId: string): Promise<void> => {
    const request = await gather(stream, MAX_REQUEST)
    if (peer.behave !== undefined) {
      await peer.behave({
        peer: peerId,
        request,
        send: (bytes) => write(stream, bytes),
        close: () => stream.close(),
        abort: () => stream.abort(new Error('away')),
        gone: new Promise((resolve) => stream.addEventListener('close', () => resolve(), { once: true })),
      })
      return
    }
    // whatever was sent; looked at field by field
    const message = decode(request) as { did?: unknown; since?: unknown }
    asked.push(message)
    const repo = typeof message.did === 'string' ? repos.get(message.did) : undefined
    if (typeof message.did !== 'string') await write(stream, Uint8Array.of(2))
    else if (repo === undefined) await write(stream, Uint8Array.of(1))
    else {
      const part = typeof message.since === 'string' ? repo.since?.get(message.since) : undefined
      await write(stream, Uint8Array.of(0))
      await write(stream, part ?? repo.car)
    }
    await stream.close()
  }

  await node.handle(PROTOCOL, (stream, connection) => {
    serve(stream, connection.remotePeer.toString()).catch((error: unknown) =>
      stream.abort(error instanceof Error ? error : new Error(String(error))),
    )
  })

  const ask = async (address: string, request: Uint8Array): Promise<Uint8Array> => {
    const stream = await open(address)
    try {
      await write(stream, request)
      await stream.close()
      return await gather(stream, MAX_RESPONSE)
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }
  const addresses = node.getMultiaddrs().map((it) => it.toString())
  const peer: StockPeer = {
    id: node.peerId.toString(),
    tcp: addresses.find((it) => !it.includes('/ws')) ?? '',
    ws: addresses.find((it) => it.includes('/ws')) ?? '',
    repos,
    asked,
    behave: undefined,
    ask,
    async fetch(address, did, since) {
      const answer = await ask(address, encode(since === undefined ? { did } : { did, since }))
      if (answer.length === 0) throw new Error('empty response')
      if (answer[0] === 1) throw new Error('repo not found')
      if (answer[0] !== 0) throw new Error(`status ${answer[0]}`)
      return answer.subarray(1)
    },
    close: async () => node.stop(),
  }
  return peer
}

type RawStream = Awaited<ReturnType<Awaited<ReturnType<typeof createLibp2p>>['dialProtocol']>>
