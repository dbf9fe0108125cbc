import { PdsError } from '../pds/errors.ts'
import { createIdentityResolver, type Identity } from '../pds/identity.ts'
import { RepoError } from '../repo/errors.ts'
import type { RepoFacts } from '../storage/head.ts'
import { type ImportSession, openImport } from '../storage/importer.ts'
import { type Admission, admit, confirmHead } from './admit.ts'
import type { BackupResult } from './backup.ts'
import { isDamaged, mendedOps } from './damage.ts'
import { type Endpoints, type Host, networkOf } from './host.ts'
import { identityOp, identityOps, keptIdentity, newerIdentity, type OpenRepo, openRepo } from './kept.ts'
import { type HeadNews, makeAhead, newsOfHead } from './packs/news-of-head.ts'
import type { Work } from './work.ts'

/** Taking in needs no network: whoever cannot be asked within this time counts as not reachable, ms. */
const IDENTITY_PATIENCE = 6000

/** Bytes of a repo that nobody asked the account's own server for: of a file, a peer, a store, or its firehose. */
export interface TakeIn {
  readonly did: string
  readonly source: 'file' | 'peer' | 'pds'
  /** what a person knows it by: the file's name, the account's handle */
  readonly label: string
  readonly work: Work
  /** an identity that came with the bytes, its log verified; counts where the network says nothing newer */
  readonly identity?: Identity | undefined
  /** what the network says of the author, where it was asked before the bytes came: see {@link askIdentity} */
  readonly asked?: Promise<Identity | undefined> | undefined
  /** the bytes are only what changed since the kept head (a `since` answer) */
  readonly partial?: boolean
  /** the repo as it was opened for this, of which no import was cut off: the head moves if it is still so */
  readonly known?: OpenRepo
  /** it is little, and a part: it is proven while the repo's lock is asked for, and nothing is written before */
  readonly ahead?: boolean
  /** nothing of it is asked for again, so what a failed try stored goes at once; else it waits for the next try */
  readonly once?: boolean
  /** what the repo's row says from then on, beside what the identity says */
  readonly facts?: RepoFacts
  /** the bytes are all of the repo, whatever is here: what is damaged on this disk is mended by them */
  readonly mends?: boolean
  /** hands the bytes to the import, no faster than they are stored */
  readonly feed: (session: ImportSession) => Promise<void>
}

/**
 * Takes a repo in from somewhere that need not be trusted. The author is proven by the network's identity
 * documents when it is there, by those kept with an earlier snapshot, or by a verified log that came along,
 * whichever knows more; otherwise the tree is proven and the author stays unchecked, and says so.
 * Holds the repo's lock. `snapshot` is undefined when the bytes are those of the kept head.
 *
 * @param endpoints where the network is asked who the author is; nobody is without, unless it was `asked`
 * @throws RepoError what the bytes were refused for; StorageError; SyncError; what `feed` throws
 */
export async function takeIn(
  host: Host,
  endpoints: Endpoints | undefined,
  input: TakeIn,
): Promise<BackupResult> {
  const { did, work } = input
  const begin = (): Promise<Taken> => receive(host, endpoints, input)
  if (input.ahead !== true) return work.exclusively(did, async () => (await begin()).store())
  const taken = begin()
  taken.catch(() => {})
  return work.exclusively(did, async () => (await taken).store())
}

/** What came, and is yet to be stored. */
interface Taken {
  store(): Promise<BackupResult>
}

async function receive(host: Host, endpoints: Endpoints | undefined, input: TakeIn): Promise<Taken> {
  const { did, work } = input
  const repo = input.known ?? (await openRepo(host.storage, did))
  const before = repo?.head
  /** Of what is not on the disk as it was signed nothing is leaned on: all of it is stored anew. */
  const damaged = input.mends === true && before !== undefined && (await isDamaged(host.storage, did))
  // The key is made of the row: it need not be read to know that it is the same.
  const keptOne = async (it: Identity | undefined) =>
    it !== undefined && identityOp(it, host.sha256).key === before?.identity
      ? it
      : keptIdentity(host.storage, before, it)
  // Asked while the first bytes are on their way; nothing is taken in before it is known.
  const identified = identityOf(host, endpoints, keptOne, input)
  let isIdentified = true
  identified.catch(() => void (isIdentified = false))
  let admission: Admission | undefined
  const session = await openImport({
    storage: host.storage,
    did,
    sha256: host.sha256,
    random: host.random,
    now: host.clock.now(),
    source: input.source,
    label: input.label,
    partial: input.partial === true,
    ...(repo === undefined || before === undefined
      ? {}
      : { ...(damaged ? {} : { base: before }), known: { row: repo.row, head: before } }),
    ...(input.known === undefined ? {} : { fresh: true }),
    ...(host.lanes === undefined ? {} : { lanes: host.lanes }),
    onCommit: async (commit) => {
      const identity = await identified
      admission = await admit(host, { commit, identity, fetchedFromCurrentPds: false, head: before })
    },
  })
  const isKept = (): boolean => !damaged && before !== undefined && session.commit?.cid === before.commitCid
  /** What was there before this try goes on waiting. What changed is asked for anew, so it does not. */
  const leave = async (refused: boolean): Promise<void> => {
    const asksAgain = input.once === true || input.partial === true
    const waits = session.resumed || (isIdentified && !asksAgain && !refused && session.progress.blocks > 0)
    await (waits ? session.suspend() : session.discard())
  }
  const orLeave = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      const refused = error instanceof RepoError && error.code !== 'repo.car-truncated'
      await leave(refused).catch(() => {})
      throw error
    }
  }
  const store = async (): Promise<BackupResult> => {
    const identity = await identified
    if (before !== undefined && isKept()) {
      // Even the kept head is proven to its end: a file was opened to learn whether it is sound.
      if (input.once === true) await session.prove()
      await leave(true)
      if (identity !== undefined) await confirmHead(host, before, identity, false)
      return { did, snapshot: undefined, before }
    }
    const kept = identity === undefined ? undefined : identityOp(identity, host.sha256)
    let news: HeadNews | undefined
    const snapshot = await session.finish({
      // Without a commit there is no verdict, and `finish` says so before it looks at this one.
      signature: admission?.signature ?? 'unchecked',
      signedBy: admission?.signedBy,
      allowRollback: admission?.replaces ?? false,
      identity: kept?.key,
      now: host.clock.now(),
      onWriting(head) {
        news = newsOfHead(session, { sha256: host.sha256, before, head })
        // Word of what a peer had goes on later, if at all.
        if (input.source !== 'peer') void makeAhead(news)
      },
      repo: { ...factsOf(identity), ...input.facts },
      ops: [
        ...(kept === undefined ? [] : identityOps(kept, damaged ? undefined : before)),
        ...(damaged && before !== undefined ? mendedOps(before, session.commit?.cid) : []),
      ],
    })
    return { did, snapshot, before, news, now: session.now }
  }
  await orLeave(async () => {
    work.report({ phase: 'receiving' })
    await input.feed(session)
    await identified
    work.report({ phase: 'saving', ...session.progress })
    if (input.ahead === true && !isKept()) await session.prove()
  })
  return { store: () => orLeave(store) }
}

function factsOf(identity: Identity | undefined): RepoFacts {
  return {
    ...(identity?.handleVerified === true && identity.handle !== undefined
      ? { handle: identity.handle }
      : {}),
    ...(identity?.pds === undefined ? {} : { pds: identity.pds }),
  }
}

/**
 * By the network, by what is kept and by what came along, whichever knows more; undefined when none knows.
 *
 * @param keptOne gives what is kept, when told of the network's word, which may be the same
 */
export async function identityOf(
  host: Host,
  endpoints: Endpoints | undefined,
  keptOne: (fetched: Identity | undefined) => Promise<Identity | undefined>,
  { did, identity: handed, asked, work }: Pick<TakeIn, 'did' | 'identity' | 'asked' | 'work'>,
): Promise<Identity | undefined> {
  const fetched = await (asked ?? (endpoints && askIdentity(host, endpoints, did, work)))
  const kept = await keptOne(fetched)
  const known = handed === undefined ? kept : await newerIdentity(handed, kept)
  return fetched === undefined ? known : newerIdentity(fetched, known)
}

/**
 * Asks the network who an account is; undefined when it cannot be reached.
 *
 * @throws PdsError `pds.plc-log-invalid`, `pds.did-mismatch`; SyncError `sync.cancelled`
 */
export async function askIdentity(
  host: Host,
  endpoints: Endpoints,
  did: string,
  work: Work,
): Promise<Identity | undefined> {
  const patience = new AbortController()
  const stop = host.timers.after(IDENTITY_PATIENCE, () => patience.abort())
  const resolver = createIdentityResolver({ ...networkOf(host, endpoints), endpoints })
  try {
    return await resolver.resolve(did, { signal: AbortSignal.any([patience.signal, work.signal]) })
  } catch (error) {
    work.check()
    // Not reachable is no verdict; a log or document that contradicts itself is.
    if (
      error instanceof PdsError &&
      error.code !== 'pds.plc-log-invalid' &&
      error.code !== 'pds.did-mismatch'
    )
      return undefined
    throw error
  } finally {
    stop()
  }
}
