import { concat } from '../../core/bytes.ts'
import { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { ByteStream } from '../net.ts'
import { createCreditStream, type CreditStream } from './credit.ts'

/**
 * A WebRTC data channel neither stops a sender whose bytes nobody reads, nor tells an end from a connection
 * that fell away. Between two nodes of ours a stream over it is therefore framed: the protocol is offered
 * under this prefix first, and under its plain name for others.
 *
 * Frame: one byte for the kind, a u32 big-endian number, then for data so many bytes.
 */
const PREFIX = '/cairn/flow/1.0.0'

/** 1 MiB on its way: at a round trip of 100 ms still 10 MB/s. */
const WINDOW = 1024 * 1024

const DATA = 1
const CREDIT = 2
const END = 3
const HEAD = 5

/** The name under which the framed form of a protocol is negotiated. */
export const flowName = (protocol: string): string => PREFIX + protocol

function frame(kind: number, amount: number, payload?: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD + (payload?.length ?? 0))
  bytes[0] = kind
  new DataView(bytes.buffer).setUint32(1, amount)
  if (payload !== undefined) bytes.set(payload, HEAD)
  return bytes
}

/** The same stream with flow control and a proven end, over one that has neither. */
export function createFlowStream(carrier: ByteStream, protocol: string): ByteStream {
  const { peer, path } = carrier
  const broke = (error: unknown): void => {
    flow.onFail(error instanceof CairnError ? error : new NetError('net.reset', { peer }, { cause: error }))
    carrier.abort()
  }
  let lane: Promise<void> = Promise.resolve()
  /** Frames of both directions' sake share the carrier: one whole frame after another. */
  const put = (bytes: Uint8Array): Promise<void> => {
    const mine = lane.then(() => carrier.give?.(bytes) ?? carrier.write(bytes))
    lane = mine.catch(() => undefined)
    return mine
  }
  const flow = createCreditStream(
    {
      data: (piece) => put(frame(DATA, piece.length, piece)),
      credit: (bytes) => void put(frame(CREDIT, bytes)).catch(broke),
      // The carrier itself stays open: what is still to be read needs credit.
      end: () => put(frame(END, 0)),
      abort: (error) => carrier.abort(error),
    },
    // After a failure the carrier is over already, and this does nothing.
    { peer, window: WINDOW, onClose: () => void carrier.closeWrite().catch(() => undefined) },
  )
  // Owned: ends with the carrier, and its failure is the stream's.
  void receive(carrier, flow).catch(broke)
  return { protocol, peer, path, ...flow.stream }
}

async function receive(carrier: ByteStream, flow: CreditStream): Promise<void> {
  const { peer } = carrier
  const malformed = (): NetError => new NetError('net.malformed', { peer, reason: 'flow-frame' })
  let held: Uint8Array = new Uint8Array()
  let ended = false
  const more = async (): Promise<boolean> => {
    const chunk = await carrier.read()
    if (chunk !== undefined) held = held.length === 0 ? chunk : concat([held, chunk])
    return chunk !== undefined
  }
  for (;;) {
    while (held.length < HEAD) {
      if (await more()) continue
      if (ended && held.length === 0) return
      throw new NetError('net.reset', { peer })
    }
    const kind = held[0]
    const amount = new DataView(held.buffer, held.byteOffset).getUint32(1)
    held = held.subarray(HEAD)
    if (kind === CREDIT) flow.onCredit(amount)
    else if (kind === END && !ended) {
      ended = true
      flow.onEnd()
    } else if (kind === DATA && !ended) {
      // Handed on as it comes; the length was only claimed.
      for (let left = amount; left > 0;) {
        if (held.length === 0 && !(await more())) throw new NetError('net.reset', { peer })
        const part = held.subarray(0, left)
        held = held.subarray(part.length)
        left -= part.length
        flow.onData(part)
      }
    } else throw malformed()
  }
}
