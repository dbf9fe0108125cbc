import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { concat } from '../core/bytes.ts'
import { createFrameReader, writeFrame } from './frames.ts'
import { createMessageReader, decodeMessage, encodeMessage, writeMessage } from './messages.ts'
import type { ByteStream } from './net.ts'
import { createMemoryNetwork } from './testing/memory-net.ts'

const shape = v.object({ topic: v.instance(Uint8Array), n: v.number(), note: v.optional(v.string()) })

async function withStream(
  send: (stream: ByteStream) => Promise<void>,
  receive: (stream: ByteStream) => Promise<void>,
): Promise<void> {
  const network = createMemoryNetwork()
  const [a, b] = [network.node('a'), network.node('b')]
  b.handle('/t', send)
  await receive(await a.open('b', '/t'))
}

describe('messages', () => {
  it('come out as they went in, byte strings included', () =>
    withStream(
      async (stream) => {
        await writeMessage(stream, { topic: new Uint8Array([1, 2]), n: 7 })
        await writeMessage(stream, { topic: new Uint8Array(), n: 8, note: 'x' })
      },
      async (stream) => {
        const reader = createMessageReader(stream, shape, 1000)
        expect(await reader.read()).toEqual({ topic: new Uint8Array([1, 2]), n: 7 })
        expect(await reader.read()).toEqual({ topic: new Uint8Array(), n: 8, note: 'x' })
        expect(await reader.read()).toBeUndefined()
      },
    ))

  it('survive any chunking', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
        async (messages, cuts) => {
          const sent: Uint8Array[] = []
          const sink = { write: async (bytes: Uint8Array) => void sent.push(bytes.slice()) } as ByteStream
          for (const message of messages) await writeFrame(sink, message)
          const all = concat(sent)
          let at = 0
          let cut = 0
          const source = {
            peer: 'x',
            async read() {
              if (at >= all.length) return undefined
              const size = cuts[cut++ % cuts.length] ?? 1
              at += size
              return all.subarray(at - size, Math.min(at, all.length))
            },
          } as ByteStream
          const reader = createFrameReader(source)
          for (const message of messages) expect(await reader.read(300)).toEqual(message)
          expect(await reader.read(300)).toBeUndefined()
        },
      ),
    ))

  it('over their limit are refused by their length alone', () =>
    withStream(
      async (stream) => stream.write(new Uint8Array([0xff, 0xff, 0xff, 0x7f])),
      async (stream) => {
        await expect(createFrameReader(stream).read(1000)).rejects.toMatchObject({
          code: 'net.too-large',
          fields: { limit: 1000 },
        })
      },
    ))

  it('that end too early, or are no canonical map of the shape, are malformed', async () => {
    await withStream(
      async (stream) => stream.write(new Uint8Array([5, 1, 2])),
      async (stream) => {
        await expect(createFrameReader(stream).read(1000)).rejects.toMatchObject({
          code: 'net.malformed',
          fields: { reason: 'ended-in-message' },
        })
      },
    )
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array([0xff]),
      new Uint8Array([0xbf, 0xff]),
      concat([encodeMessage({ topic: new Uint8Array(), n: 1 }), new Uint8Array([0])]),
      encodeMessage({ topic: 'text', n: 1 }),
      encodeMessage([1]),
    ])
      expect(() => decodeMessage(bytes, shape, 'p')).toThrow('net.malformed')
  })
})
