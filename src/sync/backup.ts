import { hasCode } from '../core/errors.ts'
import { createIdentityResolver, requirePds } from '../pds/identity.ts'
import { getRepoStatus } from '../pds/repo.ts'
import { type RetryOptions, withRetry } from '../pds/retry.ts'
import { RepoError } from '../repo/errors.ts'
import type { KnownHead } from '../storage/head.ts'
import type { SnapshotRow } from '../storage/rows.ts'
import { confirmHead } from './admit.ts'
import { isDamaged } from './damage.ts'
import { type Endpoints, fraction, type Host, networkOf } from './host.ts'
import { isAhead } from './judge.ts'
import { headOf, keptIdentity, newerIdentity } from './kept.ts'
import type { HeadNews } from './packs/news-of-head.ts'
import { type Transfer, type Transferred, transfer } from './transfer.ts'
import { factsOf, isCurrent, noteFacts, noteFailure } from './upstream.ts'
import type { Work } from './work.ts'

export interface BackupResult {
  readonly did: string
  /** the new snapshot; undefined when upstream has nothing new */
  readonly snapshot: SnapshotRow | undefined
  readonly before: SnapshotRow | undefined
  /** what leads from the one to the other, where that is little and at hand */
  readonly news?: HeadNews | undefined
  /** the repo's row and its head as they were written, where that is known */
  readonly now?: KnownHead | undefined
}

/** What the signed commit itself was refused for: the whole repo has the same one. */
const FINAL: ReadonlySet<string> = new Set([
  'repo.did-mismatch',
  'repo.commit-malformed',
  'repo.commit-version',
  'repo.bad-signature',
  'repo.high-s',
  'repo.key-unsupported',
  'repo.past-key',
  'repo.rev-malformed',
  'repo.rev-future',
  'repo.rev-rollback',
  'repo.equivocation',
])

/**
 * Backs one account up from its PDS: who it is, what is new, and only that, proven before the head moves.
 * Asks for changes since the kept head first; whatever such an answer cannot prove is asked for whole.
 * A broken transfer is tried again and stores no block twice. What upstream says of the account is noted
 * with its copy, which stays whatever that is. What is damaged on the disk is asked for whole, and stored anew.
 *
 * `replaceFutureHead`: a person has agreed that the kept head, whose rev lies in the future, may be replaced
 * by an older one; its snapshot stays. `tries`: how often a server that does not answer is asked; as often as
 * spans a restart unless told.
 */
export async function backUp(
  host: Host,
  endpoints: Endpoints,
  name: string,
  work: Work,
  {
    replaceFutureHead = false,
    tries,
  }: { readonly replaceFutureHead?: boolean; readonly tries?: number } = {},
): Promise<BackupResult> {
  const network = networkOf(host, endpoints)
  work.report({ phase: 'resolving' })
  const resolver = createIdentityResolver({ ...network, endpoints })
  const retrying: RetryOptions = {
    timers: host.timers,
    random: fraction(host),
    signal: work.signal,
    onWait: work.onWait,
    ...(tries === undefined ? {} : { tries }),
  }
  const fetched = await withRetry(() => resolver.resolve(name, { signal: work.signal }), retrying).catch(
    async (error: unknown) => {
      await noteGone(host, error)
      throw error
    },
  )
  const { did } = fetched
  work.report({ did, phase: 'connecting' })
  return work.exclusively(did, async () => {
    const before = await headOf(host.storage, did)
    const identity = await newerIdentity(fetched, await keptIdentity(host.storage, before))
    const pds = requirePds(identity)
    const { status } = await getRepoStatus(network, { pds, did, signal: work.signal })
    const facts = factsOf(identity, pds, status, host.clock.now())
    try {
      // A repo with a cut-off import has something to finish.
      const cutOff = (await host.storage.get('imports', did)) !== undefined
      const damaged = before !== undefined && (await isDamaged(host.storage, did))
      if (before !== undefined && !cutOff && !damaged) {
        const current = await withRetry(() => isCurrent(network, pds, before, work), retrying)
        if (current) {
          await confirmHead(host, before, identity, true)
          await noteFacts(host, did, facts)
          return { did, snapshot: undefined, before }
        }
      }
      const fetching: Transfer = {
        host,
        network,
        identity,
        label: identity.handleVerified && identity.handle !== undefined ? `@${identity.handle}` : name,
        pds,
        before,
        damaged,
        facts,
        work,
        retrying,
        replaceFutureHead,
      }
      const since = cutOff || damaged || isAhead(before?.rev, host.clock) ? undefined : before?.rev
      return { did, before, ...(await fetchNew(fetching, since)) }
    } catch (error) {
      await noteFailure(host, did, error, facts)
      throw error
    }
  })
}

/** The directory itself says that an account is no more. */
async function noteGone(host: Host, error: unknown): Promise<void> {
  if (!hasCode(error, 'pds.did-tombstoned') && !hasCode(error, 'pds.did-not-found')) return
  await noteFailure(host, String(error.fields['did']), error)
}

async function fetchNew(input: Transfer, since: string | undefined): Promise<Transferred> {
  if (since !== undefined) {
    try {
      return await transfer(input, since)
    } catch (error) {
      const partOnly = error instanceof RepoError ? !FINAL.has(error.code) : hasCode(error, 'pds.http')
      if (!partOnly) throw error
      input.work.report({ phase: 'connecting', bytes: 0, blocks: 0, records: 0 })
    }
  }
  return transfer(input, undefined)
}
