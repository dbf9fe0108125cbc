import { deleteDB, openDB, type IDBPDatabase } from 'idb'
import { hasCode } from '../../core/errors.ts'
import { StorageError } from '../errors.ts'
import { nameOf, toStorageError } from './errors.ts'
import type { Migration } from './migrations.ts'

/** One open database, and what became of it. */
export interface Connection {
  /**
   * Runs `work` on the open database; its errors come out as errors of the port.
   * @param needed bytes that `work` writes, for `storage.quota`
   */
  run<T>(work: (db: IDBPDatabase) => Promise<T>, needed?: () => number): Promise<T>
  /** Throws `storage.gone` unless the database is open. */
  assertOpen(): void
  onLost(listener: () => void): () => void
  close(): void
  destroy(): Promise<void>
}

/** Why a connection is no longer there: the `reason` of `storage.gone`. */
type Ending = 'closed' | 'deleted' | 'upgraded' | 'terminated'

/**
 * Opens `name` at the version that `migrations` lead to, running those that are missing.
 *
 * Another tab that deletes or upgrades the database is never held up: this connection closes and
 * counts as lost. Where this opening itself has to wait for other tabs, `onBlocked` is called and
 * the opening goes on as soon as they let go.
 *
 * Errors: `storage.version-ahead` ({ ours }) when the database was written by a newer version (which
 * is left as it is), `storage.quota`, `storage.failed`.
 */
export async function connect(
  name: string,
  migrations: readonly Migration[],
  onBlocked: () => void = () => {},
): Promise<Connection> {
  const ours = migrations.length
  const listeners = new Set<() => void>()
  let ending: Ending | undefined
  let upgradeFailure: unknown

  /** Ends the connection; a loss that this side did not ask for is told, once. */
  function end(how: Ending): void {
    if (ending !== undefined) return
    ending = how
    db.close()
    if (how !== 'closed') for (const listener of listeners) listener()
    listeners.clear()
  }

  const db = await openDB(name, ours, {
    upgrade(database, oldVersion, _newVersion, tx) {
      tx.done.catch(() => {})
      // idb does not look at what this callback returns, so a failed step must abort by itself.
      void runMigrations(migrations.slice(oldVersion), database, tx).catch((error: unknown) => {
        upgradeFailure = error
        tx.abort()
      })
    },
    blocked: () => onBlocked(),
    blocking: (_current, wanted) => end(wanted === null ? 'deleted' : 'upgraded'),
    terminated: () => end('terminated'),
  }).catch((error: unknown) => {
    if (nameOf(error) === 'VersionError')
      throw new StorageError('storage.version-ahead', { ours }, { cause: error })
    throw toStorageError(upgradeFailure ?? error)
  })

  function assertOpen(): void {
    if (ending !== undefined) throw new StorageError('storage.gone', { reason: ending })
  }

  return {
    assertOpen,
    async run(work, needed) {
      assertOpen()
      try {
        return await work(db)
      } catch (error) {
        const mapped = toStorageError(error, needed)
        if (!hasCode(mapped, 'storage.gone')) throw mapped
        end('terminated')
        throw new StorageError('storage.gone', { reason: ending }, { cause: error })
      }
    },
    onLost(listener) {
      if (ending !== undefined && ending !== 'closed') queueMicrotask(listener)
      else listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => end('closed'),
    async destroy() {
      end('closed')
      await deleteDB(name, { blocked: () => onBlocked() }).catch((error: unknown) => {
        throw toStorageError(error)
      })
    },
  }
}

async function runMigrations(steps: readonly Migration[], ...[db, tx]: Parameters<Migration>): Promise<void> {
  for (const step of steps) await step(db, tx)
}
