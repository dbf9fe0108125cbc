import type { MultiaddrConnection, Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux, type YamuxMuxerInit } from '@libp2p/yamux'
import { describe, expect, it } from 'vitest'
import { sparingYamux } from './yamux.ts'

const KB = 1024
/** The type of a frame that gives bytes back, and the bytes of a frame's head (yamux specification). */
const WINDOW_UPDATE = 1
const HEAD = 12
/** The flag of a frame that opens a stream. */
const SYN = 1

const ours = { streamOptions: { maxStreamWindowSize: 256 * KB } } satisfies YamuxMuxerInit

describe('yamux that gives bytes back in halves of a window', () => {
  /** A stream from one muxer to another over a pair of connections, and how often its far end gave bytes back. */
  const open = async (near: 'ours' | 'stock', far: 'ours' | 'stock') => {
    const [here, there] = multiaddrConnectionPair()
    const made = (which: 'ours' | 'stock', link: MultiaddrConnection): StreamMuxer =>
      (which === 'ours' ? sparingYamux(ours) : yamux(ours))().createStreamMuxer(link)
    let updates = 0
    here.addEventListener('message', ({ data }) => {
      const bytes = data.subarray()
      // Frames that carry nothing come one by one or several together.
      for (let at = 0; at + HEAD <= bytes.length && bytes[at + 1] === WINDOW_UPDATE; at += HEAD) updates++
    })
    const [a, b] = [made(near, here), made(far, there)]
    const came = new Promise<Stream>((resolve) =>
      b.addEventListener('stream', ({ detail }) => resolve(detail), { once: true }),
    )
    const stream = await a.createStream()
    return {
      stream,
      other: await came,
      updates: () => updates,
      close: () => Promise.all([a.close(), b.close()]),
    }
  }

  /** Gives the bytes that came. */
  const carry = async (from: Stream, to: Stream, total: number, step: number): Promise<number> => {
    let got = 0
    const all = new Promise<void>((resolve) => {
      to.addEventListener('message', ({ data }) => {
        got += data.byteLength
        if (got === total) resolve()
      })
    })
    for (let sent = 0; sent < total; sent += step)
      if (!from.send(new Uint8Array(Math.min(step, total - sent)))) await from.onDrain()
    await all
    return got
  }

  it('says so less than once in 100 KB, where the library alone does with every frame', async () => {
    const counts = await Promise.all(
      (['ours', 'stock'] as const).map(async (far) => {
        const { stream, other, updates, close } = await open('stock', far)
        // Each by itself, so that none share a frame.
        for (let i = 0; i < 128; i++) await carry(stream, other, 16 * KB, 16 * KB)
        await close()
        return updates()
      }),
    )
    expect(counts[0]).toBeLessThanOrEqual(20)
    expect(counts[1]).toBeGreaterThanOrEqual(100)
  })

  it.each([
    ['ours', 'stock', 1],
    ['stock', 'ours', 1000],
    ['ours', 'ours', 65_408],
    ['stock', 'ours', 300 * KB],
    ['ours', 'ours', 1024 * KB],
  ] as const)('carries everything from %s to %s in pieces of %d bytes', async (near, far, step) => {
    const { stream, other, close } = await open(near, far)
    const total = step === 1 ? 2000 : 2048 * KB + 1
    const came = await Promise.all([carry(stream, other, total, step), carry(other, stream, total, step)])
    expect(came).toEqual([total, total])
    await close()
  })

  it('goes on after a pause that was longer than a window', async () => {
    const { stream, other, close } = await open('ours', 'ours')
    let got = 0
    const total = 1024 * KB
    const all = new Promise<void>((resolve) => {
      other.addEventListener('message', ({ data }) => {
        got += data.byteLength
        if (got === total) resolve()
      })
    })
    other.pause()
    for (let sent = 0; sent < total; sent += 64 * KB) stream.send(new Uint8Array(64 * KB))
    for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(got).toBe(0)
    expect(other.readBufferLength).toBeLessThanOrEqual(256 * KB)
    other.resume()
    await all
    await close()
  })

  it('holds few bytes apart that come one by one while nobody reads', async () => {
    const { stream, other, close } = await open('stock', 'ours')
    const total = 5000
    const got: number[] = []
    other.pause()
    other.addEventListener('message', ({ data }) => got.push(...data.subarray()))
    for (let i = 0; i < total; i++) {
      stream.send(Uint8Array.of(i))
      // Each goes by itself.
      await new Promise((resolve) => setImmediate(resolve))
    }
    await expect.poll(() => other.readBufferLength).toBe(total)
    // The class of all streams has it; their interface does not show it.
    const { readBuffer } = other as Stream & { readonly readBuffer: Iterable<Uint8Array> }
    expect([...readBuffer].length).toBeLessThanOrEqual(256)
    other.resume()
    await expect.poll(() => got.length).toBe(total)
    expect(got).toEqual(Array.from({ length: total }, (_, i) => i & 255))
    await close()
  })

  it('collects no frame that is longer than any window', async () => {
    const [here, there] = multiaddrConnectionPair()
    const muxer = sparingYamux(ours)().createStreamMuxer(there)
    const ended = new Promise<void>((resolve) => there.addEventListener('close', () => resolve()))
    // A data frame that opens stream 1 and says that it has as many bytes as a frame can say.
    const head = new Uint8Array(HEAD)
    head.set([0, 0, 0, SYN, 0, 0, 0, 1, 255, 255, 255, 255])
    here.send(head)
    let sent = 0
    while (there.status === 'open' && sent < 1024 * KB) {
      here.send(new Uint8Array(32 * KB))
      sent += 32 * KB
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(there.status).toBe('aborted')
    await ended
    expect([sent >= 256 * KB, muxer.streams]).toEqual([true, []])
  })
})
