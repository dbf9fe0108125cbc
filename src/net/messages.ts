import { BytesWrapper, decode } from '@atcute/cbor'
import * as v from 'valibot'
import { CHECK_OK } from '../repo/cbor/codes.ts'
import { checkDagCbor } from '../repo/cbor/check.ts'
import { encodeDagCbor } from '../repo/cbor/encode.ts'
import { NetError } from './errors.ts'
import { createFrameReader, type FrameReader, writeFrame } from './frames.ts'
import type { ByteStream } from './net.ts'

/** A message is a map of a few names; deeper is no message of ours. */
const MAX_DEPTH = 8

/** Canonical DAG-CBOR of plain values; `Uint8Array` becomes a byte string. */
export const encodeMessage = (message: unknown): Uint8Array<ArrayBuffer> => encodeDagCbor(message)

/**
 * A message of the given shape, byte strings as `Uint8Array`. Only canonical DAG-CBOR passes.
 *
 * @throws NetError `net.malformed` ({ reason: 'cbor' | 'shape' })
 */
export function decodeMessage<S extends v.GenericSchema>(
  bytes: Uint8Array,
  shape: S,
  peer: string,
): v.InferOutput<S> {
  if (checkDagCbor(bytes, 0, bytes.length, { maxDepth: MAX_DEPTH }) !== CHECK_OK)
    throw new NetError('net.malformed', { peer, reason: 'cbor' })
  const result = v.safeParse(shape, plain(decode(bytes)))
  if (!result.success) throw new NetError('net.malformed', { peer, reason: 'shape' })
  return result.output
}

/** Messages of one shape, read from a stream one by one. */
export interface MessageReader<T> {
  /** undefined when the other side ended between two */
  read(): Promise<T | undefined>
  expect(): Promise<T>
}

/**
 * Reads length-prefixed messages of at most `limit` bytes.
 *
 * @throws NetError from its methods: `net.malformed`, `net.too-large`, `net.reset`
 */
export function createMessageReader<S extends v.GenericSchema>(
  stream: ByteStream,
  shape: S,
  limit: number,
  frames: FrameReader = createFrameReader(stream),
): MessageReader<v.InferOutput<S>> {
  return {
    async read() {
      const frame = await frames.read(limit)
      return frame === undefined ? undefined : decodeMessage(frame, shape, stream.peer)
    },
    async expect() {
      return decodeMessage(await frames.expect(limit), shape, stream.peer)
    },
  }
}

export const writeMessage = (stream: ByteStream, message: unknown): Promise<void> =>
  writeFrame(stream, encodeMessage(message))

/** The decoder wraps byte strings; here they are what they are. */
function plain(value: unknown): unknown {
  if (value instanceof BytesWrapper) return value.buf
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, plain(it)]))
}
