import { CODEC_DAG_CBOR } from '../../core/cid.ts'
import type { Identity } from '../../pds/identity.ts'
import { buildCar } from '../../repo/car/writer.ts'
import { lookUpPaths } from '../../storage/change-told.ts'
import { StorageError } from '../../storage/errors.ts'
import type { BackupResult } from '../backup.ts'
import { SyncError } from '../errors.ts'
import type { Endpoints, Host } from '../host.ts'
import { openRepo } from '../kept.ts'
import { takeIn } from '../take-in.ts'
import type { Work } from '../work.ts'
import { changesAfter } from './chains.ts'
import type { ToldCommit } from './told-commit.ts'

export interface TakeTold {
  readonly did: string
  /** each follows on the one before; see `chains.ts` */
  readonly chain: readonly ToldCommit[]
  readonly work: Work
  /** what a person knows the repo by */
  readonly label: string
  /** who the account is by the network's present word */
  readonly identity: Identity
}

/**
 * Takes in commits that an account's own server told of, without asking it for anything: the changes are applied to
 * the kept tree, and its new root has to be the one that the last commit signs. Only then does the head move, once.
 *
 * @throws SyncError `sync.not-kept`, `sync.unlisted` (the chain does not start at the kept head); RepoError for what
 * was proven wrong; StorageError. In every case the head is where it was, and nothing is left behind.
 */
export async function takeTold(host: Host, endpoints: Endpoints, input: TakeTold): Promise<BackupResult> {
  const { did, chain, work, label, identity } = input
  const [repo, cutOff] = await Promise.all([openRepo(host.storage, did), host.storage.get('imports', did)])
  const head = repo?.head
  if (repo === undefined || head === undefined) throw new SyncError('sync.not-kept', { did })
  if (cutOff !== undefined) throw new StorageError('storage.conflict', { table: 'imports', key: did })
  const newest = chain.at(-1)
  if (newest === undefined || (head.rev !== undefined && head.rev >= newest.rev))
    return { did, snapshot: undefined, before: head }
  const told = changesAfter(chain, head.data)
  if (told === undefined) throw new SyncError('sync.unlisted', { peer: undefined, did })
  const found = lookUpPaths(host.storage, head, told.changes, repo.row.top)
  // The import hears of its failure; one that ends before it gets there has no use for it.
  found.catch(() => {})
  return takeIn(host, endpoints, {
    did,
    source: 'pds',
    label,
    work,
    asked: Promise.resolve(identity),
    partial: true,
    facts: { upstream: 'active', upstreamCheckedAt: host.clock.now() },
    async feed(session) {
      if (session.resumed) throw new StorageError('storage.conflict', { table: 'imports', key: did })
      if (session.base?.commitCid !== head.commitCid)
        throw new StorageError('storage.conflict', { table: 'repos', key: did })
      const digest = host.sha256(told.last.commit)
      await session.write(buildCar([digest], [{ codec: CODEC_DAG_CBOR, digest, data: told.last.commit }]))
      await session.change(told.changes, { found }, () => work.check())
    },
  })
}
