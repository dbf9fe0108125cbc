import type { CairnHost } from './host.ts'
import type { Jobs } from './jobs.ts'

/**
 * Gets this thread ready to take a repo in, once: by a rehearsal, which real work of any kind ends. Then the next call
 * begins again.
 */
export function createPreparation(
  host: Pick<CairnHost, 'sha256' | 'lanes'>,
  jobs: Pick<Jobs, 'list'>,
): () => Promise<void> {
  let rehearsal: Promise<boolean> | undefined
  const isBusy = (): boolean => jobs.list().some(({ endedAt }) => endedAt === undefined)
  const rehearse = async (): Promise<boolean> => {
    const { rehearseImport } = await import('../storage/rehearsal.ts')
    return !isBusy() && rehearseImport(host, isBusy)
  }
  return async () => {
    rehearsal ??= rehearse().catch(() => false)
    // Nothing but time depends on it.
    if (!(await rehearsal)) rehearsal = undefined
  }
}
