import { applyCommit, type ApplyOptions, type AuthorOptions, commitOwn } from './apply.ts'
import { dropAside, hasAside, readAside, setAside } from './aside.ts'
import { finishTake } from './finish.ts'
import type { SpaceHost } from './host.ts'
import { type Page, type PageLimits, readPage, readWanted } from './pages.ts'
import { distrustTake, type Purged, purgeGiver } from './purge.ts'
import { isAhead, proveCommit } from './next-head.ts'
import { readHead, readRows, readTake } from './read.ts'
import { recheckSpace } from './recheck.ts'
import { dropRepoOps, heldKey, type SpaceHeadRow, type SpaceTakeRow } from './rows.ts'
import { clearStaged, isStaged, sweepStaged } from './settle.ts'
import { changedPaths, type ChangesSince, changesSince, type Reach, readValues } from './since.ts'
import { beginTake, stagePage, stageWanted, type TakenPage, takeOver } from './staging.ts'
import { live } from './tally.ts'
import { checkSame, createTurns } from './turns.ts'

/** Space repos as they are kept: each verified, with what is needed to pass it on. `repo` is always the URI. */
export interface SpaceStore {
  /** The head; undefined when nothing is kept, or not all yet. */
  head(repo: string): Promise<SpaceHeadRow | undefined>
  /** Heads of repos whose URI begins with this text, by URI, after one of them. */
  heads(
    prefix: string,
    range: { readonly after?: string; readonly limit: number },
  ): Promise<{ readonly repo: string; readonly head: SpaceHeadRow }[]>
  /** A record's bytes. */
  record(repo: string, path: string): Promise<Uint8Array | undefined>
  /** Records in the order of their paths, or their paths and CIDs alone. */
  page(
    repo: string,
    options: PageLimits & { readonly after: string | null; readonly withBytes: boolean },
  ): Promise<Page>
  /** Those of some records that are here; the paths ascend. */
  wanted(repo: string, paths: readonly string[], limits: PageLimits): Promise<Page>
  /** True for a head that was held exactly, and is still known. */
  wasHeld(repo: string, head: { readonly rev: string; readonly commit: string }): Promise<boolean>
  /** Whether a sound commit is after the head; false for the head. Throws as `apply` does. */
  isNews(
    repo: string,
    commit: Uint8Array,
  ): Promise<{ readonly isNews: boolean; readonly rev: string; readonly cid: string }>
  /** All that changed since a head; see `changesSince`. */
  since(
    repo: string,
    held: { readonly rev: string; readonly commit: string } | undefined,
    maxBytes: number,
    reach?: Reach,
  ): Promise<ChangesSince | 'unknown' | 'too-large' | undefined>
  /** Paths that changed after a rev: see `changedPaths`. */
  changed(repo: string, rev: string | undefined): Promise<readonly string[]>
  /** Takes a commit with all its changes: see `applyCommit`. */
  apply(repo: string, options: ApplyOptions): Promise<boolean>
  /** Makes the author's next commit: see `commitOwn`. */
  commit(repo: string, options: AuthorOptions): Promise<Uint8Array<ArrayBuffer>>
  /** Reads and counts everything anew: see `recheckSpace`. */
  recheck(
    repo: string,
  ): Promise<{ readonly head: SpaceHeadRow; readonly records: number; readonly bytes: number } | undefined>
  /** A transfer in pages: how far it is, and its steps. Throws `space.busy` when the head moved under it. */
  readonly take: {
    get(repo: string): Promise<SpaceTakeRow | undefined>
    begin(
      repo: string,
      start: {
        readonly asOf: SpaceTakeRow['asOf']
        readonly mode: 'records' | 'index'
        readonly from: string
      },
    ): Promise<SpaceTakeRow>
    /** `was` is the row to which the page is the answer: another one by now is `space.busy` */
    page(repo: string, was: SpaceTakeRow, page: TakenPage): Promise<SpaceTakeRow>
    wanted(repo: string, was: SpaceTakeRow, page: Omit<TakenPage, 'next'>): Promise<SpaceTakeRow>
    finish(repo: string, options: ApplyOptions): Promise<boolean>
    /** What a peer gave is staged still, but its word for it counts no longer. */
    distrust(repo: string, peer: string): Promise<void>
    drop(repo: string): Promise<void>
  }
  /** Takes away what a peer gave: see `purgeGiver`. */
  purge(repo: string, giver: string, keepRepo: boolean): Promise<Purged>
  /** Deletes a repo, and what is staged of it. With a head's CID: only while that is the head; else false. */
  drop(repo: string, head?: string): Promise<boolean>
  /** An author's own work that was moved out of the way: see `setAside`. */
  readonly aside: {
    set(repo: string, head: string): Promise<boolean>
    has(repo: string): Promise<boolean>
    page(repo: string, after: string | null): Promise<Page>
    drop(repo: string): Promise<void>
  }
}

/**
 * Keeps space repos. Nothing of a repo is held in memory between calls; changes to one repo wait for each other
 * across tabs and processes. Errors: `SpaceError`, `StorageError`.
 */
export function createSpaceStore(host: SpaceHost): SpaceStore {
  const { storage } = host
  const { alone, reading } = createTurns(storage)
  const sameTake = async (repo: string, was: SpaceTakeRow): Promise<void> => {
    const now = await takeOver(host, repo)
    checkSame(repo, was, now)
  }
  return {
    head: (repo) => readHead(storage, repo),
    async heads(prefix, { after, limit }) {
      const { from, to } = { from: `head/${prefix}`, to: `head/${prefix}\u007f` }
      const rows = await storage.list('space-repos', {
        from: after === undefined ? from : `head/${after}\u0000`,
        to,
        limit,
      })
      // Only this room writes them.
      return rows.map(({ key, value }) => ({ repo: key.slice(5), head: value as SpaceHeadRow }))
    },
    record: (repo, path) =>
      reading(repo, async () => {
        const [row] = await readRows(storage, repo, [path])
        const kept = live(row)
        const [bytes] = await readValues(storage, repo, [{ path, cid: kept?.cid, bytes: kept?.bytes }])
        return bytes
      }),
    page: (repo, options) => reading(repo, () => readPage(storage, repo, options)),
    wanted: (repo, paths, limits) => reading(repo, () => readWanted(storage, repo, paths, limits)),
    wasHeld: async (repo, { rev, commit }) =>
      (await storage.get('space-repos', heldKey(repo, rev))) === commit,
    async isNews(repo, commit) {
      const proven = await proveCommit(host, repo, commit)
      const isNews = await isAhead(storage, repo, await readHead(storage, repo), proven)
      return { isNews, rev: proven.commit.rev, cid: proven.cid }
    },
    since: (repo, held, maxBytes, reach) =>
      reading(repo, (head) => changesSince(storage, repo, head, held, maxBytes, reach)),
    changed: (repo, rev) => reading(repo, () => changedPaths(storage, repo, rev)),
    apply: (repo, options) =>
      alone(repo, async (head) => {
        const [isMoved, wasStaged] = await Promise.all([
          applyCommit(host, repo, head, options),
          isStaged(storage, repo),
        ])
        // The write that moved the head has ended any transfer.
        if (isMoved && wasStaged) await sweepStaged(storage, repo)
        return isMoved
      }),
    commit: (repo, options) =>
      alone(repo, async (head) => {
        const [bytes, wasStaged] = await Promise.all([
          commitOwn(host, repo, head, options),
          isStaged(storage, repo),
        ])
        if (wasStaged) await sweepStaged(storage, repo)
        return bytes
      }),
    recheck: (repo) =>
      reading(repo, async (head) => {
        const found = await recheckSpace(host, repo)
        return head && found && { head, ...found }
      }),
    take: {
      get: (repo) => readTake(storage, repo),
      begin: (repo, start) => alone(repo, () => beginTake(host, repo, start)),
      page: (repo, was, page) =>
        alone(repo, async () => {
          await sameTake(repo, was)
          return stagePage(host, repo, was, page)
        }),
      wanted: (repo, was, page) =>
        alone(repo, async () => {
          await sameTake(repo, was)
          return stageWanted(host, repo, was, page)
        }),
      finish: (repo, options) => alone(repo, () => finishTake(host, repo, options)),
      distrust: (repo, peer) => alone(repo, () => distrustTake(storage, repo, peer)),
      drop: (repo) => alone(repo, () => clearStaged(storage, repo)),
    },
    purge: (repo, giver, keepRepo) => alone(repo, () => purgeGiver(storage, repo, giver, keepRepo)),
    drop: (repo, head) =>
      alone(repo, async () => {
        if (head !== undefined && (await readHead(storage, repo))?.cid !== head) return false
        await storage.write(dropRepoOps(repo))
        return true
      }),
    aside: {
      set: (repo, head) => alone(repo, () => setAside(storage, repo, head)),
      has: (repo) => hasAside(storage, repo),
      page: (repo, after) => readAside(storage, repo, after),
      drop: (repo) => dropAside(storage, repo),
    },
  }
}
