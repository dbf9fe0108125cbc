import { StorageError } from '../errors.ts'
import type { LockOptions } from '../port.ts'

/**
 * Runs `work` under the Web Lock `name`, which every tab and worker of this origin shares. Waiting
 * ends with the reason of `signal` when that is aborted; once held, the signal no longer counts.
 *
 * Seen in Chromium: after an exclusive request has given up, the shared ones that were behind it are
 * let in only when the holder before it lets go.
 */
export async function withWebLock<T>(
  name: string,
  { mode, ifAvailable = false, signal }: LockOptions,
  work: (held: boolean) => Promise<T>,
): Promise<T> {
  // Undefined outside secure contexts, whatever the types say.
  const locks: LockManager | undefined = navigator.locks
  if (locks === undefined) throw new StorageError('storage.failed', { reason: 'no-locks' })
  signal?.throwIfAborted()
  // The standard refuses a signal beside `ifAvailable`, which never waits.
  const options = ifAvailable ? { mode, ifAvailable } : { mode, ...(signal === undefined ? {} : { signal }) }
  return (await locks.request(name, options, (lock) => work(lock !== null))) as T
}
