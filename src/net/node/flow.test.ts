import { describe, expect, it } from 'vitest'
import type { ByteStream, Net } from '../net.ts'
import { createMemoryNetwork } from '../testing/memory-net.ts'
import { describeNet } from '../testing/net-compliance.ts'
import { createFlowStream } from './flow.ts'
import { finish } from './finish.ts'
import { realHost } from '../testing/nodes.ts'

const MB = 1024 * 1024

/** A network whose streams are all framed, as those over a data channel are. */
const framed = (net: Net): Net => ({
  ...net,
  open: async (peer, protocol, options) =>
    createFlowStream(await net.open(peer, protocol, options), protocol),
  handle: (protocol, handler) =>
    net.handle(protocol, async (carrier) => {
      await finish(createFlowStream(carrier, protocol), handler, realHost.timers)
    }),
})

describeNet('framed streams', async () => {
  const network = createMemoryNetwork()
  return {
    a: framed(network.node('a')),
    b: framed(network.node('b')),
    toB: {},
    stranger: 'nobody',
    path: 'direct',
    // One window of 1 MiB, however much the carrier would take.
    unreadLimit: MB,
    close: async () => undefined,
  }
})

describe('a framed stream', () => {
  /** A carrier with nothing but what it is given to read. */
  const carrier = (
    ...chunks: (Uint8Array | undefined)[]
  ): ByteStream & { aborted: boolean; wrote: Uint8Array[] } => ({
    peer: 'p',
    path: 'direct',
    protocol: '/x',
    aborted: false,
    wrote: [],
    async read() {
      return chunks.shift()
    },
    async write(bytes) {
      this.wrote.push(bytes)
    },
    async closeWrite() {},
    abort() {
      this.aborted = true
    },
  })
  const data = (length: number): Uint8Array => {
    const bytes = new Uint8Array(5 + length)
    bytes[0] = 1
    new DataView(bytes.buffer).setUint32(1, length)
    return bytes
  }
  const end = new Uint8Array([3, 0, 0, 0, 0])

  it('is not whole when its carrier ends without saying so', async () => {
    const stream = createFlowStream(carrier(data(3), undefined), '/x')
    const read = async (): Promise<void> => {
      while ((await stream.read()) !== undefined);
    }
    await expect(read()).rejects.toMatchObject({ code: 'net.reset' })
  })

  it('is whole when it said so, in frames cut anywhere', async () => {
    const all = new Uint8Array([...data(3), ...data(2), ...end])
    const stream = createFlowStream(carrier(...Array.from(all, (byte) => new Uint8Array([byte]))), '/x')
    let bytes = 0
    for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read())
      bytes += chunk.length
    expect(bytes).toBe(5)
  })

  it.each([
    ['sends more than it was allowed', [data(MB + 1)], 'credit'],
    ['sends an unknown frame', [new Uint8Array([9, 0, 0, 0, 0])], 'flow-frame'],
    ['goes on after its end', [end, data(1)], 'flow-frame'],
  ])('breaks off with a side that %s', async (_, chunks, reason) => {
    const under = carrier(...chunks, undefined)
    const stream = createFlowStream(under, '/x')
    const writing = (async () => {
      for (;;) await stream.write(new Uint8Array(MB))
    })()
    await expect(writing).rejects.toMatchObject({ code: 'net.malformed', fields: { peer: 'p', reason } })
    expect(under.aborted).toBe(true)
  })
})
