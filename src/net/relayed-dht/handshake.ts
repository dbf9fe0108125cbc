import { sha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { concat, utf8 } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import { createFrameReader, type FrameReader } from '../frames.ts'
import { decodeMessage, writeMessage } from '../messages.ts'
import type { ByteStream } from '../net.ts'

/** Streams between two peers who know each other by their keys. */
export const DHT_STREAM_PROTOCOL = '/cairn/dht-stream/1.0.0'

const NONCE_BYTES = 32
/** Bytes of a greeting: a map with a nonce, and room for names to come. */
const GREETING_BYTES = 1024

const nonce = v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === NONCE_BYTES)
const helloShape = v.object({ nonce })
const answerShape = v.variant('accept', [
  v.object({ accept: v.literal(true), nonce }),
  v.object({ accept: v.literal(false) }),
])

/** A stream that both sides agreed to. */
export interface Agreed {
  readonly frames: FrameReader
  /** 32 bytes, the same on both sides, for this stream only */
  readonly session: Uint8Array
}

/** 32 random bytes. */
export type Nonces = () => Uint8Array

/**
 * Asks the other side to take the stream.
 *
 * @throws NetError `net.refused` ({ reason: 'firewall' }) when it does not, `net.malformed`, `net.reset`
 */
export async function greet(stream: ByteStream, self: string, nonces: Nonces): Promise<Agreed> {
  const ours = nonces()
  await writeMessage(stream, { nonce: ours })
  const frames = createFrameReader(stream)
  const answer = decodeMessage(await frames.expect(GREETING_BYTES), answerShape, stream.peer)
  if (!answer.accept) throw new NetError('net.refused', { peer: stream.peer, reason: 'firewall' })
  return { frames, session: sessionOf(self, ours, stream.peer, answer.nonce) }
}

/**
 * Answers a greeting, after `accept` decided; what follows the greeting is not read before. Undefined when
 * it was refused.
 *
 * @throws NetError `net.malformed`, `net.too-large`, `net.reset`
 */
export async function receive(
  stream: ByteStream,
  self: string,
  nonces: Nonces,
  accept: () => Promise<boolean>,
): Promise<Agreed | undefined> {
  if (!(await accept())) {
    await writeMessage(stream, { accept: false })
    return undefined
  }
  const frames = createFrameReader(stream)
  const hello = decodeMessage(await frames.expect(GREETING_BYTES), helloShape, stream.peer)
  const ours = nonces()
  await writeMessage(stream, { accept: true, nonce: ours })
  return { frames, session: sessionOf(stream.peer, hello.nonce, self, ours) }
}

const sessionOf = (dialer: string, hello: Uint8Array, listener: string, answer: Uint8Array): Uint8Array =>
  sha256(concat([utf8(`cairn/dht-stream/1\0${dialer}\0${listener}\0`), hello, answer]))
