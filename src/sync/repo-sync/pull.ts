import { CairnError, hasCode } from '../../core/errors.ts'
import type { Net } from '../../net/net.ts'
import type { Identity } from '../../pds/identity.ts'
import { withRetry } from '../../pds/retry.ts'
import type { ImportSession } from '../../storage/importer.ts'
import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import type { BackupResult } from '../backup.ts'
import { type Endpoints, fraction, type Host } from '../host.ts'
import { isAhead } from '../judge.ts'
import { headOf } from '../kept.ts'
import { takeIn } from '../take-in.ts'
import type { Work } from '../work.ts'
import { FETCH_LIMITS, type FetchLimits, fetchRepoSync } from './fetch.ts'

export interface PullRepoSync {
  readonly did: string
  readonly peer: string
  /** multiaddrs of the peer to try besides those that are known */
  readonly addresses?: readonly string[]
  /** what a person knows the repo by */
  readonly label: string
  readonly work: Work
  /** an identity that the peer handed over, its log verified */
  readonly identity?: Identity | undefined
  readonly limits?: Partial<FetchLimits>
}

/** Others may have the repo too: a peer is given up sooner than an account's own server. */
const TRIES = 3

/**
 * An answer to `since` is expected to be at most this part of the kept repo, or so many bytes. What is larger
 * most likely is the whole repo, and is better taken as such: then no kept record is stored again.
 */
const SINCE_PART = 1 / 4
const SINCE_BYTES = 1024 * 1024

/** An answer to `since` from which the new tree does not come out, or that the peer has none of. */
const UNRESOLVED: ReadonlySet<string> = new Set([
  'sync.over-budget',
  'repo.node-missing',
  'repo.record-missing',
  'repo.root-mismatch',
  'repo.no-root',
  'sync.peer-failed',
])

/** What another try may mend. A silent peer is not asked again: the wait was long enough. */
const BROKEN: ReadonlySet<string> = new Set([
  'net.reset',
  'net.unreachable',
  'repo.car-truncated',
  'sync.peer-failed',
])

/**
 * Takes a repo from a peer over `/p2pds/repo-sync/1.0.0`, proven as {@link takeIn} says. Asks for what is
 * newer than the kept head, and for the whole repo when that cannot be resolved. A broken transfer is
 * tried again and stores no block twice; what a pull that failed has stored waits for the next.
 *
 * @throws what `takeIn` and `fetchRepoSync` throw; `pds.cancelled` when cancelled between two tries
 */
export async function pullRepoSync(
  host: Host,
  endpoints: Endpoints,
  net: Net,
  pull: PullRepoSync,
): Promise<BackupResult> {
  const { did, work } = pull
  const head = await headOf(host.storage, did)
  // A repo with a cut-off import has something to finish.
  const cutOff = (await host.storage.get('imports', did)) !== undefined
  const since = cutOff || isAhead(head?.rev, host.clock) ? undefined : head?.rev
  if (since !== undefined) {
    try {
      return await pullOnce(host, endpoints, net, pull, { head, since })
    } catch (error) {
      if (!isOneOf(error, UNRESOLVED)) throw error
      work.report({ phase: 'connecting', bytes: 0, blocks: 0, records: 0 })
    }
  }
  return pullOnce(host, endpoints, net, pull, { head, since: undefined })
}

async function pullOnce(
  host: Host,
  endpoints: Endpoints,
  net: Net,
  pull: PullRepoSync,
  { head, since }: { readonly head: SnapshotRow | undefined; readonly since: string | undefined },
): Promise<BackupResult> {
  const { did, peer, addresses, label, work, identity } = pull
  work.report({ did, phase: 'connecting' })
  const attempt = async (session: ImportSession, count: number): Promise<void> => {
    if (count > 1) session.restart()
    const most = await budget(host.storage, pull.limits?.answerBytes)
    const part = Math.max(SINCE_BYTES, (head?.root.bytes ?? 0) * SINCE_PART)
    const answerBytes = since === undefined ? most : Math.min(most, part)
    const answer = fetchRepoSync(net, peer, {
      did,
      since,
      timers: host.timers,
      signal: work.signal,
      limits: { ...pull.limits, answerBytes },
      ...(addresses === undefined ? {} : { addresses }),
    })
    work.report({ phase: 'receiving', attempt: count })
    for await (const chunk of answer) {
      work.check()
      await session.write(chunk)
      work.report(session.progress)
      // The rest is here.
      if (head !== undefined && session.commit?.cid === head.commitCid) return
    }
    // An answer that was cut off shows only when all of it is to be proven.
    await session.prove()
  }
  const feed = async (session: ImportSession): Promise<void> => {
    try {
      await withRetry((count) => attempt(session, count), {
        timers: host.timers,
        random: fraction(host),
        signal: work.signal,
        onWait: work.onWait,
        tries: TRIES,
        // Whoever fails at a `since` may do so every time; there is the whole repo to ask for.
        retriable: (error) =>
          isOneOf(error, BROKEN) && !(since !== undefined && hasCode(error, 'sync.peer-failed')),
      })
    } catch (error) {
      work.check()
      // A flood that is no repo is not kept to go on with.
      if (hasCode(error, 'sync.over-budget') && !session.resumed) await session.discard()
      throw error
    }
  }
  return takeIn(host, endpoints, {
    did,
    source: 'peer',
    label,
    work,
    identity,
    partial: since !== undefined,
    feed,
  })
}

/** Most bytes that may come: what the protocol allows, or what the storage has room for. */
async function budget(storage: Storage, limit = FETCH_LIMITS.answerBytes): Promise<number> {
  const { usage, quota } = await storage.estimate()
  return quota === undefined ? limit : Math.max(0, Math.min(limit, quota - usage))
}

function isOneOf(error: unknown, codes: ReadonlySet<string>): boolean {
  return error instanceof CairnError && codes.has(error.code)
}
