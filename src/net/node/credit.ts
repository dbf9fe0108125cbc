import type { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { ByteStream } from '../net.ts'
import { PIECE } from '../piece.ts'

/** What carries the two directions of a stream as messages, in order. */
export interface CreditWire {
  /**
   * Sends one piece, at most `PIECE` bytes; resolves when the carrier has room for more. The piece belongs to the
   * caller, who may change it then.
   */
  data(piece: Uint8Array): Promise<void>
  /** Allows the other side so many bytes more. */
  credit(bytes: number): void
  /** Nothing more comes from here. */
  end(): Promise<void>
  /** Both directions are over. */
  abort(error: CairnError): void
}

/** A stream over a {@link CreditWire}, and where to put what the wire brings. */
export interface CreditStream {
  readonly stream: Pick<ByteStream, 'read' | 'write' | 'closeWrite' | 'abort'>
  /** @throws NetError `net.malformed` when the other side sends more than it was allowed */
  readonly onData: (bytes: Uint8Array) => void
  readonly onCredit: (bytes: number) => void
  readonly onEnd: () => void
  /** The other side, or the wire, broke off. What came before an end stays readable. */
  readonly onFail: (error: CairnError) => void
}

/**
 * Flow control by credit, for carriers that have none of their own. Each side may send `window` bytes at
 * first, and as many more as the other has read since: what is held for a slow reader is never more than one
 * window. Both sides must use the same window.
 */
export function createCreditStream(
  wire: CreditWire,
  options: { readonly peer: string; readonly window: number; readonly onClose?: () => void },
): CreditStream {
  const { peer, window } = options
  /** Half a window always becomes free again: the other side keeps less than a quarter of it to itself. */
  const largest = Math.max(1, Math.min(PIECE, window >> 1))
  const chunks: Uint8Array[] = []
  let allowed = window
  /** bytes that the other side may still send */
  let granted = window
  let taken = 0
  let ended = false
  let closing = false
  let closed = false
  let told = false
  let failure: CairnError | undefined
  let change = Promise.withResolvers<void>()
  let lane: Promise<void> = Promise.resolve()

  const changed = (): void => {
    change.resolve()
    change = Promise.withResolvers()
    if (!told && (failure !== undefined || (ended && closed))) {
      told = true
      options.onClose?.()
    }
  }
  const fail = (error: CairnError): void => {
    if (failure !== undefined || (ended && closed)) return
    failure = error
    if (!ended) chunks.length = 0
    changed()
  }
  const inTurn = (run: () => Promise<void>): Promise<void> => {
    const mine = lane.then(run)
    lane = mine.catch(() => undefined)
    return mine
  }

  return {
    stream: {
      async read() {
        while (chunks.length === 0) {
          if (ended) return undefined
          if (failure !== undefined) throw failure
          await change.promise
        }
        const chunk = chunks.shift()
        taken += chunk?.length ?? 0
        // In steps of a quarter: one message for many reads, and never a sender that waits for the last byte.
        if (taken >= window / 4 && !ended && failure === undefined) {
          granted += taken
          wire.credit(taken)
          taken = 0
        }
        return chunk
      },
      write(bytes) {
        if (closing) return Promise.reject(failure ?? new NetError('net.closed'))
        return inTurn(async () => {
          for (let at = 0; at < bytes.length;) {
            const size = Math.min(largest, bytes.length - at)
            while (failure === undefined && allowed < size) await change.promise
            if (failure !== undefined) throw failure
            allowed -= size
            await wire.data(bytes.subarray(at, at + size))
            at += size
          }
          if (failure !== undefined) throw failure
        })
      },
      closeWrite() {
        if (closing) return lane
        closing = true
        return inTurn(async () => {
          if (failure !== undefined) return
          await wire.end()
          closed = true
          changed()
        })
      },
      abort(error) {
        if (failure !== undefined || (ended && closed)) return
        const reason = error ?? new NetError('net.closed')
        ended = false
        fail(reason)
        wire.abort(reason)
      },
    },
    onData(bytes) {
      if (ended || failure !== undefined || bytes.length === 0) return
      if (bytes.length > granted) throw new NetError('net.malformed', { peer, reason: 'credit' })
      granted -= bytes.length
      chunks.push(bytes)
      changed()
    },
    onCredit(bytes) {
      // More than a window was never taken from us: an allowance beyond it would be a way round the limit.
      allowed = Math.min(window, allowed + bytes)
      changed()
    },
    onEnd() {
      ended = true
      changed()
    },
    onFail: fail,
  }
}
