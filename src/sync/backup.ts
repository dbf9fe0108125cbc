import { hasCode } from '../core/errors.ts'
import { PdsError } from '../pds/errors.ts'
import { createIdentityResolver, type Identity, requirePds } from '../pds/identity.ts'
import { getLatestCommit, getRepo, getRepoStatus } from '../pds/repo.ts'
import { withRetry } from '../pds/retry.ts'
import type { UpstreamStatus } from '../pds/status.ts'
import { statusOfError } from '../pds/status.ts'
import { RepoError } from '../repo/errors.ts'
import { updateRepo } from '../storage/head.ts'
import { type ImportSession, openImport } from '../storage/importer.ts'
import type { SnapshotRow } from '../storage/rows.ts'
import { type Endpoints, fraction, type Host, networkOf } from './host.ts'
import { judge, type Verdict } from './judge.ts'
import { headOf, identityOp, repoRow } from './kept.ts'
import type { Work } from './work.ts'

export interface BackupResult {
  readonly did: string
  /** the new snapshot; undefined when upstream has nothing new */
  readonly snapshot: SnapshotRow | undefined
  readonly before: SnapshotRow | undefined
}

/** What a partial answer cannot prove by itself; the whole repo can. */
const ASK_FOR_ALL: ReadonlySet<string> = new Set([
  'repo.node-missing',
  'repo.record-missing',
  'repo.root-mismatch',
  'repo.no-root',
  'repo.car-header',
])

/**
 * Backs one account up from its PDS: who it is, what is new, and only that, proven before the head moves.
 * Asks for changes since the kept head first; whatever such an answer cannot prove is asked for whole.
 * A broken transfer is tried again and stores no block twice.
 */
export async function backUp(host: Host, endpoints: Endpoints, name: string, work: Work): Promise<BackupResult> {
  const network = networkOf(host, endpoints)
  work.report({ phase: 'resolving' })
  const resolver = createIdentityResolver({ ...network, endpoints })
  const retrying = {
    timers: host.timers,
    random: fraction(host),
    signal: work.signal,
    onWait: work.onWait,
  }
  const identity = await withRetry(() => resolver.resolve(name, { signal: work.signal }), retrying)
  const { did } = identity
  work.report({ did, phase: 'connecting' })
  return work.exclusively(did, async () => {
    const pds = requirePds(identity)
    const before = await headOf(host.storage, did)
    const status = await getRepoStatus(network, { pds, did, signal: work.signal })
    const facts = factsOf(identity, pds, status.status, host)
    try {
      if (before !== undefined && (await isCurrent(host, network, pds, before, work))) {
        await touch(host, did, facts)
        return { did, snapshot: undefined, before }
      }
      const fetched = await fetchNew({ host, network, identity, pds, before, facts, work, retrying })
      return { did, snapshot: fetched, before }
    } catch (error) {
      await noteStatus(host, did, error, facts)
      throw error
    }
  })
}

type Facts = ReturnType<typeof factsOf>

function factsOf(identity: Identity, pds: string, status: UpstreamStatus, host: Host) {
  const handle = identity.handleVerified && identity.handle !== undefined ? { handle: identity.handle } : {}
  // A server that lacks the method says nothing; it answered, so the account is there until it says otherwise.
  const upstream: UpstreamStatus = status === 'unknown' ? 'active' : status
  return { ...handle, pds, upstream, upstreamCheckedAt: host.clock.now() }
}

/** Writes what is known of upstream to a repo that is kept; a failed first backup keeps nothing. */
async function touch(host: Host, did: string, facts: Facts): Promise<void> {
  if ((await repoRow(host.storage, did)) === undefined) return
  await updateRepo(host.storage, did, (row) => ({ ...row, ...facts }))
}

async function noteStatus(host: Host, did: string, error: unknown, facts: Facts): Promise<void> {
  if (!(error instanceof PdsError) || error.code === 'pds.cancelled') return
  const upstream = statusOfError(error)
  if (upstream === 'unknown') return
  await touch(host, did, { ...facts, upstream })
}

/** A hint only: `getLatestCommit` may name another rev than the signed one, never the same commit. */
async function isCurrent(
  host: Host,
  network: ReturnType<typeof networkOf>,
  pds: string,
  head: SnapshotRow,
  work: Work,
): Promise<boolean> {
  // A repo with a cut-off import has something to finish.
  if ((await host.storage.get('imports', head.did)) !== undefined) return false
  try {
    const latest = await getLatestCommit(network, { pds, did: head.did, signal: work.signal })
    return latest.cid === head.commitCid
  } catch (error) {
    if (error instanceof PdsError && (error.code === 'pds.http' || error.code === 'pds.bad-response')) return false
    throw error
  }
}

interface Fetch {
  readonly host: Host
  readonly network: ReturnType<typeof networkOf>
  readonly identity: Identity
  readonly pds: string
  readonly before: SnapshotRow | undefined
  readonly facts: Facts
  readonly work: Work
  readonly retrying: Omit<Parameters<typeof withRetry>[1], 'tries'>
}

async function fetchNew(input: Fetch): Promise<SnapshotRow | undefined> {
  const { before, host } = input
  const cutOff = (await host.storage.get('imports', input.identity.did)) !== undefined
  if (before?.rev !== undefined && !cutOff) {
    try {
      return await transfer(input, before.rev)
    } catch (error) {
      const refused = error instanceof RepoError && ASK_FOR_ALL.has(error.code)
      const server = hasCode(error, 'pds.http') && typeof error.fields['status'] === 'number'
      if (!refused && !server) throw error
      input.work.report({ phase: 'connecting', bytes: 0, blocks: 0, records: 0 })
    }
  }
  return transfer(input, undefined)
}

/** One transfer, tried again while the network breaks it. */
async function transfer(input: Fetch, since: string | undefined): Promise<SnapshotRow | undefined> {
  const { host, network, identity, pds, before, facts, work } = input
  const { did } = identity
  let verdict: Verdict | undefined
  let unchanged = false
  const session = await openImport({
    storage: host.storage,
    did,
    sha256: host.sha256,
    random: host.random,
    now: host.clock.now(),
    source: 'pds',
    label: new URL(pds).host,
    partial: since !== undefined,
    ...(before === undefined ? {} : { base: before }),
    onCommit: async (commit) => {
      verdict = await judge({ commit, identity, fetchedFromCurrentPds: true, head: before, clock: host.clock })
      unchanged = commit.cid === before?.commitCid
    },
  })
  try {
    const snapshot = await withRetry(async (attempt) => {
      if (attempt > 1) session.restart()
      const stream = await getRepo(network, { pds, did, since, signal: work.signal })
      work.report({ phase: 'receiving', totalBytes: stream.totalBytes, attempt })
      await drain(session, stream.body, work)
      if (unchanged || verdict === undefined) return undefined
      work.report({ phase: 'saving', ...session.progress })
      const identityRow = identityOp(identity, host.sha256)
      return session.finish({
        ...verdict,
        identity: identityRow.key,
        now: host.clock.now(),
        repo: facts,
        ops: [identityRow.op],
      })
    }, { ...input.retrying, retriable: mayRetry })
    if (snapshot === undefined) {
      if (verdict === undefined) throw new RepoError('repo.no-root')
      await session.discard()
      await touch(host, did, facts)
    }
    return snapshot
  } catch (error) {
    await settle(session, error, since !== undefined)
    throw error
  }
}

/** What was proven stays for the next try, unless the sender's data itself was refused. */
async function settle(session: ImportSession, error: unknown, partial: boolean): Promise<void> {
  const keep = !partial && !(error instanceof RepoError)
  if (!keep) return session.discard()
  await session.suspend().catch(() => {})
}

/** A transfer that ends too early looks whole to the network layer at times. */
function mayRetry(error: unknown): boolean {
  if (hasCode(error, 'repo.car-truncated')) return true
  if (!(error instanceof PdsError)) return false
  if (error.code === 'pds.timeout' || error.code === 'pds.stalled' || error.code === 'pds.rate-limited') return true
  return (error.code === 'pds.network' || error.code === 'pds.http') && error.fields['retriable'] === true
}

export async function drain(session: ImportSession, body: ReadableStream<Uint8Array>, work: Work): Promise<void> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      work.check()
      await session.write(value)
      work.report(session.progress)
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
