import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { createDigest, fillEach, type Sha256 } from '../../core/hash.ts'
import { GENESIS_ROOT } from '../../pack/chain.ts'
import type { Subscription } from '../../pack/model.ts'
import type { Identity } from '../../pds/identity.ts'
import { buildCar } from '../../repo/car/writer.ts'
import { RepoError } from '../../repo/errors.ts'
import { lookUpPaths } from '../../storage/change-told.ts'
import { StorageError } from '../../storage/errors.ts'
import type { EarlyChange, ImportSession } from '../../storage/import-session.ts'
import { frameTold } from '../../storage/told-frames.ts'
import type { BackupResult } from '../backup.ts'
import { SyncError } from '../errors.ts'
import type { Endpoints, Host } from '../host.ts'
import { type OpenRepo, openRepo } from '../kept.ts'
import { takeIn } from '../take-in.ts'
import type { Work } from '../work.ts'
import type { PullAsk } from './model.ts'
import { readList, type ToldChanges } from './read-list.ts'

/**
 * So many paths are looked up in the kept tree while it is still asked whose the commit is. More are not, before
 * that is known: a stranger may not have thousands of nodes read.
 */
const EARLY = 1000

export interface TakeList {
  /** what was asked for, as `askFor` made it */
  readonly ask: PullAsk
  /** the repo as it was opened for the ask, of which no import was cut off; looked up when absent */
  readonly repo?: OpenRepo
  /** what the peer answered */
  readonly subscription: Subscription
  readonly peer: string
  readonly work: Work
  /** what a person knows the repo by */
  readonly label: string
  /** an identity that came along, its log verified; counts where the network says nothing newer */
  readonly identity?: Identity | undefined
  /** what the network says of the author, where it was asked already */
  readonly asked?: Promise<Identity | undefined>
}

/**
 * Takes in what a peer says has changed since the head that is kept: the changes are applied to the kept tree, and
 * its new root has to be the signed one. Then the head moves, and the chain of lists with it.
 *
 * @param endpoints where the network is asked who the author is, unless it was `asked`
 * @throws SyncError with `peer`: `sync.peer-lacks`, `sync.unlisted`, `sync.peer-behind`, `sync.bad-pack`; without:
 * `sync.not-kept`, `sync.busy`. RepoError with `peer` for what was proven wrong. StorageError; `storage.conflict`
 * (`table`: `repos` when the head moved since it was asked about, `imports` when an import that was cut off has to
 * end first). In every case the head is where it was, and nothing is left behind.
 */
export async function takeList(
  host: Host,
  endpoints: Endpoints | undefined,
  input: TakeList,
): Promise<BackupResult> {
  const { ask, peer, work, label, identity, asked } = input
  const { id: did } = ask
  try {
    const [repo, cutOff] =
      input.repo === undefined
        ? await Promise.all([openRepo(host.storage, did), host.storage.get('imports', did)])
        : [input.repo]
    const head = repo?.head
    if (repo === undefined || head === undefined) throw new SyncError('sync.not-kept', { did })
    if (ask.held !== undefined && head.commitCid !== ask.held.commit) throw conflict('repos', did)
    if (cutOff !== undefined) throw conflict('imports', did)
    const told = readList(input.subscription, {
      ask,
      root: ask.verifiedRoot ?? GENESIS_ROOT,
      peer,
      sha256: host.sha256,
      digest: createDigest(host.sha256, host.digestAside),
      ...(host.lanes === undefined ? {} : { weave: host.lanes.weave }),
    })
    const commit = cidString(CODEC_DAG_CBOR, host.sha256(told.commit))
    if (commit === head.commitCid) throw new SyncError('sync.bad-pack', { peer, did, reason: 'not-newer' })
    const early = told.changes.length <= EARLY
    const found = early ? lookUpPaths(host.storage, head, told.changes, repo.row.top) : undefined
    const chained = told.proveChain()
    // Of more, beside the look-up.
    const framed = early ? frameTold(told.changes, host.lanes?.fill ?? fillEach(host.sha256)) : undefined
    // The import hears of their failure; one that ends before it gets there has no use for them.
    for (const it of [found, framed, chained]) it?.catch(() => {})
    return await takeIn(host, endpoints, {
      did,
      source: 'peer',
      label,
      work,
      identity,
      asked,
      partial: true,
      ...(input.repo === undefined ? {} : { known: input.repo, ahead: isLittle(told) }),
      facts: { chain: { root: told.chainRoot, commit } },
      async feed(session) {
        if (session.resumed) throw conflict('imports', did)
        if (session.base?.commitCid !== head.commitCid) throw conflict('repos', did)
        await feedList(session, { ...told, chained }, { found, framed }, host.sha256, work)
      },
    })
  } catch (error) {
    if (error instanceof RepoError && error.fields['peer'] === undefined)
      throw new RepoError(error.code, { ...error.fields, peer }, { cause: error })
    throw error
  }
}

/** So much is held in memory, and goes to the disk with the head. */
const LITTLE = 256 * 1024

function isLittle({ changes }: ToldChanges): boolean {
  let size = 0
  for (const { record } of changes) size += record?.length ?? 0
  return changes.length <= EARLY && size <= LITTLE
}

const conflict = (table: 'repos' | 'imports', did: string): StorageError =>
  new StorageError('storage.conflict', { table, key: did })

/** The list as the import takes it: the commit as a CAR of its own, then what changed. */
async function feedList(
  session: ImportSession,
  { commit, changes, chained }: ToldChanges & { readonly chained: Promise<void> },
  early: EarlyChange,
  sha256: Sha256,
  work: Pick<Work, 'check' | 'report'>,
): Promise<void> {
  const digest = sha256(commit)
  // The commit first: whose it is decides whether anything else is taken.
  await session.write(buildCar([digest], [{ codec: CODEC_DAG_CBOR, digest, data: commit }]))
  try {
    await session.change(changes, early, () => {
      work.check()
      work.report(session.progress)
    })
  } finally {
    // Its hash is made on another thread meanwhile. Where both fail, this is what is said.
    await chained
  }
}
