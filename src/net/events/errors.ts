import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `events.name` | `type` or `id`: not a name of an event: a type has 1 to 128 characters and no `:` |
 * | `events.reserved` | `type`: types that begin with `__` or `call.` belong to the protocol |
 * | `events.mismatch` | `topic`: the event's type and its envelope say different things |
 * | `events.payload` | `type`: no JSON can carry it |
 * | `events.too-large` | `type`, `bytes`, `limit`: the event does not fit into a frame |
 * | `events.slow-reader` | `peer` (undefined: a subscription in this process), `queued`, `limit` |
 * | `events.replaced` | `peer`: a newer stream of the same peer took over |
 * | `events.not-connected` | `peer` |
 */
export type EventErrorCode =
  | 'events.name'
  | 'events.reserved'
  | 'events.mismatch'
  | 'events.payload'
  | 'events.too-large'
  | 'events.slow-reader'
  | 'events.replaced'
  | 'events.not-connected'

/** Raised by event channels, for what their user or their reader did. Bytes of a peer raise `NetError`. */
export class EventError extends CairnError {
  constructor(code: EventErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}

/** What goes over the wire for a failed call, and the code that the caller's error has. */
export const CALL_CODES = {
  TIMEOUT: 'call.timeout',
  ABORTED: 'call.aborted',
  OPERATION_NOT_FOUND: 'call.not-found',
  ACCESS_DENIED: 'call.denied',
  VALIDATION_ERROR: 'call.invalid',
  INTERNAL: 'call.failed',
} as const

export type WireCallCode = keyof typeof CALL_CODES

/**
 * A call that came to nothing.
 *
 * | code | on the wire | fields, besides `operation` and `peer` |
 * |---|---|---|
 * | `call.timeout` | `TIMEOUT` | `ms`: no answer before the deadline |
 * | `call.aborted` | `ABORTED` | none: given up by either side, or the stream ended |
 * | `call.not-found` | `OPERATION_NOT_FOUND` | none |
 * | `call.denied` | `ACCESS_DENIED` | none |
 * | `call.invalid` | `VALIDATION_ERROR` | none: not the operation's input |
 * | `call.failed` | `INTERNAL` and every unknown code | `wire`: the code as it came |
 *
 * An operation that throws one of these sends its code; `details` travel with it.
 */
export class CallError extends CairnError {
  readonly wire: WireCallCode

  constructor(wire: WireCallCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(CALL_CODES[wire], fields, options)
    this.wire = wire
  }
}

export const isWireCallCode = (code: string): code is WireCallCode => Object.hasOwn(CALL_CODES, code)
