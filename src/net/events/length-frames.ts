import { createPieces } from '../../core/pieces.ts'
import { NetError } from '../errors.ts'
import type { ByteStream } from '../net.ts'

/** Bytes of the length before each frame: unsigned, big-endian. */
const HEAD = 4

export function lengthFramed(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEAD + body.length)
  new DataView(out.buffer).setUint32(0, body.length)
  out.set(body, HEAD)
  return out
}

/**
 * Reads frames of at most `limit` bytes one by one; undefined when the other side ended between two. Memory
 * grows with bytes that came, never with a length that was only claimed.
 *
 * @throws NetError `net.too-large`, `net.malformed` ({ reason: 'ended-in-frame' }), `net.reset`
 */
export function createLengthReader(stream: ByteStream, limit: number): () => Promise<Uint8Array | undefined> {
  let held: Uint8Array = new Uint8Array()

  /** Holds at least so many bytes; false when the stream ended before. */
  const hold = async (bytes: number): Promise<boolean> => {
    if (held.length >= bytes) return true
    const pieces = createPieces(held)
    while (pieces.length < bytes) {
      const chunk = await stream.read()
      if (chunk === undefined) {
        if (pieces.length === 0) return false
        throw new NetError('net.malformed', { peer: stream.peer, reason: 'ended-in-frame' })
      }
      pieces.add(chunk)
    }
    held = pieces.join()
    return true
  }

  return async () => {
    if (!(await hold(HEAD))) return undefined
    const length = new DataView(held.buffer, held.byteOffset, HEAD).getUint32(0)
    if (length > limit) throw new NetError('net.too-large', { peer: stream.peer, bytes: length, limit })
    await hold(HEAD + length)
    const frame = held.subarray(HEAD, HEAD + length)
    held = held.subarray(HEAD + length)
    return frame
  }
}
