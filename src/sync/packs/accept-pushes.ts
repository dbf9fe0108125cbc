import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { CairnError, hasCode } from '../../core/errors.ts'
import { compareRev } from '../../core/tid.ts'
import { integrityOf } from '../../pack/chain.ts'
import type { PackCommit, PushedCommit, Subscription } from '../../pack/model.ts'
import { type Commit, parseCommit } from '../../repo/commit.ts'
import { RepoError } from '../../repo/errors.ts'
import { verifySignature } from '../../repo/signature.ts'
import { changesRows } from '../../storage/changes.ts'
import { StorageError } from '../../storage/errors.ts'
import type { SignedCommit } from '../../storage/importer.ts'
import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { admit } from '../admit.ts'
import { SyncError } from '../errors.ts'
import type { Endpoints, Host } from '../host.ts'
import { keptIdentity, openRepo, snapshotsOf } from '../kept.ts'
import { exclusively, type Work } from '../work.ts'
import { answerPushes } from './answer-pushes.ts'
import { askFor, chainOf } from './ask.ts'
import { cursorOf, timeOf } from './cursor.ts'
import { createLimit } from './limit.ts'
import { type Caller, PARTITION, type PackSource, type PushAsk } from './model.ts'
import { type PushErrorCode, rejected, taken } from './push-results.ts'
import { createPushRows } from './push-rows.ts'
import type { PushedChanges } from './push.ts'
import { takeList } from './take-list.ts'

/** Pushes at work at once, and waiting. */
const AT_ONCE = 2
const WAITING = 32
/** Those whose signature the kept head's key does not explain: each asks the network for the author's keys. */
const STRANGE_WAITING = 4
/** A head can move under a push; not this often. */
const ROUNDS = 3

export interface AcceptPushesOptions {
  readonly host: Host
  readonly endpoints: Endpoints
  /** Whether someone may push to a repo; anyone may to every one that is kept when absent: a commit proves itself. */
  readonly mayPush?: (caller: Caller, did: string) => boolean | Promise<boolean>
  /** ends what is at work */
  readonly signal?: AbortSignal
  /** a head moved */
  readonly onTaken?: (did: string) => void
  readonly onFailure?: (event: string, error: unknown) => void
}

/** The same source, which takes pushed commits of the repos that are kept: each is proven as if it had been pulled. */
export function acceptPushes(source: PackSource, options: AcceptPushesOptions): PackSource {
  const { host, endpoints, onFailure = () => {}, signal = new AbortController().signal } = options
  const { storage, sha256 } = host
  const rows = createPushRows(storage, sha256, host.clock)
  const known = createLimit(AT_ONCE, WAITING)
  const strange = createLimit(1, STRANGE_WAITING)
  const work: Work = {
    signal,
    report: () => {},
    onWait: () => {},
    check() {
      if (signal.aborted) throw new SyncError('sync.cancelled')
    },
    exclusively: (did, run) => exclusively(storage, did, run, signal),
  }

  const take = async (judged: SnapshotRow, pushed: PushedChanges, caller: Caller): Promise<void> => {
    const { did } = judged
    const ask = await askFor(storage, did)
    const repo = await openRepo(storage, did)
    const head = repo?.head
    if (repo === undefined || head === undefined) throw new SyncError('sync.not-kept', { did })
    if (head.commitCid !== judged.commitCid)
      throw new StorageError('storage.conflict', { table: 'repos', key: did })
    const subscription = listOf(pushed, chainOf(repo.row, head))
    const label = repo.row.handle ?? did
    await takeList(host, endpoints, { ask, subscription, peer: caller.peer ?? '', work, label })
  }

  const listOf = ({ repo: did, commit, changes }: PushedChanges, root: string): Subscription => {
    const cursor = cursorOf(parseCommit(commit).rev)
    if (cursor === undefined) throw new RepoError('repo.rev-malformed')
    const listed: PackCommit = { commitSeq: cursor, createdAt: timeOf(cursor), actorId: did, changes }
    const integrity = integrityOf([listed], { partitionId: PARTITION, subscriptionId: did }, sha256, root)
    return {
      id: did,
      status: 'active',
      scopes: { repo: did },
      bootstrap: false,
      nextCursor: cursor,
      ...(integrity === undefined ? {} : { integrity }),
      commits: [listed],
    }
  }

  /** Looks at the commit beside the kept head, before anything of the records. */
  const judgeHead = async (
    { repo: did, base }: PushedChanges,
    commit: SignedCommit,
  ): Promise<SnapshotRow | 'cached' | PushErrorCode> => {
    const { cid } = commit
    const head = (await openRepo(storage, did))?.head
    if (head === undefined) return 'sync.not_kept'
    if (head.commitCid === cid) return 'cached'
    const order = compareRev(commit.commit.rev ?? '', head.rev ?? '')
    if (order < 0) return (await wasHead(storage, did, cid)) ? 'cached' : 'sync.stale_rev'
    if (order === 0) {
      // Throws: two commits of one rev. When both are proven, both are kept as evidence.
      const identity = await keptIdentity(storage, head)
      await admit(host, { commit, identity, fetchedFromCurrentPds: false, head })
    }
    if (head.commitCid !== base.commit) return 'sync.base_missing'
    return head
  }

  const attempt = async (ask: PushAsk, pushed: PushedChanges, caller: Caller): Promise<PushedCommit> => {
    const did = pushed.repo
    const commit = parseCommit(pushed.commit)
    const digest = sha256(pushed.commit)
    const cid = cidString(CODEC_DAG_CBOR, digest)
    const signed: SignedCommit = { commit, bytes: pushed.commit, cid, digest }
    const commitSeq = cursorOf(commit.rev)
    if (commit.did !== did || commitSeq === undefined) return rejected(ask, 'sync.invalid_request')
    for (let round = 1; ; round++) {
      const found = await judgeHead(pushed, signed)
      if (found === 'cached') return taken(ask, 'cached', commitSeq)
      if (typeof found === 'string') return rejected(ask, found)
      const limit = (await isSignedBy(found, commit)) ? known : strange
      const mine = limit.run(() => take(found, pushed, caller))
      if (mine === undefined) return rejected(ask, 'runtime.busy')
      try {
        await mine
        options.onTaken?.(did)
        return taken(ask, 'applied', commitSeq)
      } catch (error) {
        const moved = hasCode(error, 'storage.conflict') && error.fields['table'] === 'repos'
        if (!moved || round === ROUNDS) throw error
      }
    }
  }

  return answerPushes(
    source,
    rows,
    {
      async mayPush(did, caller) {
        if ((await openRepo(storage, did))?.head === undefined) return 'sync.not_kept'
        const may = options.mayPush === undefined || (await options.mayPush(caller, did))
        return may ? undefined : 'sync.forbidden'
      },
      take: attempt,
      codeOf: pushCodeOf,
    },
    onFailure,
  )
}

async function isSignedBy({ signedBy }: SnapshotRow, { sig, unsigned }: Commit): Promise<boolean> {
  return signedBy !== undefined && (await verifySignature(signedBy, sig, unsigned)) === 'valid'
}

/** Whether a commit was the head of a kept repo: what was taken, and then replaced, was taken. */
export async function wasHead(storage: Storage, did: string, cid: string): Promise<boolean> {
  return (
    (await snapshotsOf(storage, did)).some((it) => it.commitCid === cid) ||
    (await changesRows(storage, did)).some((it) => it.commit === cid)
  )
}

/** What a commit was refused for, in the words of an answer. */
export function pushCodeOf(error: unknown): PushErrorCode {
  if (!(error instanceof CairnError)) return 'runtime.internal'
  switch (error.code) {
    case 'repo.rev-rollback':
      return 'sync.stale_rev'
    case 'repo.equivocation':
      return 'sync.equivocation'
    case 'repo.rev-future':
      return 'sync.rev_ahead'
    case 'store.unproven':
      return 'sync.unproven'
    case 'store.full':
    case 'store.quota':
    case 'storage.quota':
      return 'runtime.limit_exceeded'
    case 'sync.not-kept':
      return 'sync.not_kept'
    case 'sync.bad-pack':
      return 'sync.invalid_request'
    case 'sync.busy':
    case 'storage.conflict':
      return 'runtime.busy'
    case 'repo.bad-signature':
      return error.fields['reason'] === 'no-key' ? 'sync.unproven' : 'sync.integrity_rejected'
    default:
      return error instanceof RepoError ? 'sync.integrity_rejected' : 'runtime.internal'
  }
}
