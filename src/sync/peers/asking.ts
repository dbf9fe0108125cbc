import { hasCode } from '../../core/errors.ts'
import { SyncError } from '../errors.ts'
import type { Host } from '../host.ts'
import { headOf, repoRow } from '../kept.ts'
import { partialsOf } from '../pages/partial-rows.ts'
import type { Work } from '../work.ts'
import { type Candidate, usable, wholeRev } from './choose.ts'
import { copyRows, noteCopy } from './copy-rows.ts'
import type { PeerBackup, PeerBlobs, PeerCalls, PeerCollection, PeerHead, Way } from './model.ts'
import { after, MAX_CANDIDATES } from './pulls.ts'
import { attemptOf, blamed, type Setbacks } from './setbacks.ts'

/** What is asked of everyone who may have it, known or not. */
export interface Asking {
  repo(did: string, work: Work, hints: readonly Candidate[]): Promise<PeerBackup>
  collection(
    did: string,
    collection: string,
    work: Work,
    hints: readonly Candidate[],
  ): Promise<PeerCollection>
  blobs(did: string, work: Work): Promise<PeerBlobs>
}

interface Holder {
  readonly candidate: Candidate
  readonly head: PeerHead
}

interface Asked {
  readonly count: number
  readonly holders: readonly Holder[]
  /** nodes of another kind: they cannot be asked what they have, only for the repo itself */
  readonly others: readonly Candidate[]
}

export function createAsking(host: Host, calls: PeerCalls, setbacks: Setbacks): Asking {
  const { storage, clock } = host

  const ask = async (did: string, work: Work, hints: readonly Candidate[]): Promise<Asked> => {
    work.report({ phase: 'connecting', did })
    const found = await calls.lookup(did, work.signal).catch((error: unknown) => {
      if (hints.length === 0) throw error
      return []
    })
    const all = [...new Map([...hints, ...found].map((it) => [it.peer, it])).values()]
    const asked = all.slice(0, MAX_CANDIDATES)
    const answers = await Promise.allSettled(asked.map((it) => calls.heads(it, [did], work.signal)))
    work.check()
    const holders = asked.flatMap((candidate, i): Holder[] => {
      const answer = answers[i]
      const head = answer?.status === 'fulfilled' ? answer.value.find((it) => it.did === did) : undefined
      return head === undefined ? [] : [{ candidate, head }]
    })
    const others = asked.filter((_, i) => {
      const answer = answers[i]
      return answer?.status === 'rejected' && hasCode(answer.reason, 'net.unsupported')
    })
    return { count: asked.length, holders, others }
  }

  /** One group after another, until one has given it. The way tells who did not. */
  const inTurn = async <T extends { readonly way: Way }>(
    { did, count, holders }: Asked & { readonly did: string },
    groups: readonly (readonly Candidate[])[],
    work: Work,
    run: (group: readonly Candidate[], onOut: (peer: string, error: unknown) => void) => Promise<T>,
  ): Promise<T> => {
    const failed = new Map<string, unknown>()
    /** What was learned on the way, once something of the repo is kept. */
    const note = async (): Promise<void> => {
      const isKept = (await repoRow(storage, did)) ?? (await partialsOf(storage, did))[0]
      if (isKept === undefined) return
      for (const { candidate, head } of holders) {
        const { rev, commit, partial, collections = [] } = head
        const { kind, addresses } = candidate
        const answered = { kind, addresses, rev, commit, partial, collections, answeredAt: clock.now() }
        await noteCopy(storage, did, candidate.peer, answered)
        if (failed.has(candidate.peer)) await setbacks.blame(did, candidate.peer, failed.get(candidate.peer))
      }
    }
    let last: unknown = new SyncError('sync.no-copy', { did, asked: count })
    for (const group of groups) {
      try {
        const result = await run(group, (peer, error) => void failed.set(peer, error))
        await note()
        const lost = [...failed].map(([peer, error]) => attemptOf(undefined, peer, error))
        return { ...result, way: after(lost, result.way) }
      } catch (error) {
        work.check()
        const peer = blamed(error)
        if (peer === undefined) throw error
        failed.set(peer, error)
        last = error
      }
    }
    await note()
    throw last
  }

  return {
    async repo(did, work, hints) {
      const asked = await ask(did, work, hints)
      const before = await headOf(storage, did)
      const whole = asked.holders.filter(
        ({ head }) => !head.partial && (before?.rev === undefined || head.rev >= before.rev),
      )
      const groups = [...byRev(whole, ({ head }) => head.rev), ...asked.others.map((it) => [it])]
      return inTurn({ ...asked, did }, groups, work, async (group, onOut) => {
        const { result, way } = await calls.pull(group, did, work, onOut)
        if ((await copyRows(storage, did)).some((row) => row.peer === way.peer))
          await noteCopy(storage, did, way.peer, { failures: 0, failure: undefined, retryAt: undefined })
        return { ...result, way }
      })
    },
    async collection(did, collection, work, hints) {
      const asked = await ask(did, work, hints)
      const revOf = ({ head }: Holder): string | undefined =>
        head.partial ? head.collections?.find((it) => it.nsid === collection)?.rev : head.rev
      return inTurn({ ...asked, did }, byRev(asked.holders, revOf), work, (group, onOut) =>
        calls.collection(group, did, collection, work, onOut),
      )
    },
    async blobs(did, work) {
      const rows = await copyRows(storage, did)
      const known = new Map(rows.map((row) => [row.peer, row]))
      // Those that are known are asked even when nobody can say who else has it.
      const found = await calls.lookup(did, work.signal).catch(() => [])
      work.check()
      const holders: readonly Candidate[] = usable(
        rows.filter((row) => wholeRev(row) !== undefined),
        calls,
        clock.now(),
      )
      const asked = [...holders, ...found.filter((it) => !known.has(it.peer))].slice(0, MAX_CANDIDATES)
      if (asked.length === 0) throw new SyncError('sync.no-copy', { did, asked: 0 })
      const failed = new Map<string, unknown>()
      try {
        return await calls.blobs(asked, did, work, (peer, error) => void failed.set(peer, error))
      } finally {
        for (const [peer, error] of failed) if (known.has(peer)) await setbacks.blame(did, peer, error)
      }
    },
  }
}

/** Peers that have the same, those with the newest first. */
function byRev(holders: readonly Holder[], revOf: (holder: Holder) => string | undefined): Candidate[][] {
  const groups = new Map<string, Candidate[]>()
  for (const holder of holders) {
    const rev = revOf(holder)
    if (rev === undefined) continue
    const group = groups.get(rev)
    if (group === undefined) groups.set(rev, [holder.candidate])
    else group.push(holder.candidate)
  }
  return [...groups].sort(([a], [b]) => (a > b ? -1 : 1)).map(([, group]) => group)
}
