import { describe, expect, it } from 'vitest'
import { concat } from './bytes.ts'
import { type ChunkReader, readChunks, asStream } from './chunk-reader.ts'

const BYTES = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251)

async function all(chunks: ChunkReader): Promise<Uint8Array> {
  const copies: Uint8Array[] = []
  for (let chunk = await chunks.read(); chunk !== undefined; chunk = await chunks.read())
    copies.push(chunk.slice())
  return concat(copies)
}

describe('reading a stream chunk by chunk', () => {
  it('gives its bytes, those of a stream of chunks too', async () => {
    expect(await all(readChunks(new Blob([BYTES]).stream()))).toEqual(BYTES)
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < BYTES.length; at += 70_000) controller.enqueue(BYTES.subarray(at, at + 70_000))
        controller.close()
      },
    })
    expect(await all(readChunks(chunks))).toEqual(BYTES)
    expect(await all(readChunks(new Blob([]).stream()))).toHaveLength(0)
  })

  it('has one buffer filled again and again where the stream can do so', async () => {
    const memory = new Set<ArrayBufferLike>()
    const source = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        const view = controller.byobRequest?.view
        if (view === null || view === undefined) throw new Error('a buffer of its own')
        memory.add(view.buffer)
        controller.byobRequest?.respond(3)
      },
    })
    const chunks = readChunks(source)
    const first = await chunks.read()
    expect(first).toHaveLength(3)
    const second = await chunks.read()
    expect(second?.buffer.byteLength).toBe(64 * 1024)
    // the memory went on, and the name of the chunk before has none
    expect(first).toHaveLength(0)
    expect(memory.size).toBe(2)
    await chunks.cancel()
  })

  it('fails with what the stream fails with', async () => {
    const broken = () =>
      new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('cut')) })
    await expect(readChunks(broken()).read()).rejects.toThrow('cut')
    await expect(asStream(readChunks(broken())).getReader().read()).rejects.toThrow('cut')
  })

  it('takes no stream that another reads', () => {
    const taken = new Blob([BYTES]).stream()
    taken.getReader()
    expect(() => readChunks(taken)).toThrow(TypeError)
  })
})

describe('a stream of what is read', () => {
  it('hands out copies, and reads no further than it is asked', async () => {
    let reads = 0
    const buffer = new Uint8Array(4)
    const chunks: ChunkReader = {
      read: async () => (++reads > 3 ? undefined : buffer.fill(reads)),
      cancel: async () => {},
    }
    const reader = asStream(chunks).getReader()
    expect(reads).toBe(0)
    const first = await reader.read()
    const second = await reader.read()
    expect(reads).toBe(2)
    expect([first.value, second.value]).toEqual([new Uint8Array(4).fill(1), new Uint8Array(4).fill(2)])
  })

  it('gives up what is read when it is cancelled', async () => {
    let cancelled = false
    const stream = asStream({
      read: async () => new Uint8Array(1),
      cancel: async () => void (cancelled = true),
    })
    await stream.cancel()
    expect(cancelled).toBe(true)
  })
})
