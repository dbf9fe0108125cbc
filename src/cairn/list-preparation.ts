import type { CairnHost } from './host.ts'
import type { Jobs } from './jobs.ts'

/** What a start asks for first is answered by then, and peers are hardly reached yet, ms. */
const QUIET = 200

/** Gets this thread ready to take lists of changes in, once. */
export interface ListPreparation {
  /**
   * Some repo may be kept, and peers may have news of it: gets ready in a while, unless there is work then. Resolves when
   * that was tried, if it was not closed before.
   */
  soon(): Promise<void>
  close(): Promise<void>
}

/**
 * Real work of any kind ends a rehearsal, as does `close`. The next call begins one again.
 *
 * @param jobs of which none may be active
 */
export function createListPreparation(
  host: Pick<CairnHost, 'sha256' | 'lanes' | 'storage' | 'timers'>,
  jobs: Pick<Jobs, 'list'>,
): ListPreparation {
  let state: 'new' | 'trying' | 'ready' | 'closed' = 'new'
  let stop = (): void => {}
  let trying = Promise.resolve()
  let running = Promise.resolve()
  const isOver = (): boolean => state === 'closed' || jobs.list().some(({ endedAt }) => endedAt === undefined)
  const rehearse = async (): Promise<boolean> => {
    if (isOver() || (await host.storage.keys('repos', { limit: 1 })).length === 0) return false
    // Nothing that a first screen waits for.
    const { rehearseLists } = await import('../sync/packs/rehearsal.ts')
    return rehearseLists(host, isOver)
  }
  const tryIt = async (): Promise<void> => {
    // Nothing but time depends on it.
    const isReady = await rehearse().catch(() => false)
    if (state !== 'closed') state = isReady ? 'ready' : 'new'
  }
  return {
    soon() {
      if (state !== 'new') return trying
      state = 'trying'
      const { promise, resolve } = Promise.withResolvers<void>()
      stop = host.timers.after(QUIET, () => {
        running = tryIt()
        resolve(running)
      })
      return (trying = promise)
    },
    async close() {
      state = 'closed'
      stop()
      await running
    },
  }
}
