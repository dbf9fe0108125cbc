import type { Peer } from './model.ts'

/** Turns messages into bytes and back. `decode` may throw: the bytes are a stranger's. */
export interface Encoding<T> {
  encode(message: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** `binary`: `Uint8Array`; `utf-8`: text; `json`: whatever JSON has. */
export type EncodingName = 'binary' | 'utf-8' | 'json'

export interface ExtensionHandlers<T> {
  /** `binary` unless told; the type of messages follows from it */
  readonly encoding?: EncodingName | Encoding<T>
  /** The link reads on when it is done: a slow handler slows its peer, and no other. */
  readonly onmessage?: (message: T, peer: Peer) => void | Promise<void>
  /** A message that does not decode, or a failed `onmessage`; without it, a `replication-error` tells. */
  readonly onerror?: (error: Error, peer: Peer) => void
}

export interface NamedExtension<T> extends ExtensionHandlers<T> {
  readonly name: string
}

export interface Extension<T> {
  readonly name: string
  /**
   * Queues a message for one peer. A peer that does not take what waits for it is dropped.
   *
   * @throws NetError `net.unreachable` (no peer of now), `net.too-large`, `net.closed` (destroyed), and what
   * the encoding throws
   */
  send(message: T, peer: Peer): void
  /** Queues a message for every peer; says for how many. Throws as `send` does, but for want of peers. */
  broadcast(message: T): number
  /** Messages of this name are no longer taken. Again: no harm. */
  destroy(): void
}
