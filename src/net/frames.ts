import { concat } from '../core/bytes.ts'
import { createPieces } from '../core/pieces.ts'
import { readVarint, varintLength, VARINT_BAD, VARINT_MORE, writeVarint } from '../core/varint.ts'
import { NetError } from './errors.ts'
import type { ByteStream } from './net.ts'
import { PIECE } from './piece.ts'

/**
 * Messages on a stream, each behind its length as an unsigned varint. Whoever reads states how long one may
 * be; memory grows with bytes that came, never with a length that was only claimed.
 */
export interface FrameReader {
  /**
   * The next message; undefined when the other side ended between two.
   *
   * @throws NetError `net.too-large`, `net.malformed` (ended inside a message, or no length), `net.reset`
   */
  read(limit: number): Promise<Uint8Array | undefined>
  /** Like `read`, for a message that must come. */
  expect(limit: number): Promise<Uint8Array>
}

export function createFrameReader(stream: ByteStream): FrameReader {
  let held: Uint8Array = new Uint8Array()
  const more = async (): Promise<boolean> => {
    const chunk = await stream.read()
    if (chunk === undefined) return false
    held = held.length === 0 ? chunk : concat([held, chunk])
    return true
  }
  const malformed = (reason: string): NetError => new NetError('net.malformed', { peer: stream.peer, reason })

  const read = async (limit: number): Promise<Uint8Array | undefined> => {
    let length = readVarint(held, 0, held.length)
    while (length === VARINT_MORE) {
      if (!(await more())) {
        if (held.length === 0) return undefined
        throw malformed('ended-in-length')
      }
      length = readVarint(held, 0, held.length)
    }
    if (length === VARINT_BAD) throw malformed('length')
    if (length > limit) throw new NetError('net.too-large', { peer: stream.peer, bytes: length, limit })
    const from = varintLength(length)
    const end = from + length
    if (held.length < end) {
      const pieces = createPieces(held)
      while (pieces.length < end) {
        const chunk = await stream.read()
        if (chunk === undefined) throw malformed('ended-in-message')
        pieces.add(chunk)
      }
      held = pieces.join()
    }
    const frame = held.subarray(from, end)
    held = held.subarray(end)
    return frame
  }
  return {
    read,
    async expect(limit) {
      const frame = await read(limit)
      if (frame === undefined) throw malformed('ended')
      return frame
    },
  }
}

export async function writeFrame(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  await stream.write(concat([frameHead(bytes), bytes]))
}

/** The same for a long message, of which only a piece is copied. Nobody else may write until it is done. */
export async function writeLongFrame(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  const head = frameHead(bytes)
  const first = bytes.length + head.length <= PIECE ? bytes.length : PIECE - head.length
  await stream.write(concat([head, bytes.subarray(0, first)]))
  if (first < bytes.length) await stream.write(bytes.subarray(first))
}

function frameHead(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(varintLength(bytes.length))
  writeVarint(head, 0, bytes.length)
  return head
}
