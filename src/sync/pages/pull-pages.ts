import { checkEach } from '../../core/hash.ts'
import { NetError } from '../../net/errors.ts'
import { CairnError } from '../../core/errors.ts'
import type { Identity } from '../../pds/identity.ts'
import type { ImportSession } from '../../storage/import-session.ts'
import type { BackupResult } from '../backup.ts'
import type { Endpoints, Host } from '../host.ts'
import { isDamaged } from '../damage.ts'
import { headOf } from '../kept.ts'
import { takeIn } from '../take-in.ts'
import type { Work } from '../work.ts'
import type { PageAnswer, PageClient } from './client.ts'
import { askFirst } from './first.ts'
import { createPageWalk, type PageWalk } from './page-walk.ts'
import { createPagesAhead } from './pages-ahead.ts'
import { PAGE_BYTES, type RemoteHead } from './protocol.ts'
import { createSources, type OnOut, type PageSource, type Sources } from './sources.ts'

/**
 * Where part of the repo may be here already, the first page is so many times smaller, and each that follows
 * grows while nothing of it was here: little is sent twice where here and there something lacks.
 */
const SMALLER = 256
const GROWTH = 4
/** Pages that are asked for before those ahead of them are taken in: one that comes while another is made. */
const AHEAD = 2
/** How often the root may go away under a transfer before it is given up. */
export const MAX_ROOTS = 5

export interface Pull {
  readonly did: string
  /** peers that have the root, the best first */
  readonly sources: readonly PageSource[]
  /** CID of the commit to get; the first peer's head without one */
  readonly root?: string
  readonly work: Work
  /** what a person knows the repo by */
  readonly label: string
  /** bytes of a page; as large as may be without it */
  readonly pageBytes?: number
  /** bytes of tree nodes that a difference may hold in memory */
  readonly nodeBytes?: number
  readonly onOut?: OnOut
}

export interface Pulled extends BackupResult {
  /** the peer that the last of it came from */
  readonly from: string
}

/**
 * Takes a whole repo in by pages. Every page is proven before the next counts; when a connection breaks, the
 * same or another peer goes on from the last path, and after a stop of the app the next try does. What is kept
 * from an earlier try or snapshot is not asked for again, as far as pages allow. When the root is not kept any
 * more by anyone, the walk goes on under the newest head. Of a copy that is damaged here all is asked for.
 *
 * @throws NetError, RepoError (with `peer`) of the last peer that was left; as `takeIn`
 */
export async function pullPages(host: Host, endpoints: Endpoints, pull: Pull): Promise<Pulled> {
  const { did, work, label } = pull
  const sources = createSources(pull.sources, host, work, pull.onOut)
  try {
    work.report({ did, phase: 'connecting' })
    const { head, identity } = await sources.use((client) => greet(client, did))
    work.report({ totalRecords: head.records })
    const result = await takeIn(host, endpoints, {
      did,
      source: 'peer',
      label,
      work,
      identity,
      mends: true,
      feed: (session) => feedPages(host, pull, sources, session, pull.root ?? head.commit),
    })
    return { ...result, from: sources.peer ?? '' }
  } finally {
    await sources.close()
  }
}

/** What a peer says of its copy, whole or of one collection, and whatever proves the author. */
export async function greet(
  client: PageClient,
  did: string,
  collection?: string,
): Promise<{
  readonly head: Pick<RemoteHead, 'commit' | 'records'>
  readonly identity: Identity | undefined
}> {
  const [[told], identity] = await Promise.all([client.heads([did]), client.identity(did)])
  const part = told?.collections?.find((it) => it.nsid === collection)
  const head = told?.partial !== true ? told : part && { ...told, ...part }
  if (head === undefined) throw new NetError('net.refused', { peer: client.peer, reason: 'not-kept' })
  return { head, identity }
}

async function feedPages(
  host: Host,
  { did, work, pageBytes = PAGE_BYTES }: Pull,
  sources: Sources,
  session: ImportSession,
  wanted: string,
): Promise<void> {
  const digests = host.lanes?.check ?? checkEach(host.sha256)
  const before = (await isDamaged(host.storage, did)) ? undefined : await headOf(host.storage, did)
  let root: string | undefined = wanted
  let begun: string | undefined
  let dirty = false
  /** Blocks of the repo may be here from before, so the walk may be ahead of what came. */
  let catchUp = session.resumed || before !== undefined
  let walk: PageWalk | undefined
  const small = Math.max(1, Math.floor(pageBytes / SMALLER))
  let size = catchUp ? small : pageBytes

  const begin = async (client: PageClient): Promise<string> => {
    const first = await askFirst(client, did, root, digests)
    if (dirty) session.restart()
    dirty = true
    for (const part of first.car) await session.write(part)
    walk = undefined
    return first.root
  }

  /** Takes pages from one peer until the walk has ended. */
  const run = async (client: PageClient): Promise<void> => {
    begun ??= await begin(client)
    const now = begun
    if (now === before?.commitCid) return
    const ask = (after: string | undefined, known: boolean): Promise<PageAnswer> =>
      client.page({ did, root: now, after, known, maxBytes: size, bare: true, deflate: true })
    const ahead = createPagesAhead((after) => ask(after, true))
    for (;;) {
      work.check()
      if (catchUp) await session.recall()
      if (walk === undefined || (catchUp && session.last !== walk.last))
        walk = createPageWalk({
          did,
          root: now,
          range: { after: session.last },
          sha256: host.sha256,
          digests,
          // The session hashes and checks every block, once.
          imported: true,
        })
      const page = await (ahead.next() ?? ask(walk.last, walk.commit !== undefined))
      // What is here from before may make a page too many.
      if (size === pageBytes) ahead.fill(page, catchUp ? 1 : AHEAD)
      const proven = walk.take(await page.bytes, page.bare)
      if (page.root !== now || proven.end !== page.end || proven.last !== page.last) {
        // It is ahead of what was taken in.
        walk = undefined
        throw new NetError('net.malformed', { peer: client.peer, reason: 'page-head' })
      }
      try {
        await session.write(proven.fragment)
      } catch (error) {
        // A forged block: the session begins again with another peer, with what it has stored.
        begun = undefined
        catchUp = true
        size = small
        throw error
      }
      sources.progress()
      work.report(session.progress)
      if (proven.end) return
      if (!catchUp) continue
      await session.recall()
      const jumped = session.last !== proven.last
      // A page that is under way starts where nothing is lacking.
      if (jumped) ahead.drop()
      size = jumped ? small : Math.min(size * GROWTH, pageBytes)
    }
  }

  work.report({ phase: 'receiving' })
  for (let roots = 1; ; roots++) {
    try {
      return await sources.use(run)
    } catch (error) {
      // Nobody is left who has this root; those who have another one may be asked for theirs.
      const theirs = error instanceof CairnError && error.fields['peer'] !== undefined
      if (!theirs || roots === MAX_ROOTS || !sources.forgive('root-gone')) throw error
      root = undefined
      begun = undefined
      catchUp = true
      size = small
    }
  }
}
