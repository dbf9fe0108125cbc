import { equalBytes } from '../../core/bytes.ts'
import { SpaceError } from '../../repo/space/errors.ts'
import type { Storage } from '../port.ts'
import { readHead } from './read.ts'
import type { SpaceHeadRow, SpaceTakeRow } from './rows.ts'
import { settleSpace } from './settle.ts'

export interface Turns {
  /** Runs while nobody else reads or writes the repo, and gives the head as it is then. */
  alone<T>(repo: string, work: (head: SpaceHeadRow | undefined) => Promise<T>): Promise<T>
  /** The same, while nobody writes the repo. */
  reading<T>(repo: string, work: (head: SpaceHeadRow | undefined) => Promise<T>): Promise<T>
}

/**
 * Who may read or write a repo: one lock each, across tabs and processes. Both find it settled, whatever a crash
 * left. Not for use within each other.
 */
export function createTurns(storage: Storage): Turns {
  const nameOf = (repo: string): string => `space/${repo}`
  const alone: Turns['alone'] = (repo, work) =>
    storage.lock(nameOf(repo), { mode: 'exclusive' }, async () => work(await settleSpace(storage, repo)))
  return {
    alone,
    async reading(repo, work) {
      // Each turn but the first comes after a crash of someone else between the two locks.
      for (let turn = 0; turn < 3; turn++) {
        const done = await storage.lock(nameOf(repo), { mode: 'shared' }, async () => {
          const head = await readHead(storage, repo)
          return head?.merge === true ? undefined : { value: await work(head) }
        })
        if (done !== undefined) return done.value
        await alone(repo, async () => {})
      }
      throw new SpaceError('space.busy', { repo })
    },
  }
}

/** Throws `space.busy` unless a transfer stands where it stood. */
export function checkSame(repo: string, was: SpaceTakeRow, now: SpaceTakeRow | undefined): void {
  const isSame =
    now !== undefined &&
    now.mode === was.mode &&
    now.after === was.after &&
    now.asOf.cid === was.asOf.cid &&
    now.wants.length === was.wants.length &&
    equalBytes(now.state, was.state)
  if (!isSame) throw new SpaceError('space.busy', { repo })
}
