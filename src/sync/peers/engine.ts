import { SyncError } from '../errors.ts'
import type { Host } from '../host.ts'
import { repoRow } from '../kept.ts'
import { partialsOf } from '../pages/partial-rows.ts'
import type { Work } from '../work.ts'
import { createAsking } from './asking.ts'
import { copyRows, noteCopy } from './copy-rows.ts'
import type { Candidate, PeerBackup, PeerBlobs, PeerCalls, PeerCollection } from './model.ts'
import { createPulls, MAX_CANDIDATES } from './pulls.ts'
import { createSetbacks } from './setbacks.ts'

export type { Candidate, PeerCalls } from './model.ts'

export interface PeerEngineOptions {
  readonly host: Host
  readonly calls: PeerCalls
  /** Runs a pull as the long work that it is, seen and stoppable by the person. */
  readonly runPull: (did: string, run: (work: Work) => Promise<PeerBackup>) => Promise<PeerBackup>
  /** The same for one collection; without it partial copies are not kept up to date. */
  readonly runCollection?: (
    did: string,
    collection: string,
    run: (work: Work) => Promise<PeerCollection | undefined>,
  ) => Promise<unknown>
  readonly onCopies: (did: string) => void
}

export interface PeerEngine {
  /** Learns what a peer holds of these repos, and pulls what is newer there. */
  meet(candidate: Candidate, dids: readonly string[]): Promise<void>
  /** Asks everyone who announces a repo what they hold of it. */
  look(did: string): Promise<void>
  /**
   * A repo from whoever has it, when its own server is out of reach or was never asked: those who say that
   * they hold the newest head first, nodes of other kinds last.
   *
   * @throws SyncError `sync.no-copy`; what the last of them failed with
   */
  fetch(did: string, work: Work, hints?: readonly Candidate[]): Promise<PeerBackup>
  /** One collection of a repo, in the same way. */
  fetchCollection(
    did: string,
    collection: string,
    work: Work,
    hints?: readonly Candidate[],
  ): Promise<PeerCollection>
  /**
   * Blobs of a kept repo that are wanted, from whoever keeps it too.
   *
   * @throws SyncError `sync.no-copy`, `sync.not-kept`; NetError when nobody is left to ask
   */
  fetchBlobs(did: string, work: Work): Promise<PeerBlobs>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
  /** Stops what is under way, and waits for it. */
  close(): Promise<void>
}

/** A peer whose word failed so often in a row is not tried at once for the next one. */
const PATIENCE = 5

/**
 * Decides what to ask whom. A peer's word on what it holds is only a hint: what comes is proven before a
 * head moves, and a peer whose word was not kept is left alone for a while. One pull a repo at a time;
 * news that comes meanwhile is looked at afterwards.
 */
export function createPeerEngine(options: PeerEngineOptions): PeerEngine {
  const { host, calls, runPull, runCollection, onCopies } = options
  const { storage, clock } = host
  const over = new AbortController()
  const running = new Map<string, { readonly done: Promise<void>; again: boolean }>()
  const meetings = new Set<Promise<void>>()

  const retry = (did: string): void => catchUp(did)
  const setbacks = createSetbacks(host, retry)
  const pulls = createPulls(host, calls, setbacks)
  const asking = createAsking(host, calls, setbacks)

  /** Work that ends with the engine, too. */
  const bound = (work: Work): Work => ({
    ...work,
    signal: AbortSignal.any([over.signal, work.signal]),
    check() {
      work.check()
      if (over.signal.aborted) throw new SyncError('sync.cancelled')
    },
  })

  const pullAll = async (did: string): Promise<void> => {
    if ((await repoRow(storage, did)) !== undefined) {
      if (await pulls.isBehind(did)) await runPull(did, (work) => pulls.repo(did, bound(work)))
      return
    }
    if (runCollection === undefined) return
    for (const nsid of await pulls.collectionsBehind(did)) {
      if (over.signal.aborted) return
      // One that fails says so by its job, and is no reason not to try the next.
      await runCollection(did, nsid, (work) => pulls.collection(did, nsid, bound(work))).catch(() => {})
    }
  }

  /** Pulls a repo, or what is kept of it, while someone has something newer. */
  const catchUp = (did: string): void => {
    if (over.signal.aborted) return
    const now = running.get(did)
    if (now !== undefined) {
      now.again = true
      return
    }
    const entry = { done: Promise.resolve(), again: false }
    entry.done = pullAll(did)
      // The job has told the person; the rows say when to try again.
      .catch(() => {})
      .finally(() => {
        running.delete(did)
        onCopies(did)
        if (entry.again) catchUp(did)
      })
    running.set(did, entry)
  }

  const isKept = async (did: string): Promise<boolean> =>
    (await repoRow(storage, did)) !== undefined || (await partialsOf(storage, did)).length > 0

  const meet = async (candidate: Candidate, dids: readonly string[]): Promise<void> => {
    const heads = new Map((await calls.heads(candidate, dids, over.signal)).map((it) => [it.did, it]))
    for (const did of dids) {
      // Deleted since it was asked for.
      if (!(await isKept(did))) continue
      const head = heads.get(did)
      const known = (await copyRows(storage, did)).find((row) => row.peer === candidate.peer)
      if (head === undefined && known === undefined) continue
      // A newer head than the one it failed with is a new word to be tested.
      const isNews = head !== undefined && head.rev > (known?.rev ?? '')
      await noteCopy(storage, did, candidate.peer, {
        kind: candidate.kind,
        rev: head?.rev,
        commit: head?.commit,
        partial: head?.partial ?? false,
        collections: head?.collections ?? [],
        addresses: candidate.addresses,
        answeredAt: clock.now(),
        ...(isNews && (known?.failures ?? 0) < PATIENCE ? { retryAt: undefined } : {}),
      })
      onCopies(did)
      catchUp(did)
    }
  }

  const meetOnce = (candidate: Candidate, dids: readonly string[]): Promise<void> => {
    const meeting = meet(candidate, dids)
    const owned = meeting.catch(() => {})
    meetings.add(owned)
    void owned.then(() => meetings.delete(owned))
    return meeting
  }

  const underWay = (): Promise<unknown> =>
    Promise.all([...meetings, ...[...running.values()].map((it) => it.done)])

  return {
    meet: meetOnce,
    async look(did) {
      const announced = await calls.lookup(did, over.signal)
      const known = (await copyRows(storage, did)).filter((row) => calls.connected(row.peer))
      const all = new Map([...known, ...announced].map((it) => [it.peer, it]))
      // Each that does not answer keeps what was known of it.
      await Promise.allSettled([...all.values()].slice(0, MAX_CANDIDATES).map((it) => meetOnce(it, [did])))
    },
    async fetch(did, work, hints = []) {
      const result = await asking.repo(did, bound(work), hints)
      onCopies(did)
      return result
    },
    async fetchCollection(did, collection, work, hints = []) {
      const taken = await asking.collection(did, collection, bound(work), hints)
      onCopies(did)
      return taken
    },
    fetchBlobs: (did, work) => asking.blobs(did, bound(work)),
    async idle() {
      while (meetings.size > 0 || running.size > 0) await underWay()
    },
    async close() {
      over.abort()
      setbacks.close()
      await underWay()
    },
  }
}
