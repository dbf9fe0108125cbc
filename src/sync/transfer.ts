import type { ChunkReader } from '../core/chunk-reader.ts'
import { hasCode } from '../core/errors.ts'
import { isRetriable, PdsError } from '../pds/errors.ts'
import type { Identity } from '../pds/identity.ts'
import { getRepo } from '../pds/repo.ts'
import { type RetryOptions, withRetry } from '../pds/retry.ts'
import { RepoError } from '../repo/errors.ts'
import type { KnownHead, RepoFacts } from '../storage/head.ts'
import { type ImportSession, openImport } from '../storage/importer.ts'
import type { SnapshotRow } from '../storage/rows.ts'
import { type Admission, admit, confirmHead } from './admit.ts'
import { mendedOps, noteDamage } from './damage.ts'
import type { Host, networkOf } from './host.ts'
import { identityOp, identityOps } from './kept.ts'
import { type HeadNews, makeAhead, newsOfHead } from './packs/news-of-head.ts'
import { noteFacts } from './upstream.ts'
import type { Work } from './work.ts'

/** One repo to be fetched from the PDS that its identity names. */
export interface Transfer {
  readonly host: Host
  readonly network: ReturnType<typeof networkOf>
  readonly identity: Identity
  /** what a person knows the account by */
  readonly label: string
  readonly pds: string
  /** the kept head */
  readonly before: SnapshotRow | undefined
  /** not all of it is on the disk as it was signed: everything is taken anew */
  readonly damaged: boolean
  readonly facts: RepoFacts
  readonly work: Work
  readonly retrying: RetryOptions
  readonly replaceFutureHead: boolean
}

/** What a transfer brought. */
export interface Transferred {
  /** undefined when the server has nothing but the kept head */
  readonly snapshot: SnapshotRow | undefined
  /** what leads to it from the kept head, where that is little and at hand */
  readonly news?: HeadNews | undefined
  readonly now?: KnownHead | undefined
}

/**
 * One transfer, whole or since a rev, tried again while the network breaks it; no block is stored twice.
 */
export async function transfer(input: Transfer, since: string | undefined): Promise<Transferred> {
  const { host, network, identity, pds, before, damaged, facts, work, replaceFutureHead } = input
  const { did } = identity
  const partial = since !== undefined
  let admission: Admission | undefined
  let news: HeadNews | undefined
  /** What is kept is damaged: the next try leans on nothing of it. Told is what brought us here, not a second error. */
  const stumbled = async (error: unknown): Promise<void> => {
    if (before !== undefined) await noteDamage(host.storage, before, error).catch(() => {})
  }
  const session = await openImport({
    storage: host.storage,
    did,
    sha256: host.sha256,
    random: host.random,
    now: host.clock.now(),
    source: 'pds',
    label: input.label,
    partial,
    ...(before === undefined || damaged ? {} : { base: before }),
    ...(host.lanes === undefined ? {} : { lanes: host.lanes }),
    onCommit: async (commit) => {
      admission = await admit(host, {
        commit,
        identity,
        fetchedFromCurrentPds: true,
        head: before,
        replaceFutureHead,
      })
    },
  }).catch(async (error: unknown) => {
    // Nothing has come yet: what it stumbled over is what is kept.
    await stumbled(error)
    throw error
  })
  const attempt = async (count: number): Promise<SnapshotRow | undefined> => {
    if (count > 1) session.restart()
    const stream = await getRepo(network, { pds, did, since, signal: work.signal })
    work.report({ phase: 'receiving', totalBytes: stream.totalBytes, attempt: count })
    await drain(session, stream.body, work)
    const isKept = before !== undefined && session.commit?.cid === before.commitCid
    if (isKept && !damaged) return undefined
    work.report({ phase: 'saving', ...session.progress })
    const kept = identityOp(identity, host.sha256)
    return session.finish({
      // Without a commit there is no verdict, and `finish` says so before it looks at this one.
      signature: admission?.signature ?? 'unchecked',
      signedBy: admission?.signedBy,
      allowRollback: admission?.replaces ?? false,
      identity: kept.key,
      now: host.clock.now(),
      repo: facts,
      onWriting(head) {
        news = newsOfHead(session, { sha256: host.sha256, before, head })
        void makeAhead(news)
      },
      ops: [
        ...identityOps(kept, damaged ? undefined : before),
        ...(before !== undefined && damaged ? mendedOps(before, session.commit?.cid) : []),
      ],
    })
  }
  try {
    const snapshot = await withRetry(attempt, {
      ...input.retrying,
      retriable: partial ? mayRetryPartial : mayRetry,
    })
    if (snapshot === undefined && before !== undefined) {
      await session.discard()
      await confirmHead(host, before, identity, true)
      await noteFacts(host, did, facts)
    }
    return { snapshot, news, now: session.now }
  } catch (error) {
    // Whatever a server sends, this is of the disk.
    if (hasCode(error, 'storage.segment-gone')) await stumbled(error)
    await settle(session, error, partial)
    throw error
  }
}

/** What arrived stays for the next try, unless the sender's data itself was refused. */
async function settle(session: ImportSession, error: unknown, partial: boolean): Promise<void> {
  const refused = error instanceof RepoError && error.code !== 'repo.car-truncated'
  const something = session.resumed || session.progress.blocks > 0
  // What failed is told by the error that brought us here, not by a second one of the same disk.
  await (partial || refused || !something ? session.discard() : session.suspend()).catch(() => {})
}

/** A transfer that ends too early looks whole to the network layer at times. */
function mayRetry(error: unknown): boolean {
  return hasCode(error, 'repo.car-truncated') || (error instanceof PdsError && isRetriable(error))
}

/** A server that fails at a `since` may do so every time; there is the whole repo to ask for. */
function mayRetryPartial(error: unknown): boolean {
  return isRetriable(error) && !hasCode(error, 'pds.http')
}

/** Hands a CAR to the import, no faster than it is stored. */
export async function drain(session: ImportSession, body: ChunkReader, work: Work): Promise<void> {
  try {
    for (;;) {
      const chunk = await body.read()
      if (chunk === undefined) return
      work.check()
      await session.write(chunk)
      work.report(session.progress)
    }
  } finally {
    await body.cancel().catch(() => {})
  }
}
