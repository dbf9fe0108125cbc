/** Of the one buffer: a larger one is no faster. */
const BUFFER_BYTES = 64 * 1024

/** The bytes of something long, chunk by chunk. */
export interface ChunkReader {
  /** The next chunk, whose bytes are good until the next call; undefined at the end. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Gives up what is left. */
  cancel(): Promise<void>
}

/**
 * Reads a stream into one buffer, over and over, where the stream can fill a reader's own. A new chunk for each
 * read is garbage instead, of which engines let tens of megabytes grow before they look at it.
 */
export function readChunks(stream: ReadableStream<Uint8Array>): ChunkReader {
  const filling = fillingReader(stream)
  if (filling === undefined) return readWhatComes(stream)
  let buffer = new ArrayBuffer(BUFFER_BYTES)
  return {
    async read() {
      const { done, value } = await filling.read(new Uint8Array(buffer))
      if (done) return undefined
      // The same memory: it went to the stream, and came back under another name.
      buffer = value.buffer
      return value
    },
    cancel: () => filling.cancel(),
  }
}

/** Undefined where the stream, or the host, cannot fill a reader's buffer. */
function fillingReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: 'byob' })
  } catch (error) {
    if (error instanceof TypeError && !stream.locked) return undefined
    throw error
  }
}

function readWhatComes(stream: ReadableStream<Uint8Array>): ChunkReader {
  const reader = stream.getReader()
  return {
    async read() {
      const { done, value } = await reader.read()
      // No stream that is read here is backed by shared memory.
      return done ? undefined : (value as Uint8Array<ArrayBuffer>)
    },
    cancel: () => reader.cancel(),
  }
}

/** The other way: a stream of copies, for whoever takes nothing else. */
export function asStream(chunks: ChunkReader): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const chunk = await chunks.read()
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk.slice())
      },
      cancel: () => chunks.cancel(),
    },
    // nothing is read ahead of whoever reads
    { highWaterMark: 0 },
  )
}
