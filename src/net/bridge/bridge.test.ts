import { MessageChannel } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import type { ByteStream, Net } from '../net.ts'
import { createMemoryNetwork } from '../testing/memory-net.ts'
import { describeNet, rejection } from '../testing/net-compliance.ts'
import { realHost, startNode, strangerId } from '../testing/nodes.ts'
import { type BridgedNet, connectNet } from './connect.ts'
import { serveNet } from './serve.ts'
import type { Port } from './wire.ts'

const MB = 1024 * 1024

/** Node's ports are typed apart from the web's, and work the same. */
const asPort = (port: unknown): Port => port as Port

async function bridge(net: Net): Promise<{ net: BridgedNet; stop: () => void; port: Port }> {
  const { port1, port2 } = new MessageChannel()
  const stop = serveNet(net, asPort(port1))
  return { net: await connectNet(asPort(port2), realHost.timers), stop, port: asPort(port2) }
}

describeNet('a bridge over the memory network, both nodes behind it', async () => {
  const network = createMemoryNetwork()
  const [a, b] = [await bridge(network.node('a')), await bridge(network.node('b'))]
  return {
    a: a.net,
    b: b.net,
    toB: {},
    stranger: 'nobody',
    path: 'direct',
    unreadLimit: 2 * MB,
    // A call through the same port: by its answer all that went before it is done.
    settled: () => b.net.hangUp('nobody'),
    close: async () => {
      a.net.close()
      b.net.close()
    },
  }
})

describeNet('a bridge over libp2p', async () => {
  const [near, b] = await Promise.all([startNode([]), startNode()])
  const a = await bridge(near)
  return {
    a: a.net,
    b,
    toB: { addresses: b.addresses() },
    stranger: await strangerId(),
    path: 'direct',
    unreadLimit: 4 * MB,
    close: async () => {
      a.net.close()
      await Promise.all([near.stop(), b.stop()])
    },
  }
})

describe('when the port dies', () => {
  const waiting = async (): Promise<{
    a: Awaited<ReturnType<typeof bridge>>
    stream: ByteStream
    there: ByteStream
    b: Net
  }> => {
    const network = createMemoryNetwork()
    const a = await bridge(network.node('a'))
    const b = network.node('b')
    const seen = Promise.withResolvers<ByteStream>()
    b.handle('/t', async (stream) => {
      seen.resolve(stream)
      await stream.read()
    })
    const stream = await a.net.open('b', '/t')
    return { a, b, stream, there: await seen.promise }
  }
  const over = expect.objectContaining({ code: 'net.closed' })

  it.each(['the client closes', 'the server stops', 'the port closes'])(
    'because %s, all fails',
    async (how) => {
      const { a, b, stream, there } = await waiting()
      const reading = rejection(stream.read())
      const away = rejection(there.read())
      const told = Promise.withResolvers<void>()
      a.net.onChange(told.resolve)
      if (how === 'the client closes') a.net.close()
      else if (how === 'the server stops') a.stop()
      else a.port.close()
      expect(await reading).toEqual(over)
      expect(await away).toMatchObject({ code: 'net.reset' })
      await told.promise
      await expect(stream.write(new Uint8Array(1))).rejects.toEqual(over)
      await expect(a.net.open('b', '/t')).rejects.toEqual(over)
      await expect(a.net.hangUp('b')).rejects.toEqual(over)
      expect(a.net.connections()).toEqual([])
      // The network that was lent goes on.
      expect(b.connections()).toHaveLength(1)
    },
  )

  it('before it answered, there is no network', async () => {
    const { port1, port2 } = new MessageChannel()
    const connecting = connectNet(asPort(port2), realHost.timers)
    port1.close()
    await expect(connecting).rejects.toEqual(over)
  })

  it('handlers of the other side are gone, and can be set by the next', async () => {
    const network = createMemoryNetwork()
    const lent = network.node('a')
    const b = network.node('b')
    const first = await bridge(lent)
    first.net.handle('/t', async () => undefined)
    first.net.close()
    const second = await bridge(lent)
    second.net.handle('/t', async (stream) => stream.write(new Uint8Array([2])))
    // The call that comes last goes the same way through the port: by its answer the handler is set.
    await second.net.hangUp('b')
    expect(await (await b.open('a', '/t')).read()).toEqual(new Uint8Array([2]))
    second.net.close()
  })
})

describe('a call that is cancelled', () => {
  it('ends at once, and the stream that comes too late is broken off', async () => {
    const network = createMemoryNetwork()
    const a = await bridge(network.node('a'))
    const b = network.node('b')
    const broken = Promise.withResolvers<unknown>()
    b.handle('/t', async (stream) => void (await stream.read().catch(broken.resolve)))
    const cancel = new AbortController()
    const opening = rejection(a.net.open('b', '/t', { signal: cancel.signal }))
    cancel.abort()
    expect(await opening).toMatchObject({ code: 'net.cancelled' })
    expect(await broken.promise).toMatchObject({ code: 'net.reset' })
    a.net.close()
  })
})
