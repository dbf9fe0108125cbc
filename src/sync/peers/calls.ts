import { isTid } from '../../core/tid.ts'
import { hasCode } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import type { Net } from '../../net/net.ts'
import { RepoError } from '../../repo/errors.ts'
import { StorageError } from '../../storage/errors.ts'
import type { BackupResult } from '../backup.ts'
import { isDamaged, noteDamage } from '../damage.ts'
import { headOf, type OpenRepo, openRepo, repoRow } from '../kept.ts'
import type { Endpoints, Host } from '../host.ts'
import { openPages } from '../pages/client.ts'
import { pullBlobs } from '../pages/pull-blobs.ts'
import { pullCollection } from '../pages/pull-collection.ts'
import { pullDifference } from '../pages/pull-difference.ts'
import { type Pull, pullPages } from '../pages/pull-pages.ts'
import { type OnOut, pageSource } from '../pages/sources.ts'
import { askFor, askOf } from '../packs/ask.ts'
import { takeList } from '../packs/take-list.ts'
import type { PackDesks } from './pack-desks.ts'
import { pullHttp } from './pull-http.ts'
import { pullRepoSync } from '../repo-sync/pull.ts'
import { createIdentities, type Identities } from '../follow/identities.ts'
import type { Work } from '../work.ts'
import { attemptOf, blamed } from './setbacks.ts'
import type { Attempt, Candidate, PeerCalls, Rung, Way } from './model.ts'
import { createSentLists } from './take-sent.ts'

/**
 * What a difference could not do and a whole copy may: the snapshot it started from is in doubt or damaged,
 * too old, or too far away to compare in memory.
 */
const NO_DIFFERENCE: ReadonlySet<string> = new Set([
  'repo.root-mismatch',
  'repo.node-missing',
  'repo.record-missing',
  'storage.corrupt',
  'storage.segment-gone',
  'net.limit',
])

/** Trouble of this device's own, whatever the way. */
const OURS: ReadonlySet<string> = new Set([
  'sync.cancelled',
  'sync.busy',
  'sync.not-kept',
  'storage.quota',
  'storage.gone',
  'storage.blocked',
  'storage.failed',
  'storage.version-ahead',
])

/** What is said of whose a kept commit is, and not of the bytes. */
const VERDICTS: ReadonlySet<string> = new Set([
  'repo.bad-signature',
  'repo.high-s',
  'repo.key-unsupported',
  'repo.past-key',
  'repo.rev-future',
  'repo.rev-rollback',
  'repo.equivocation',
])

export interface PeerCallsOptions {
  readonly host: Host
  readonly endpoints: () => Promise<Endpoints>
  readonly net: Net
  /** where lists of changes are asked for; without it none are */
  readonly packs?: PackDesks
  readonly lookup: PeerCalls['lookup']
  /** whose word on authors counts for commits that come as lists; one of its own when absent */
  readonly identities?: Identities
  /** bytes of tree nodes that a difference may hold in memory */
  readonly nodeBytes?: number
  /** web address of a store that is within reach */
  readonly storeUrl?: (peer: string) => string | undefined
}

/**
 * The ladder by which a repo comes from peers. When a head is kept: a list of what changed since, from who once had
 * that head; else by comparing both trees, from who speaks our pages. Else whole, from a store by plain HTTP; else page by page, over from one peer to the next; else the one
 * stream that any p2pds node speaks.
 */
export function createPeerCalls(options: PeerCallsOptions): PeerCalls {
  const { host, endpoints, net, packs, lookup } = options
  const identities = options.identities ?? createIdentities(host, endpoints)
  const sentLists = createSentLists(host, identities)
  const open = (candidate: Candidate, signal: AbortSignal) =>
    openPages(net, candidate.peer, { addresses: candidate.addresses, signal, timers: host.timers })
  const sourcesOf = (candidates: readonly Candidate[]) => candidates.map((it) => pageSource(net, host, it))
  const labelOf = async (did: string): Promise<string> => (await repoRow(host.storage, did))?.handle ?? did

  const repoSync = async ({ peer, addresses }: Candidate, pull: Pull): Promise<BackupResult> => {
    const { did, label, work } = pull
    try {
      return await pullRepoSync(host, await endpoints(), net, { did, peer, addresses, label, work })
    } catch (error) {
      // One stream of one peer: what is wrong with the repo is its doing.
      if (!(error instanceof RepoError) || blamed(error) !== undefined) throw error
      throw new RepoError(error.code, { ...error.fields, peer }, { cause: error })
    }
  }

  /** Undefined when a list could not be had, or did not lead to the head that is signed. */
  const byList = async (
    candidate: Candidate,
    { did, label, work }: Pull,
    repo: OpenRepo,
    failed: (error: unknown) => void,
  ): Promise<BackupResult | undefined> => {
    const { peer } = candidate
    try {
      work.report({ phase: 'connecting', did })
      const ask = askOf(did, repo)
      if (packs === undefined || ask.held === undefined) return undefined
      const pulled = packs.pull(candidate, ask, work.signal)
      // One edit of many is a list of one: who the author is, is asked while it is on its way, and once for a burst.
      const asked = identities.of(did, work)
      asked.catch(() => {})
      const subscription = await pulled
      return await takeList(host, await endpoints(), { ask, repo, subscription, peer, work, label, asked })
    } catch (error) {
      work.check()
      if (isOneOf(error, OURS)) throw error
      // It is as it should be: who has nothing newer has nothing to compare.
      if (hasCode(error, 'sync.peer-behind'))
        return { did, snapshot: undefined, before: await headOf(host.storage, did) }
      failed(error)
      // A key that is new is unknown to what is remembered.
      identities.forget(did)
      work.report({ phase: 'connecting', bytes: 0, blocks: 0, records: 0 })
      return undefined
    }
  }

  const wayOf = (rung: Rung, peer: string): Pick<Way, 'peer' | 'rung' | 'url'> => {
    const url = options.storeUrl?.(peer)
    return { peer, rung, ...(url === undefined ? {} : { url }) }
  }

  return {
    async heads(candidate, dids, signal) {
      const client = await open(candidate, signal)
      try {
        const heads = await client.heads(dids)
        return heads.flatMap(({ did, rev, commit, partial = false, collections = [] }) =>
          isRev(rev)
            ? [
                {
                  did,
                  rev,
                  commit,
                  partial,
                  ...(partial
                    ? {
                        collections: collections.flatMap((it) =>
                          isRev(it.rev) ? [{ nsid: it.nsid, rev: it.rev }] : [],
                        ),
                      }
                    : {}),
                },
              ]
            : [],
        )
      } finally {
        await client.close()
      }
    },
    async foresee(candidate, dids, rev) {
      const asks = await Promise.all(dids.map((did) => askFor(host.storage, did)))
      const some = asks.filter(({ held }) => held !== undefined && (rev === undefined || held.rev < rev))
      if (some.length > 0) packs?.foresee(candidate, some)
    },
    readSent: ({ peer }, did, list) => sentLists.read(peer, did, list),
    moved: (now) => sentLists.moved(now),
    async takeSent(ready, work) {
      const { ask, peer } = ready
      try {
        const result = await sentLists.take(ready, work)
        return { ...result, way: { ...wayOf('pack', peer), resumed: false, tried: [] } }
      } catch (error) {
        // A key that is new is unknown to what is remembered.
        identities.forget(ask.id)
        throw error
      }
    },
    async pull(candidates, did, work, onOut) {
      const [first] = candidates
      if (first === undefined) throw new RangeError('nobody to pull from')
      const [repo, waiting, damaged] = await Promise.all([
        openRepo(host.storage, did),
        host.storage.get('imports', did),
        isDamaged(host.storage, did),
      ])
      const cutOff = waiting !== undefined
      const tried: Attempt[] = []
      const failed = (rung: Rung, error: unknown): void =>
        void tried.push(attemptOf(rung, blamed(error), error))
      const done = (result: BackupResult, rung: Rung, from: string) => ({
        result,
        way: { ...wayOf(rung, from), resumed: cutOff, tried },
      })
      let rung: Rung = 'pages'
      const pull: Pull = {
        ...{ did, work, label: repo?.row.handle ?? did, sources: sourcesOf(candidates) },
        ...optional(onOut),
        ...(options.nodeBytes === undefined ? {} : { nodeBytes: options.nodeBytes }),
      }
      try {
        if (!cutOff && !damaged && repo?.head !== undefined) {
          const listed = await byList(first, pull, repo, (error) =>
            tried.push(attemptOf('pack', first.peer, error)),
          )
          if (listed !== undefined) return done(listed, 'pack', first.peer)
          rung = 'difference'
          try {
            const { from, ...result } = await pullDifference(host, await endpoints(), pull)
            return done(result, 'difference', from)
          } catch (error) {
            if (!isOneOf(error, NO_DIFFERENCE)) throw error
            failed('difference', error)
            work.report({ phase: 'connecting', bytes: 0, blocks: 0, records: 0 })
          }
        }
        const url = first.kind === 'store' && !cutOff ? options.storeUrl?.(first.peer) : undefined
        const [source] = pull.sources
        if (url !== undefined && source !== undefined && (await headOf(host.storage, did)) === undefined) {
          try {
            return done(await pullHttp(host, await endpoints(), pull, { source, url }), 'http', first.peer)
          } catch (error) {
            // What is wrong with the bytes is wrong by any way; a broken line is not.
            if (!(error instanceof NetError) && !hasCode(error, 'repo.car-truncated')) throw error
            failed('http', error)
          }
        }
        rung = 'pages'
        const { from, ...result } = await pullPages(host, await endpoints(), pull)
        return done(result, 'pages', from)
      } catch (error) {
        // An import begins by reading what is kept: what no peer sent is damaged here.
        if (error instanceof RepoError && blamed(error) === undefined && !VERDICTS.has(error.code)) {
          if (repo?.head !== undefined) await noteDamage(host.storage, repo.head, error)
          throw new StorageError('storage.corrupt', { did }, { cause: error })
        }
        if (!hasCode(error, 'net.unsupported')) throw error
        failed(rung, error)
        return done(await repoSync(first, pull), 'repo-sync', first.peer)
      }
    },
    async collection(candidates, did, collection, work: Work, onOut) {
      const pull = { did, collection, work, label: await labelOf(did), sources: sourcesOf(candidates) }
      let from = ''
      const onFrom = (peer: string): void => void (from = peer)
      const row = await pullCollection(host, await endpoints(), { ...pull, ...optional(onOut), onFrom })
      return { row, way: { ...wayOf('pages', from), resumed: false, tried: [] } }
    },
    async blobs(candidates, did, work, onOut) {
      const from = new Set<string>()
      const onFrom = (peer: string): void => void from.add(peer)
      const sources = sourcesOf(candidates)
      const counts = await pullBlobs(host, { did, work, sources, ...optional(onOut), onFrom })
      return { ...counts, from: [...from] }
    },
    lookup,
    connected: (peer) => net.connections().some((it) => it.peer === peer),
    direct: (peer) => net.connections().some((it) => it.peer === peer && it.path === 'direct'),
  }
}

const optional = (onOut: OnOut | undefined) => (onOut === undefined ? {} : { onOut })

/** What is no rev can be compared with none. */
const isRev = (rev: string | undefined): rev is string => rev !== undefined && isTid(rev)

const isOneOf = (error: unknown, codes: ReadonlySet<string>): boolean =>
  error instanceof Error && 'code' in error && codes.has(String(error.code))
