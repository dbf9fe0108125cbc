import type { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { ByteStream, Path } from '../net.ts'
import { createCreditStream, type CreditStream } from '../node/credit.ts'
import { fromWireError, type StreamMessage, toWireError, WINDOW } from './wire.ts'

export interface StreamNames {
  readonly peer: string
  readonly protocol: string
  readonly path: Path
}

/** The streams that cross one port, from one of its ends. */
export interface PortStreams {
  /** Begins a stream under an id that both ends agreed on. */
  begin(id: number, names: StreamNames): ByteStream
  /** Takes a message in; one for a stream that is over here is dropped. */
  receive(message: StreamMessage): void
  /** The port is gone: every stream fails. */
  failAll(error: CairnError): void
}

/** Bytes are moved through the port, not copied: each message owns its buffer. */
export function createPortStreams(
  post: (message: StreamMessage, transfer: Transferable[]) => void,
): PortStreams {
  const open = new Map<number, CreditStream>()
  return {
    begin(id, names) {
      const credit = createCreditStream(
        {
          async data(piece) {
            const bytes = new Uint8Array(piece)
            post({ kind: 'data', id, bytes }, [bytes.buffer])
          },
          credit: (bytes) => post({ kind: 'credit', id, bytes }, []),
          async end() {
            post({ kind: 'end', id }, [])
          },
          abort: (error) => post({ kind: 'abort', id, error: toWireError(error, names.peer) }, []),
        },
        { peer: names.peer, window: WINDOW, onClose: () => void open.delete(id) },
      )
      open.set(id, credit)
      return { ...names, ...credit.stream }
    },
    receive(message) {
      const stream = open.get(message.id)
      if (stream === undefined) return
      if (message.kind === 'data') stream.onData(message.bytes)
      else if (message.kind === 'credit') stream.onCredit(message.bytes)
      else if (message.kind === 'end') stream.onEnd()
      else stream.onFail(fromWireError(message.error))
    },
    failAll(error) {
      for (const stream of open.values()) stream.onFail(error)
      open.clear()
    },
  }
}

/**
 * Carries a stream of the network over its twin on the port until both directions have ended. Each direction
 * waits for the slower side; a failure of either ends both. Never rejects.
 */
export async function join(network: ByteStream, port: ByteStream): Promise<void> {
  const pump = async (from: ByteStream, to: ByteStream): Promise<void> => {
    try {
      for (let chunk = await from.read(); chunk !== undefined; chunk = await from.read())
        // What was read is the reader's, and it is done with it.
        await (to.give?.(chunk) ?? to.write(chunk))
      await to.closeWrite()
    } catch (error) {
      const { code, fields } = toWireError(error, network.peer)
      const reason = fromWireError({ code, fields })
      network.abort(reason)
      port.abort(reason)
    }
  }
  await Promise.all([pump(network, port), pump(port, network)])
}

/** What everything fails with once the port is gone. */
export const portGone = (): NetError => new NetError('net.closed')
