import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { afterEach, describe, expect, it } from 'vitest'
import { NetError } from '../../net/errors.ts'
import { createFrameReader, writeFrame } from '../../net/frames.ts'
import { createNodeNode } from '../../net/node/node-node.ts'
import { realHost, startNode, startRelay, until } from '../../net/testing/nodes.ts'
import type { NodeConfig, NodeHandle } from './host.ts'
import { handleOf } from './node-handle.ts'
import { connectPageNode, servePageNode, type StartNode } from './page-node.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A page and its engine, with a real port between them and real nodes in the page. */
function setup(before: (config: NodeConfig) => Promise<void> = async () => {}) {
  const { port1, port2 } = new MessageChannel()
  const nodes: { readonly handle: NodeHandle; stopped: boolean }[] = []
  const start: StartNode = async (config) => {
    await before(config)
    const handle = handleOf(
      await createNodeNode({
        privateKey: privateKeyFromProtobuf(config.key),
        host: realHost,
        listen: ['/ip4/127.0.0.1/tcp/0/ws'],
        allowLocal: config.allowLocal,
      }),
    )
    const entry = { handle, stopped: false }
    nodes.push(entry)
    return {
      ...handle,
      async stop() {
        await handle.stop()
        entry.stopped = true
      },
    }
  }
  const leave = servePageNode(port1, start, realHost.timers)
  ends.push(async () => {
    leave()
    for (const { handle } of nodes) await handle.stop()
    port1.close()
    port2.close()
  })
  return { startNode: connectPageNode(port2, realHost.timers), nodes, leave }
}

const config = async (): Promise<NodeConfig> => ({
  key: privateKeyToProtobuf(await generateKeyPair('Ed25519')),
  relayOnly: false,
  stun: [],
  allowLocal: true,
})

describe('a node in a page', () => {
  it('is started, reaches peers and relays, and is stopped, all from its engine', async () => {
    const { startNode: startPage, nodes } = setup()
    const node = await startPage(await config())
    expect(node.net.self).toBe(nodes[0]?.handle.net.self)

    const other = await startNode()
    ends.push(() => other.stop())
    other.handle('/echo/1', async (stream) => {
      const frame = await createFrameReader(stream).read(100)
      if (frame !== undefined) await writeFrame(stream, frame)
    })
    const stream = await node.net.open(other.self, '/echo/1', { addresses: other.addresses() })
    await writeFrame(stream, Uint8Array.of(1, 2, 3))
    expect(await createFrameReader(stream).expect(100)).toEqual(Uint8Array.of(1, 2, 3))
    expect(await node.peers()).toMatchObject([
      { peer: other.self, received: expect.any(Number), sent: expect.any(Number) },
    ])

    const relay = await startRelay()
    ends.push(() => relay.stop())
    const connected = new Promise<void>((resolve) => {
      const stop = node.onRelays(() => {
        void node.relays().then((links) => {
          if (links.every((it) => it.state !== 'connected')) return
          stop()
          resolve()
        })
      })
    })
    await node.setRelays([{ peerId: relay.peerId, multiaddrs: relay.multiaddrs }])
    await connected
    expect(await node.relays()).toMatchObject([{ peerId: relay.peerId, state: 'connected' }])

    const gone = until(other, () => other.connections().length === 0)
    await node.stop()
    await gone
    expect(nodes[0]?.stopped).toBe(true)
    await expect(node.net.open(other.self, '/echo/1')).rejects.toMatchObject({ code: 'net.closed' })
  })

  it('ends when another is started', async () => {
    const { startNode: startPage, nodes } = setup()
    const first = await startPage(await config())
    const second = await startPage(await config())
    expect(nodes.map((it) => it.stopped)).toEqual([true, false])
    expect(second.net.self).not.toBe(first.net.self)
    await expect(first.net.open(second.net.self, '/x')).rejects.toMatchObject({ code: 'net.closed' })
    // Whoever had the first one may still stop it; that is over already, and does nothing to the second.
    await first.stop()
    await expect(first.relays()).rejects.toMatchObject({ code: 'net.closed' })
    expect(await second.relays()).toEqual([])
    expect(nodes.map((it) => it.stopped)).toEqual([true, false])
  })

  it('that cannot be started is told, and another one can', async () => {
    let fails = true
    const { startNode: startPage } = setup(async () => {
      if (fails) throw new NetError('net.refused', { peer: 'x', reason: 'no crypto here' })
    })
    await expect(startPage(await config())).rejects.toMatchObject({
      code: 'net.refused',
      fields: { reason: 'no crypto here' },
    })
    fails = false
    expect((await startPage(await config())).net.self).toBeTypeOf('string')
  })

  it('ends with its page', async () => {
    const { startNode: startPage, nodes, leave } = setup()
    const node = await startPage(await config())
    const other = await startNode()
    ends.push(() => other.stop())
    leave()
    await expect(node.net.open(other.self, '/x', { addresses: other.addresses() })).rejects.toMatchObject({
      code: 'net.closed',
    })
    await expect.poll(() => nodes[0]?.stopped).toBe(true)
  })
})
