import { CairnError, hasCode } from '../../core/errors.ts'
import type { BackupResult } from '../backup.ts'
import { SyncError } from '../errors.ts'
import { fraction, type Host } from '../host.ts'
import { headOf } from '../kept.ts'
import type { Work } from '../work.ts'
import { type CopyRow, copyRows, noteCopy } from './copy-rows.ts'

/** The head that a peer says it holds of a repo. */
export interface PeerHead {
  readonly did: string
  readonly rev: string
  readonly commit: string
  readonly partial: boolean
}

/** Someone who may have a repo. */
export interface Candidate {
  readonly peer: string
  readonly addresses: readonly string[]
  readonly kind: 'device' | 'store'
}

/** How a repo came in: only what changed, page by page, or as one stream of a stock peer. */
export type Rung = 'difference' | 'pages' | 'repo-sync'

/** What the engine has done for it over the wire. */
export interface PeerCalls {
  /** The heads that a peer holds of these repos; repos that it does not hold are left out. */
  heads(candidate: Candidate, dids: readonly string[], signal: AbortSignal): Promise<readonly PeerHead[]>
  /** Takes a repo in from one peer, or from several that hold the same head. */
  pull(
    candidates: readonly Candidate[],
    did: string,
    work: Work,
  ): Promise<{ readonly result: BackupResult; readonly rung: Rung; readonly from: string }>
  /** Peers that announce a repo. */
  lookup(did: string, signal: AbortSignal): Promise<readonly Candidate[]>
  /** Whether streams to it can be opened without dialing. */
  connected(peer: string): boolean
  /** It is reached without a relay between. */
  direct(peer: string): boolean
}

export interface PeerEngineOptions {
  readonly host: Host
  readonly calls: PeerCalls
  /** Runs a pull as the long work that it is, seen and stoppable by the person. */
  readonly runPull: (did: string, run: (work: Work) => Promise<BackupResult>) => Promise<BackupResult>
  readonly onCopies: (did: string) => void
}

export interface PeerEngine {
  /** Learns what a peer holds of these repos, and pulls what is newer there. */
  meet(candidate: Candidate, dids: readonly string[]): Promise<void>
  /** Asks everyone who announces a repo what they hold of it. */
  look(did: string): Promise<void>
  /** A repo from whoever has it, when its own server is out of reach or was never asked. */
  fetch(did: string, work: Work, hints?: readonly Candidate[]): Promise<BackupResult>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
  close(): Promise<void>
}

/** After a failed pull a peer is left alone for so long, doubled with each, ms. */
const FIRST_PAUSE = 5000
const LONGEST_PAUSE = 30 * 60_000
/** Peers that are asked for one repo in one try. */
const MAX_CANDIDATES = 12

/**
 * Decides what to ask whom. A peer's word on what it holds is only a hint: what comes is proven before a
 * head moves, and a peer whose word was not kept is left alone for a while. One pull a repo at a time;
 * news that comes meanwhile is looked at afterwards.
 */
export function createPeerEngine({ host, calls, runPull, onCopies }: PeerEngineOptions): PeerEngine {
  const { storage, clock } = host
  const random = fraction(host)
  const over = new AbortController()
  const pulls = new Map<string, { readonly done: Promise<void>; again: boolean }>()
  const meetings = new Set<Promise<void>>()
  const timers = new Map<string, () => void>()

  const pauseOf = (failures: number): number =>
    Math.round(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1)) * (0.5 + random() / 2))

  const newer = (row: CopyRow, rev: string | undefined): boolean =>
    row.rev !== undefined && !row.partial && (rev === undefined || row.rev > rev)

  /** Those who hold the newest head that anyone claims, the best first. */
  const choose = (rows: readonly CopyRow[], rev: string | undefined): CopyRow[] => {
    const now = clock.now()
    const open = rows.filter((row) => newer(row, rev) && (row.retryAt ?? 0) <= now)
    const newest = open.reduce((best, row) => ((row.rev ?? '') > best ? (row.rev ?? '') : best), '')
    const rank = (row: CopyRow): number =>
      row.failures * 4 + (calls.connected(row.peer) ? 0 : 2) + (calls.direct(row.peer) ? 0 : 1)
    return open
      .filter((row) => row.rev === newest)
      .sort((a, b) => rank(a) - rank(b))
      .slice(0, MAX_CANDIDATES)
  }

  const pullOnce = async (did: string, work: Work): Promise<BackupResult> => {
    const tried = new Set<string>()
    let last: Error | undefined
    for (;;) {
      work.check()
      const before = await headOf(storage, did)
      const rows = (await copyRows(storage, did)).filter((row) => !tried.has(row.peer))
      const chosen = choose(rows, before?.rev)
      if (chosen.length === 0) {
        if (last !== undefined) throw last
        return { did, snapshot: undefined, before }
      }
      try {
        const { result, from } = await calls.pull(chosen, did, work)
        await noteCopy(storage, did, from, { failures: 0, failure: undefined, retryAt: undefined })
        return result
      } catch (error) {
        work.check()
        last = error instanceof Error ? error : new Error(String(error))
        const peer = blamed(error) ?? chosen[0]?.peer ?? ''
        tried.add(peer)
        await noteFailure(did, peer, error)
      }
    }
  }

  const noteFailure = async (did: string, peer: string, error: unknown): Promise<void> => {
    const rows = await copyRows(storage, did)
    const failures = (rows.find((row) => row.peer === peer)?.failures ?? 0) + 1
    const pause = pauseOf(failures)
    await noteCopy(storage, did, peer, {
      failures,
      failure: error instanceof CairnError ? error.code : 'app.unexpected',
      retryAt: clock.now() + pause,
    })
    onCopies(did)
    timers.get(did)?.()
    timers.set(
      did,
      host.timers.after(pause, () => catchUp(did)),
    )
  }

  /** Pulls a repo while someone has something newer of it. */
  const catchUp = (did: string): void => {
    if (over.signal.aborted) return
    const running = pulls.get(did)
    if (running !== undefined) {
      running.again = true
      return
    }
    const entry = { done: Promise.resolve(), again: false }
    entry.done = (async () => {
      const before = await headOf(storage, did)
      const isKept = (await storage.get('repos', did)) !== undefined
      if (!isKept || choose(await copyRows(storage, did), before?.rev).length === 0) return
      await runPull(did, (work) => pullOnce(did, work))
    })()
      // The job has told the person; the rows say when to try again.
      .catch(() => {})
      .finally(() => {
        pulls.delete(did)
        onCopies(did)
        if (entry.again) catchUp(did)
      })
    pulls.set(did, entry)
  }

  const meet = async (candidate: Candidate, dids: readonly string[]): Promise<void> => {
    const heads = new Map((await calls.heads(candidate, dids, over.signal)).map((it) => [it.did, it]))
    for (const did of dids) {
      const head = heads.get(did)
      const known = (await copyRows(storage, did)).find((row) => row.peer === candidate.peer)
      if (head === undefined && known === undefined) continue
      await noteCopy(storage, did, candidate.peer, {
        kind: candidate.kind,
        rev: head?.rev,
        commit: head?.commit,
        partial: head?.partial ?? false,
        addresses: candidate.addresses,
        answeredAt: clock.now(),
        // A head that it did not have when it failed is a new word to be tested.
        ...(known !== undefined && head?.commit !== known.commit ? { retryAt: undefined } : {}),
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
      work.report({ phase: 'connecting', did })
      const signal = AbortSignal.any([over.signal, work.signal])
      const found = await calls.lookup(did, signal).catch((error: unknown) => {
        if (hints.length === 0) throw error
        return []
      })
      const candidates = new Map([...hints, ...found].map((it) => [it.peer, it]))
      const asked = [...candidates.values()].slice(0, MAX_CANDIDATES)
      const answers = await Promise.allSettled(asked.map((it) => calls.heads(it, [did], signal)))
      work.check()
      const holders = asked.flatMap((candidate, i) => {
        const answer = answers[i]
        const head = answer?.status === 'fulfilled' ? answer.value[0] : undefined
        return head === undefined || head.partial ? [] : [{ candidate, head }]
      })
      // A node of another kind cannot be asked what it has, only for the repo itself.
      const others = asked.filter((_, i) => {
        const answer = answers[i]
        return answer?.status === 'rejected' && hasCode(answer.reason, 'net.unsupported')
      })
      if (holders.length + others.length === 0)
        throw new SyncError('sync.no-copy', { did, asked: asked.length })
      const best = holders.reduce((rev, it) => (it.head.rev > rev ? it.head.rev : rev), '')
      const first = holders.filter((it) => it.head.rev === best).map((it) => it.candidate)
      const { result, from } = await calls.pull(first.length > 0 ? first : others, did, work)
      for (const { candidate, head } of holders)
        await noteCopy(storage, did, candidate.peer, {
          kind: candidate.kind,
          rev: head.rev,
          commit: head.commit,
          addresses: candidate.addresses,
          answeredAt: clock.now(),
          ...(candidate.peer === from ? { failures: 0, failure: undefined, retryAt: undefined } : {}),
        })
      onCopies(did)
      return result
    },
    async idle() {
      while (meetings.size > 0 || pulls.size > 0)
        await Promise.all([...meetings, ...[...pulls.values()].map((it) => it.done)])
    },
    async close() {
      over.abort()
      for (const stop of timers.values()) stop()
      await Promise.all([...meetings, ...[...pulls.values()].map((it) => it.done)])
    },
  }
}

/** The peer that an error is about. */
function blamed(error: unknown): string | undefined {
  const peer = error instanceof CairnError ? error.fields['peer'] : undefined
  return typeof peer === 'string' ? peer : undefined
}
