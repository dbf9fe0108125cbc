import { hasCode } from '../../core/errors.ts'
import { SyncError } from '../errors.ts'
import type { Host } from '../host.ts'
import { headOf } from '../kept.ts'
import { type PartialRow, partialsOf } from '../pages/partial-rows.ts'
import type { OnOut } from '../pages/sources.ts'
import type { Work } from '../work.ts'
import { collectionRev, newestBeyond, usable, wholeRev } from './choose.ts'
import { type CopyRow, copyRows, noteCopy } from './copy-rows.ts'
import { attemptOf, blamed, type Setbacks } from './setbacks.ts'
import type { Attempt, PeerBackup, PeerCalls, PeerCollection, Way } from './model.ts'

/** Peers that are asked for one repo in one try. */
export const MAX_CANDIDATES = 12

/** Brings what is kept up to what peers say they have. */
export interface Pulls {
  /** Whether anyone who may be asked now says to have something newer of the repo. */
  isBehind(did: string): Promise<boolean>
  repo(did: string, work: Work): Promise<PeerBackup>
  /** Collections that are wanted, and of which anyone says to have something newer. */
  collectionsBehind(did: string): Promise<string[]>
  /** Undefined when there was nothing newer, or the copy was deleted meanwhile. */
  collection(did: string, collection: string, work: Work): Promise<PeerCollection | undefined>
}

export function createPulls(host: Host, calls: PeerCalls, setbacks: Setbacks): Pulls {
  const { storage, clock } = host

  const choose = async (
    did: string,
    rev: string | undefined,
    revOf: (row: CopyRow) => string | undefined,
    tried: ReadonlySet<string> = new Set(),
  ): Promise<CopyRow[]> => {
    const rows = (await copyRows(storage, did)).filter((row) => !tried.has(row.peer))
    return best(rows, rev, revOf)
  }
  const best = (
    rows: readonly CopyRow[],
    rev: string | undefined,
    revOf: (row: CopyRow) => string | undefined,
  ): CopyRow[] => newestBeyond(usable(rows, calls, clock.now()), rev, revOf).slice(0, MAX_CANDIDATES)

  /**
   * Asks the best, then the next best, until `run` has what it wants: undefined when nobody says to have it.
   * Whoever does not keep their word is left alone for a while; trouble of our own ends it. The way tells of them.
   */
  const persist = async <T extends { readonly way: Way } | undefined>(
    did: string,
    work: Work,
    next: (tried: ReadonlySet<string>) => Promise<readonly CopyRow[]>,
    run: (chosen: readonly CopyRow[], onOut: OnOut) => Promise<T>,
  ): Promise<T | undefined> => {
    const tried = new Set<string>()
    const lost: Attempt[] = []
    const blame = async (peer: string, error: unknown): Promise<void> => {
      if (tried.has(peer)) return
      tried.add(peer)
      lost.push(attemptOf(undefined, peer, error))
      await setbacks.blame(did, peer, error)
    }
    let last: Error | undefined
    for (;;) {
      work.check()
      const chosen = await next(tried)
      if (chosen.length === 0) {
        if (last !== undefined) throw last
        return undefined
      }
      const notes: Promise<void>[] = []
      // A storage that is gone says so to the pull itself.
      const onOut: OnOut = (peer, error) => void notes.push(blame(peer, error).catch(() => {}))
      try {
        const result = await run(chosen, onOut)
        setbacks.over(did)
        return result && { ...result, way: after(lost, result.way) }
      } catch (error) {
        work.check()
        const peer = blamed(error)
        if (peer === undefined) {
          setbacks.ours(did)
          throw error
        }
        last = error instanceof Error ? error : undefined
        await blame(peer, error)
      } finally {
        await Promise.all(notes)
      }
    }
  }

  const wantedRow = async (did: string, collection: string): Promise<PartialRow | undefined> =>
    (await partialsOf(storage, did)).find((it) => it.collection === collection)
  const revOfRow = (row: PartialRow): string | undefined => (row.whole ? row.rev : undefined)

  return {
    async isBehind(did) {
      const [head, rows] = await Promise.all([headOf(storage, did), copyRows(storage, did)])
      return best(rows, head?.rev, wholeRev).length > 0
    },
    async repo(did, work) {
      const before = await headOf(storage, did)
      const pulled = await persist(
        did,
        work,
        async (tried) => choose(did, before?.rev, wholeRev, tried),
        async (chosen, onOut) => {
          const { result, way } = await calls.pull(chosen, did, work, onOut)
          const { peer } = way
          const now = result.snapshot ?? result.before
          // It said that it has something newer than this.
          if (now !== undefined && (now.rev ?? '') < (chosen[0]?.rev ?? ''))
            throw new SyncError('sync.peer-lacks', { peer, did })
          const isTheirs = chosen.some((it) => it.peer === peer && it.rev === now?.rev)
          await noteCopy(storage, did, peer, {
            ...{ failures: 0, failure: undefined, retryAt: undefined },
            ...(isTheirs && now !== undefined ? { commit: now.commitCid } : {}),
          })
          return { ...result, way }
        },
      )
      return pulled ?? { did, snapshot: undefined, before }
    },
    async collectionsBehind(did) {
      const rows = await partialsOf(storage, did)
      const behind: string[] = []
      for (const row of rows) {
        const chosen = await choose(did, revOfRow(row), collectionRev(row.collection))
        if (chosen.length > 0) behind.push(row.collection)
      }
      return behind
    },
    async collection(did, collection, work) {
      const before = await wantedRow(did, collection)
      if (before === undefined) return undefined
      const watched: Work = {
        ...work,
        exclusively: (name, run) =>
          work.exclusively(name, async () => {
            if ((await wantedRow(did, collection)) === undefined)
              throw new SyncError('sync.not-kept', { did })
            return run()
          }),
      }
      return persist(
        did,
        work,
        (tried) => choose(did, revOfRow(before), collectionRev(collection), tried),
        async (chosen, onOut) => {
          try {
            return await calls.collection(chosen, did, collection, watched, onOut)
          } catch (error) {
            // Deleted while this was on its way.
            if (hasCode(error, 'sync.not-kept')) return undefined
            throw error
          }
        },
      )
    },
  }
}

/** The way that did, after the peers that did not; each failure is told once. */
export function after(lost: readonly Attempt[], way: Way): Way {
  const others = lost.filter((it) => !way.tried.some((own) => own.peer === it.peer && own.code === it.code))
  return others.length === 0 ? way : { ...way, tried: [...others, ...way.tried] }
}
