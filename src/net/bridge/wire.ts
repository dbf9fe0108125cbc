import { CairnError } from '../../core/errors.ts'
import { NetError, type NetErrorCode } from '../errors.ts'
import type { Path, PeerConnection } from '../net.ts'

/** Bytes that one direction of one stream may have on their way through the port. Both ends use it. */
export const WINDOW = 256 * 1024

/** What both ends need of a `MessagePort`, in a page, a worker or Node. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close' | 'messageerror', listener: () => void): void
  start?(): void
  close(): void
}

/** An error as it travels. */
export interface WireError {
  readonly code: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** What the side with the network tells the other without being asked. */
export interface WireState {
  readonly addresses: readonly string[]
  readonly connections: readonly PeerConnection[]
}

/** Of one stream, either way. The ids of streams opened by the client are odd, those of incoming ones even. */
export type StreamMessage =
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'abort'; readonly id: number; readonly error: WireError }

/** To the side with the network. */
export type ToServer =
  | StreamMessage
  | {
      readonly kind: 'open'
      readonly id: number
      readonly peer: string
      readonly protocol: string
      readonly addresses: readonly string[]
    }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'handle'; readonly protocol: string }
  | { readonly kind: 'unhandle'; readonly protocol: string }
  | { readonly kind: 'hang-up'; readonly id: number; readonly peer: string }
  | { readonly kind: 'bye' }

/** To the side without. */
export type ToClient =
  | StreamMessage
  | { readonly kind: 'hello'; readonly self: string; readonly state: WireState }
  | { readonly kind: 'state'; readonly state: WireState }
  | { readonly kind: 'opened'; readonly id: number; readonly path: Path }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly error: WireError }
  | {
      readonly kind: 'incoming'
      readonly id: number
      readonly peer: string
      readonly protocol: string
      readonly path: Path
    }
  | { readonly kind: 'bye' }

/** Any error as one that crosses a port; what is not ours becomes `net.reset`. */
export const toWireError = (error: unknown, peer: string): WireError =>
  error instanceof CairnError
    ? { code: error.code, fields: error.fields }
    : { code: 'net.reset', fields: { peer } }

/** The error again, of the class that its code belongs to. */
export function fromWireError({ code, fields }: WireError): CairnError {
  // The code was made by a NetError on the other side of our own port.
  if (code.startsWith('net.')) return new NetError(code as NetErrorCode, { ...fields })
  return new CairnError(code, { ...fields })
}
