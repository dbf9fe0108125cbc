import { NetError } from '../../net/errors.ts'
import type { HeadComparison } from '../digests/asking.ts'
import type { HeadWord } from '../digests/digest.ts'
import type { KnownHead } from '../../storage/head.ts'
import { type Known, mayBeBehind, noteTold, readKnown, type Told, wordOf } from '../digests/known.ts'
import { createTurns } from '../digests/turns.ts'
import { SyncError } from '../errors.ts'
import { fraction, type Host } from '../host.ts'
import { repoRow } from '../kept.ts'
import type { SentList } from '../packs/sent-list.ts'
import type { Work } from '../work.ts'
import { createAsking } from './asking.ts'
import { createConfirmations } from './confirmations.ts'
import { copyRows, noteCopy, noteKeptWord } from './copy-rows.ts'
import type { Candidate, PeerBackup, PeerBlobs, PeerCalls, PeerCollection } from './model.ts'
import { createPulls, MAX_CANDIDATES } from './pulls.ts'
import { blamed, createSetbacks } from './setbacks.ts'

export type { Candidate, PeerCalls } from './model.ts'

export interface PeerEngineOptions {
  readonly host: Host
  readonly calls: PeerCalls
  /** How heads of many repos are asked for; without it, and of peers that do not speak it, by `calls.heads`. */
  readonly comparison?: HeadComparison
  /**
   * Runs a pull as the long work that it is, seen and stoppable by the person.
   *
   * @param label what a person knows the repo by, where that is known already: it begins at once then
   */
  readonly runPull: (
    did: string,
    run: (work: Work) => Promise<PeerBackup>,
    label?: string,
  ) => Promise<PeerBackup>
  /** The same for one collection; without it partial copies are not kept up to date. */
  readonly runCollection?: (
    did: string,
    collection: string,
    run: (work: Work) => Promise<PeerCollection | undefined>,
  ) => Promise<unknown>
  readonly onCopies: (did: string) => void
}

export interface PeerEngine {
  /**
   * Learns what a peer holds of these repos, and pulls what is newer there. Calls while it is being asked are one
   * question afterwards. Fails with what the asking failed with; a peer that was too busy is asked again.
   */
  meet(candidate: Candidate, dids: readonly string[]): Promise<void>
  /**
   * A peer says that it has a new head of a repo, and which. It is pulled when it is newer than the kept one; of a
   * peer that has not said yet what it holds, heads are asked for first. A list that came along is taken in at once,
   * where it leads on from the kept head and nothing else of the repo is under way. Fails as `meet`.
   */
  hear(candidate: Candidate, did: string, rev: string, list?: SentList): Promise<void>
  /** A head was stored, however it came. */
  moved(now: KnownHead): void
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
  const { host, calls, comparison, runPull, runCollection, onCopies } = options
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

  /** Runs as the one thing that is under way of a repo; what is asked for meanwhile is looked at afterwards. */
  const begin = (did: string, run: () => Promise<void>): void => {
    const entry = { done: Promise.resolve(), again: false }
    running.set(did, entry)
    entry.done = run()
      // The job has told the person; the rows say when to try again.
      .catch(() => {})
      .finally(() => {
        running.delete(did)
        onCopies(did)
        if (entry.again) catchUp(did)
      })
  }

  /** Pulls a repo, or what is kept of it, while someone has something newer. */
  const catchUp = (did: string): void => {
    if (over.signal.aborted) return
    const now = running.get(did)
    if (now === undefined) begin(did, () => pullAll(did))
    else now.again = true
  }

  const headsAt = async (
    candidate: Candidate,
    known: ReadonlyMap<string, Known>,
  ): Promise<ReadonlyMap<string, HeadWord | undefined>> => {
    const compared = known.size > 1 ? await comparison?.heads(candidate, known, over.signal) : undefined
    if (compared !== undefined) return compared
    const told = await calls.heads(candidate, [...known.keys()], over.signal)
    return new Map(told.map((head) => [head.did, wordOf(head)]))
  }

  const meet = async (candidate: Candidate, dids: readonly string[]): Promise<void> => {
    const known = await readKnown(storage, candidate.peer, dids)
    const heads = await headsAt(candidate, known)
    const told = [...known].map(([did, it]): Told => ({ ...it, did, head: heads.get(did) }))
    const when = { now: clock.now(), patience: PATIENCE }
    const noted = await noteTold(storage, candidate, told, when)
    for (const { did } of noted) onCopies(did)
    const behind = noted.filter(mayBeBehind)
    const whole = behind.filter(({ own }) => own !== undefined && own.collections === undefined)
    if (whole.length > 1)
      await calls.foresee(
        candidate,
        whole.map(({ did }) => did),
      )
    for (const { did } of behind) catchUp(did)
  }
  const turns = createTurns<Candidate>({
    timers: host.timers,
    random: fraction(host),
    ask: meet,
    isWorthAgain: ({ peer }, error) => isBusyOrBroken(error) && calls.connected(peer),
  })

  const meetOnce = (candidate: Candidate, dids: readonly string[]): Promise<void> => {
    const meeting = turns.take(candidate, dids)
    const owned = meeting.catch(() => {})
    meetings.add(owned)
    void owned.then(() => meetings.delete(owned))
    return meeting
  }

  /** True when a list that was sent along was taken in, and nothing is to be asked for. */
  const takeSent = async (candidate: Candidate, did: string, list: SentList): Promise<boolean> => {
    try {
      const ready = await calls.readSent(candidate, did, list)
      if (ready === undefined) return false
      const { snapshot } = await runPull(did, (work) => calls.takeSent(ready, bound(work)), ready.label)
      if (snapshot === undefined) return false
      setbacks.over(did)
      await noteKeptWord(storage, candidate, snapshot, clock.now())
      return true
    } catch (error) {
      if (blamed(error) !== undefined) await setbacks.blame(did, candidate.peer, error)
      return false
    }
  }

  const hear = async (candidate: Candidate, did: string, rev: string, list?: SentList): Promise<void> => {
    if (over.signal.aborted) return
    if (!turns.isAsking(candidate.peer) && confirmations.take(candidate, did, rev)) return
    const isFree = !running.has(did) && !setbacks.isOut(did, candidate.peer)
    if (list === undefined || !isFree) return word(candidate, did, rev)
    const told = Promise.withResolvers<boolean>()
    begin(did, async () => {
      const taking = takeSent(candidate, did, list)
      told.resolve(taking)
      await taking
    })
    if (!(await told.promise)) await word(candidate, did, rev)
  }

  const word = async (candidate: Candidate, did: string, rev: string): Promise<void> => {
    // The list is on its way while what was said is weighed and written down.
    if (!running.has(did)) calls.foresee(candidate, [did], rev).catch(() => {})
    const { own, row } = (await readKnown(storage, candidate.peer, [did])).get(did) ?? {}
    const isWhole = own !== undefined && own.collections === undefined
    const isKnown = isWhole && row?.rev !== undefined && !row.partial
    // An answer that is on its way may be older than this word.
    if (!isKnown || turns.isAsking(candidate.peer)) return meetOnce(candidate, [did])
    // Said before.
    if (rev <= row.rev) return
    await noteCopy(storage, did, candidate.peer, {
      ...{ rev, commit: rev === own.rev ? own.commit : undefined, answeredAt: clock.now() },
      ...(row.failures < PATIENCE ? { retryAt: undefined } : {}),
    })
    onCopies(did)
    if (rev > own.rev) catchUp(did)
  }

  const confirmations = createConfirmations({
    ...{ storage, clock, onCopies, word },
    timers: host.timers,
  })

  const underWay = (): Promise<unknown> =>
    Promise.all([confirmations.flush(), ...meetings, ...[...running.values()].map((it) => it.done)])

  return {
    meet: meetOnce,
    hear,
    moved(now) {
      calls.moved(now)
      confirmations.moved(now)
    },
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
      do await underWay()
      while (meetings.size > 0 || running.size > 0)
    },
    async close() {
      over.abort()
      setbacks.close()
      turns.close()
      await Promise.all([confirmations.close(), underWay()])
    },
  }
}

/** The peer spoke of something and could not be asked for it just now. */
function isBusyOrBroken(error: unknown): boolean {
  if (!(error instanceof NetError)) return false
  const { code, fields } = error
  return (
    code === 'net.reset' ||
    code === 'net.timeout' ||
    (code === 'net.refused' && fields['reason'] === 'too-many')
  )
}
