import type { Stream } from '@libp2p/interface'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ByteStream } from '../net.ts'
import { startNode } from '../testing/nodes.ts'
import type { CairnNode } from './create.ts'
import { createByteStream } from './stream.ts'
import { MAX_WINDOW } from './transport.ts'

const MB = 1024 * 1024

describe('a libp2p stream', () => {
  let a: CairnNode
  let b: CairnNode
  beforeAll(async () => {
    ;[a, b] = await Promise.all([startNode([]), startNode()])
    await a.libp2p.dial(b.libp2p.getMultiaddrs())
  })
  afterAll(async () => void (await Promise.all([a.stop(), b.stop()])))

  const facts = { peer: 'p', path: 'direct', protocol: '/raw' } as const
  /** Both ends as libp2p has them, and as we do. */
  const pair = async (): Promise<{ raw: [Stream, Stream]; ends: [ByteStream, ByteStream] }> => {
    const there = Promise.withResolvers<[Stream, ByteStream]>()
    await b.libp2p.handle('/raw', (raw) => there.resolve([raw, createByteStream(raw, facts)]))
    const link = a.libp2p.getConnections()[0]
    if (link === undefined) throw new Error('not connected')
    const raw = await link.newStream('/raw')
    const here = createByteStream(raw, facts)
    const [far, farEnd] = await there.promise
    await b.libp2p.unhandle('/raw')
    return { raw: [raw, far], ends: [here, farEnd] }
  }

  it('whose reader does something else after each chunk is never reset, and never holds more than a window and a pause', async () => {
    const {
      raw: [, far],
      ends: [here, there],
    } = await pair()
    const total = 24 * MB
    let sent = 0
    const sending = (async () => {
      for (; sent < total; sent += 64 * 1024) await here.write(new Uint8Array(64 * 1024))
      await here.closeWrite()
    })()
    /** Until the sender got nothing more through for many turns of the event loop. */
    const stalled = async (): Promise<void> => {
      for (let before = -1; before !== sent;) {
        before = sent
        for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    let most = 0
    let got = 0
    for (let chunk = await there.read(); chunk !== undefined; chunk = await there.read()) {
      got += chunk.length
      await stalled()
      most = Math.max(most, far.readBufferLength)
    }
    await sending
    expect(got).toBe(total)
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(MAX_WINDOW)
  })

  it('whose bytes come one by one holds few of them apart, and gives them in order', async () => {
    const {
      raw: [near, far],
      ends: [, there],
    } = await pair()
    const total = 20_000
    for (let i = 0; i < total; i++) if (!near.send(Uint8Array.of(i))) await near.onDrain()
    await near.close()
    await expect.poll(() => far.remoteWriteStatus).toBe('closed')
    let chunks = 0
    const got: number[] = []
    for (let chunk = await there.read(); chunk !== undefined; chunk = await there.read()) {
      chunks++
      got.push(...chunk)
    }
    expect(got).toEqual(Array.from({ length: total }, (_, i) => i & 255))
    expect(chunks).toBeLessThanOrEqual(256)
  })

  it('holds back a writer at every wait, not only at the first', async () => {
    const {
      raw: [raw],
      ends: [here, there],
    } = await pair()
    let most = 0
    const writing = (async () => {
      for (let i = 0; i < 200; i++) {
        await here.write(new Uint8Array(64 * 1024))
        most = Math.max(most, raw.writeBufferLength)
      }
      await here.closeWrite()
    })()
    let got = 0
    for (let chunk = await there.read(); chunk !== undefined; chunk = await there.read()) got += chunk.length
    await writing
    expect(got).toBe(200 * 64 * 1024)
    // One piece may wait in libp2p; what is more waits in the caller.
    expect(most).toBeLessThanOrEqual(64 * 1024)
  })

  it('gives what had come when the other side ended and the connection went away', async () => {
    const {
      ends: [here, there],
    } = await pair()
    await here.write(new Uint8Array(100_000))
    await here.closeWrite()
    await there.closeWrite()
    await a.hangUp(b.self)
    let got = 0
    for (let chunk = await there.read(); chunk !== undefined; chunk = await there.read()) got += chunk.length
    expect(got).toBe(100_000)
  })
})
