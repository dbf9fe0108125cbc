import { CairnError } from '../core/errors.ts'
import type { CairnEvent } from './api.ts'

/**
 * What crosses the port.
 *
 * | from   | message                      | means                                             |
 * |--------|------------------------------|---------------------------------------------------|
 * | server | `hello { lock }`             | it serves; `lock` is held for as long as it lives |
 * | client | `call { id, path, args }`    | run one method                                    |
 * | server | `done { id, value }`         | its result                                        |
 * | server | `failed { id, error }`       | its error, by code                                |
 * | server | `event { event }`            | something changed                                 |
 *
 * A stream in a result is replaced by a port of its own: the client asks for one chunk at a time
 * (`pull`), so an export is never ahead of the disk it is written to by more than one chunk, and its
 * errors keep their codes, which a transferred ReadableStream loses.
 */
export type ServerMessage =
  | { readonly type: 'hello'; readonly lock: string | undefined }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  | { readonly type: 'event'; readonly event: CairnEvent }

export interface ClientMessage {
  readonly type: 'call'
  readonly id: number
  readonly path: string
  readonly args: readonly unknown[]
}

export type StreamReply =
  | { readonly type: 'chunk'; readonly chunk: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end' }
  | { readonly type: 'failed'; readonly error: WireError }

export type StreamAsk = 'pull' | 'cancel'

export interface WireError {
  readonly code: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** The part of MessagePort, Worker and a worker's global scope that a connection needs. */
export interface RemotePort {
  postMessage(message: unknown, transfer: Transferable[]): void
  addEventListener(type: string, listener: (event: Event) => void): void
  removeEventListener(type: string, listener: (event: Event) => void): void
  start?(): void
}

/** The other side is gone, or was never there: `remote.lost`; it failed in a way no code covers: `remote.unexpected`. */
export class RemoteError extends CairnError {}

/** Any thrown value as a code and cloneable fields. */
export function toWire(error: unknown): WireError {
  if (error instanceof CairnError) return { code: error.code, fields: cloneable(error.fields) }
  if (error instanceof Error)
    return { code: 'remote.unexpected', fields: { name: error.name, message: error.message } }
  return { code: 'remote.unexpected', fields: { name: typeof error, message: String(error) } }
}

export function fromWire(error: WireError): CairnError {
  return error.code.startsWith('remote.')
    ? new RemoteError(error.code, { ...error.fields })
    : new CairnError(error.code, { ...error.fields })
}

/** Fields should be cloneable; one that is not must not hide the code it came with. */
function cloneable(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    try {
      out[name] = structuredClone(value)
    } catch {
      out[name] = String(value)
    }
  }
  return out
}

export function dataOf(event: Event): unknown {
  return event instanceof MessageEvent ? event.data : undefined
}
