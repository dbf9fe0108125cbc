import { CairnError } from '../core/errors.ts'

/**
 * Every code that this room raises. Fields are listed beside each; all are structured-clonable.
 *
 * | code | fields |
 * |---|---|
 * | `pds.handle-unresolved` | `handle`, `tried` (way → outcome), `retriable` |
 * | `pds.handle-invalid` | `handle`, `reason`: `syntax`, `reserved-tld` or `not-claimed` (then `did`) |
 * | `pds.input-unsupported` | `input`: not a handle, DID, at:// URI or profile link |
 * | `pds.did-unsupported` | `did` |
 * | `pds.did-not-found` | `did` |
 * | `pds.did-tombstoned` | `did` |
 * | `pds.did-document-malformed` | `did`, `reason` |
 * | `pds.did-mismatch` | `did` (asked for), `found` |
 * | `pds.plc-log-invalid` | `did`, `reason` (see `plc/log.ts`), `index` (entry in the log, or undefined) |
 * | `pds.no-pds`, `pds.no-key` | `did` |
 * | `pds.address-refused` | `host`, `reason` |
 * | `pds.network` | `host`, `retriable`, `bytes` (received before the break) |
 * | `pds.timeout` | `host`, `ms`: no answer began, or a small one did not end |
 * | `pds.stalled` | `host`, `ms`, `bytes`: the answer began and stopped moving |
 * | `pds.http` | `host`, `status`, `error`, `message`, `retriable` |
 * | `pds.rate-limited` | `host`, `retryAfter` (ms from now, undefined when the server does not say) |
 * | `pds.account-*` | `host`, `did`, `error` |
 * | `pds.bad-response` | `host`, `reason` |
 * | `pds.too-large` | `host`, `limit` (bytes) |
 * | `pds.blob-mismatch` | `host`, `did`, `cid`, `reason` |
 * | `pds.blob-missing` | `host`, `did`, `cid` |
 * | `pds.cancelled` | none |
 */
export type PdsErrorCode =
  | 'pds.handle-unresolved'
  | 'pds.handle-invalid'
  | 'pds.input-unsupported'
  | 'pds.did-unsupported'
  | 'pds.did-not-found'
  | 'pds.did-tombstoned'
  | 'pds.did-document-malformed'
  | 'pds.did-mismatch'
  | 'pds.plc-log-invalid'
  | 'pds.no-pds'
  | 'pds.no-key'
  | 'pds.address-refused'
  | 'pds.network'
  | 'pds.timeout'
  | 'pds.stalled'
  | 'pds.http'
  | 'pds.rate-limited'
  | 'pds.account-deactivated'
  | 'pds.account-takendown'
  | 'pds.account-suspended'
  | 'pds.account-deleted'
  | 'pds.account-not-found'
  | 'pds.bad-response'
  | 'pds.too-large'
  | 'pds.blob-mismatch'
  | 'pds.blob-missing'
  | 'pds.cancelled'

/** Raised by everything that talks to a PDS, a PLC directory, or a handle's host. */
export class PdsError extends CairnError {
  constructor(code: PdsErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}

/** True when the same request may succeed later without anyone changing anything. */
export function isRetriable(error: unknown): boolean {
  if (!(error instanceof PdsError)) return false
  switch (error.code) {
    case 'pds.timeout':
    case 'pds.stalled':
    case 'pds.rate-limited':
      return true
    case 'pds.network':
    case 'pds.http':
    case 'pds.handle-unresolved':
      return error.fields['retriable'] === true
    default:
      return false
  }
}

/** How long a rate limit asks to wait, in ms, when `error` is one and says so. */
export function retryAfterOf(error: unknown): number | undefined {
  if (!(error instanceof PdsError) || error.code !== 'pds.rate-limited') return undefined
  const ms = error.fields['retryAfter']
  return typeof ms === 'number' ? ms : undefined
}

/** Throws `pds.cancelled` when `signal` is already aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new PdsError('pds.cancelled', {}, { cause: signal.reason })
}
