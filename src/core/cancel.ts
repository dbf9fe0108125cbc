import { CairnError } from './errors.ts'

/** Code of the error that a cancelled operation ends with. */
export const CANCELLED = 'core.cancelled'

/** Throws `core.cancelled` when the signal has been aborted; its reason becomes the cause. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new CairnError(CANCELLED, {}, { cause: signal.reason })
}
