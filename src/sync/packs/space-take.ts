import { GENESIS_ROOT } from '../../pack/chain.ts'
import { hasCode } from '../../core/errors.ts'
import { fromHex } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import { PackError } from '../../pack/errors.ts'
import type { Snapshot, Subscription } from '../../pack/model.ts'
import { SpaceError } from '../../repo/space/errors.ts'
import type { SpaceHeadRow, SpaceTakeRow } from '../../storage/space/rows.ts'
import type { Purged } from '../../storage/space/purge.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import { cursorOf, NO_CURSOR } from './cursor.ts'
import type { PullAsk } from './model.ts'
import type { Gzip } from './space-gzip.ts'
import { isScope, readSpaceList } from './space-list.ts'
import { formatState, parseState, type SpaceState } from './space-state.ts'
import { fetchPage } from './space-take-page.ts'
import { SPACE_TABLES } from './space-table.ts'

/** A peer or store that space repos are taken from. */
export interface SpaceGiver {
  readonly peer: string
  /** the bytes of a chunk; undefined when the peer says that it does not have it */
  chunk(id: string, scopes: Readonly<Record<string, string>>): Promise<Uint8Array | undefined>
}

export interface SpaceTakerOptions {
  readonly store: SpaceStore
  readonly sha256: Sha256
  readonly gzip: Gzip
  /**
   * Whether a repo that came from this peer alone is kept although the peer says that it gives it no longer. Without
   * it such a repo is deleted.
   */
  readonly keepsRevoked?: (repo: string, peer: string) => Promise<boolean>
  /** most bytes of one repo's records while it is taken in pages */
  readonly maxBytes?: number
}

/** What came of an answer. */
export type SpaceTaken =
  /** the head moved */
  | { readonly kind: 'moved'; readonly head: SpaceHeadRow }
  /** the peer has nothing newer */
  | { readonly kind: 'nothing' }
  /** pages are on their way: ask again */
  | { readonly kind: 'more' }
  /** the peer does not give this repo; what went with that */
  | { readonly kind: 'revoked'; readonly purged: Purged }

/** Takes space repos in from answers of peers. Nothing is held in memory between calls. */
export interface SpaceTaker {
  /**
   * What to ask a peer for, from what is kept and staged. A transfer that another peer began is begun anew: what is
   * staged is compared with the index. `compare`: the same, though the head may be one that the peer knows.
   */
  ask(repo: string, peer: string, options?: { readonly compare?: boolean }): Promise<PullAsk>
  /**
   * Takes the answer to an ask in, and fetches its chunks. Throws a `SpaceError` with `peer` and `repo` for what the
   * peer sent; the head is where it was then, and a transfer goes on from its last good page, unless it came out
   * wrong at its end: then it is dropped. `space.busy`: ask again.
   */
  take(ask: PullAsk, subscription: Subscription, giver: SpaceGiver): Promise<SpaceTaken>
}

/** A source that cannot hold on to a pin for so many times is no use. */
const MAX_RESTARTS = 8
const MAX_BYTES = 4 * 2 ** 30
/** Pages of one answer that are looked at. */
const MAX_PAGES = 16

export function createSpaceTaker(options: SpaceTakerOptions): SpaceTaker {
  const { store, sha256, gzip, maxBytes = MAX_BYTES, keepsRevoked = async () => false } = options

  const takeList = async (
    ask: PullAsk,
    subscription: Subscription,
    { peer }: SpaceGiver,
  ): Promise<SpaceTaken> => {
    const repo = ask.id
    const { chain, ...list } = readSpaceList(repo, subscription, ask.verifiedRoot, sha256)
    const state = ask.bootstrapState && parseState(ask.bootstrapState)
    if (state !== undefined && state.mode !== 'list') throw bad('list')
    const apply = { ...list, from: peer, chain }
    const isMoved = state === undefined ? await store.apply(repo, apply) : await finish(repo, apply, state)
    const head = await store.head(repo)
    return isMoved && head !== undefined ? { kind: 'moved', head } : { kind: 'nothing' }
  }

  const finish = async (
    repo: string,
    list: Parameters<SpaceStore['take']['finish']>[1],
    state: SpaceState,
  ): Promise<boolean> => {
    const take = await store.take.get(repo)
    if (take === undefined || take.asOf.cid !== state.asOf?.commit)
      throw new SpaceError('space.busy', { repo })
    try {
      return await store.take.finish(repo, list)
    } catch (error) {
      if (!(error instanceof SpaceError) || error.code === 'space.busy') throw error
      // Of every path it was this peer's word what is there.
      await store.take.drop(repo)
      throw error
    }
  }

  /** The transfer that a page belongs to: the one that is staged, or one that begins with it. */
  const transferOf = async (
    ask: PullAsk,
    subscription: Subscription,
    { peer }: SpaceGiver,
  ): Promise<SpaceTakeRow> => {
    const repo = ask.id
    const state = subscription.bootstrapState && parseState(subscription.bootstrapState)
    const first = subscription.snapshots?.[0]
    if (state?.asOf === undefined || state.want.length > 0 || first === undefined) throw bad('state')
    const take = await store.take.get(repo)
    const asked = ask.bootstrapState && parseState(ask.bootstrapState)
    const [row, ...more] = first.rows
    if (row === undefined) {
      const isSame = take?.asOf.cid === state.asOf.commit && asked?.asOf?.commit === state.asOf.commit
      if (take?.from !== peer || !isSame) throw bad('state')
      return take
    }
    const commit = more.length === 0 ? commitIn(row) : undefined
    if (commit === undefined || first.manifest?.rowCursor !== null) throw bad('commit')
    const found = await store.isNews(repo, commit.bytes)
    if (!found.isNews || found.cid !== state.asOf.commit || found.rev !== state.asOf.rev) throw bad('commit')
    const mode = first.table === 'records' ? 'records' : 'index'
    const begun = await store.take.begin(repo, {
      asOf: { rev: found.rev, cid: found.cid },
      mode,
      from: peer,
    })
    if (begun.restarts > MAX_RESTARTS) {
      await store.take.drop(repo)
      throw new SpaceError('space.restarts', { restarts: begun.restarts })
    }
    return begun
  }

  const takePages = async (
    ask: PullAsk,
    subscription: Subscription,
    giver: SpaceGiver,
  ): Promise<SpaceTaken> => {
    const { snapshots = [] } = subscription
    if (snapshots.length > MAX_PAGES) throw bad('pages')
    let take = await transferOf(ask, subscription, giver)
    for (const [index, snapshot] of snapshots.entries()) {
      if (index > 0 && snapshot.rows.length > 0) throw bad('rows')
      take = await takePage(ask.id, take, snapshot, giver)
      if (take.bytes > maxBytes) throw bad('too-large')
    }
    return { kind: 'more' }
  }

  const takePage = async (
    repo: string,
    take: SpaceTakeRow,
    snapshot: Snapshot,
    giver: SpaceGiver,
  ): Promise<SpaceTakeRow> => {
    const expected = take.wants.length > 0 ? 'wanted' : take.mode
    const table = SPACE_TABLES.find((it) => it === snapshot.table)
    if (table === undefined || table !== expected) throw bad('table')
    const page = await fetchPage({ repo, take, table, snapshot, giver, sha256, gzip })
    if (table === 'wanted') return store.take.wanted(repo, take, page)
    return store.take.page(repo, take, { ...page, next: page.upTo === null ? 'list' : table })
  }

  const takeAny = async (
    ask: PullAsk,
    subscription: Subscription,
    giver: SpaceGiver,
  ): Promise<SpaceTaken> => {
    const { id, status, scopes, bootstrap, commits, nextCursor, snapshots = [] } = subscription
    if (id !== ask.id) throw bad('id')
    const isEmpty = commits.length === 0 && subscription.integrity === undefined
    if (isEmpty && nextCursor !== ask.cursor) throw bad('cursor')
    if (!bootstrap && (snapshots.length > 0 || subscription.bootstrapState !== undefined)) throw bad('pages')
    if (status === 'revoked') {
      if (!isEmpty || bootstrap || !isScope(scopes, undefined)) throw bad('revoked')
      const isKept = await keepsRevoked(id, giver.peer)
      return { kind: 'revoked', purged: await store.purge(id, giver.peer, isKept) }
    }
    if (!isScope(scopes, id)) throw bad('scopes')
    if (bootstrap) {
      if (!isEmpty) throw bad('commits')
      return takePages(ask, subscription, giver)
    }
    if (!isEmpty) return takeList(ask, subscription, giver)
    // Who holds nothing can always be given something.
    if (ask.held === undefined) throw bad('nothing')
    return { kind: 'nothing' }
  }

  const isCurrent = async ({ id, held }: PullAsk): Promise<boolean> =>
    (await store.head(id))?.cid === held?.commit

  /** Whether the transfer that was asked about is still there, as far as it was. */
  const isUnderWay = async ({ id, bootstrapState }: PullAsk, peer: string): Promise<boolean> => {
    const asked = bootstrapState && parseState(bootstrapState)
    if (asked?.asOf === undefined) return true
    const take = await store.take.get(id)
    return (
      take?.from === peer &&
      take.asOf.cid === asked.asOf.commit &&
      take.mode === asked.mode &&
      take.after === asked.rowCursor &&
      take.wants.length === asked.want.length
    )
  }

  return {
    ask: (repo, peer, { compare = false } = {}) => askOf(store, repo, peer, compare),
    async take(ask, subscription, giver) {
      try {
        if (!(await isUnderWay(ask, giver.peer))) throw new SpaceError('space.busy', { repo: ask.id })
        return await takeAny(ask, subscription, giver)
      } catch (error) {
        // What does not fit the head that is here now may well have fitted the one that was asked for.
        if (error instanceof SpaceError && !(await isCurrent(ask)))
          throw new SpaceError('space.busy', { repo: ask.id })
        // Whoever sent this once may have before: what came is compared again with what the next one says.
        if (isLie(error)) await store.take.distrust(ask.id, giver.peer)
        throw blame(error, giver.peer, ask.id)
      }
    },
  }
}

async function askOf(store: SpaceStore, repo: string, peer: string, compare: boolean): Promise<PullAsk> {
  const [head, take] = await Promise.all([store.head(repo), store.take.get(repo)])
  const isOurs = take !== undefined && take.base === head?.cid
  const state: SpaceState | undefined =
    isOurs && take.from === peer
      ? {
          asOf: { rev: take.asOf.rev, commit: take.asOf.cid },
          mode: take.mode,
          rowCursor: take.after,
          want: take.wants,
        }
      : compare || isOurs
        ? { asOf: undefined, mode: 'index', rowCursor: null, want: [] }
        : undefined
  return {
    id: repo,
    held: head && { rev: head.rev, commit: head.cid },
    cursor: cursorOf(head?.rev) ?? NO_CURSOR,
    ...(state === undefined ? {} : { bootstrapState: formatState(state) }),
    ...(head?.chain === undefined || head.chain === GENESIS_ROOT ? {} : { verifiedRoot: head.chain }),
  }
}

const isLie = (error: unknown): boolean =>
  error instanceof PackError || hasCode(error, 'space.bad-answer') || hasCode(error, 'space.record')

/** What a peer sent is told with its name; trouble of this device is its own. */
function blame(error: unknown, peer: string, repo: string): unknown {
  if (error instanceof PackError) {
    return new SpaceError('space.bad-answer', { reason: error.code, peer, repo }, { cause: error })
  }
  if (!(error instanceof SpaceError) || error.code === 'space.busy') return error
  return new SpaceError(error.code, { ...error.fields, peer, repo }, { cause: error })
}

function commitIn(row: Snapshot['rows'][number]): { readonly bytes: Uint8Array } | undefined {
  if (typeof row !== 'object' || row === null || !('commitHex' in row)) return undefined
  const { commitHex, ...more } = row
  const bytes = typeof commitHex === 'string' ? fromHex(commitHex) : undefined
  return bytes === undefined || Object.keys(more).length > 0 ? undefined : { bytes }
}

const bad = (reason: string): SpaceError => new SpaceError('space.bad-answer', { reason })
