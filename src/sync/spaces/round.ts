import { type CairnError, hasCode } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import { equalBytes } from '../../core/bytes.ts'
import { parseSpaceRepo } from '../../repo/space/uri.ts'
import type { HeadWord } from '../digests/digest.ts'
import type { PackSource } from '../packs/model.ts'
import type { SpaceTaker } from '../packs/space-take.ts'
import type { SpaceAccess } from './access.ts'
import type { SpaceClient, Welcome } from './client.ts'
import { SpaceSyncError } from './errors.ts'
import { compareSpaceHeads, headsOfSpace } from './heads.ts'
import { handOver } from './hand-over.ts'
import type { Line } from './line.ts'
import { exchangeLog } from './log-exchange.ts'
import { packCids, pagesOf } from './log-page.ts'
import type { SpaceReplica } from './model.ts'
import { type Pulled, pullRepos } from './pull.ts'
import { verdictOn } from './verdicts.ts'
import { askWhy } from './why.ts'

/** What a round needs of one peer of one space. */
export interface RoundHost {
  readonly peer: string
  readonly kind: 'device' | 'store'
  readonly clientId: string
  readonly replica: SpaceReplica
  readonly taker: SpaceTaker
  /** lists of what is kept here, for anyone */
  readonly source: PackSource
  readonly access: SpaceAccess
  readonly sha256: Sha256
  readonly line: Line
  readonly signal: AbortSignal
  readonly standing: Standing
  /** A head moved here. */
  readonly onMoved: (repo: string) => void
}

/** What is remembered of a peer between two rounds. */
export interface Standing {
  /** heads that it has, as far as it said or took them; undefined before it was asked */
  theirs: Map<string, HeadWord> | undefined
  /** its log is ours */
  sameLog: boolean
  /** the digest that it told with its welcome, until it was looked at */
  digest: Uint8Array | undefined
  /** heads of it that were not taken here, and of ours not there: by repo, the commit; until the log changes */
  readonly skipped: Map<string, string>
  readonly unwanted: Map<string, string>
}

/** Proves to a peer who we are; a store that does not keep the space yet is asked to. */
export async function greet(
  client: SpaceClient,
  host: Pick<RoundHost, 'kind' | 'replica' | 'access' | 'peer' | 'standing'>,
  token: string | undefined,
): Promise<Welcome> {
  const { kind, replica, access, peer, standing } = host
  const { log, space } = replica
  const root = packCids([log.root])
  let welcome: Welcome
  try {
    welcome = await client.hello()
  } catch (error) {
    const own = client.provenAs()
    // A store keeps it for one whom the log knows: whoever has no such log yet waits for another to ask.
    const mayAsk = kind === 'store' && own !== undefined && replica.mayRead(own)
    if (mayAsk && hasCode(error, 'space-sync.not-kept')) {
      await client.keep(root, token)
      for (const page of pagesOf(log, log.after([]), [...log.cards().values()])) await client.give(page)
    } else if (!(await isLetIn(client, replica, error))) throw error
    welcome = await client.hello()
  }
  if (!equalBytes(welcome.root, root)) throw new SpaceSyncError('space-sync.other-root', { peer, space })
  if (kind === 'store' && welcome.store) access.grantStore(peer, space)
  standing.digest = welcome.digest
  return welcome
}

/** Whether a peer lets us in after all, once it was asked why not. Who knows that it is out asks no more. */
async function isLetIn(client: SpaceClient, replica: SpaceReplica, error: unknown): Promise<boolean> {
  const own = client.provenAs()
  const isNo = hasCode(error, 'space-sync.not-kept') || hasCode(error, 'space-sync.denied')
  if (own === undefined || !isNo) return false
  const { log } = replica
  const isKnown = !replica.mayRead(own) && log.endingOf(own, log.heads()) !== undefined
  return !isKnown && askWhy(client, replica, own)
}

/**
 * Everything between us and one peer: the log both ways, then heads, then what is newer there, then, for a store, what
 * it lacks. What the peer lied about is told as a fault, and thrown once all else is done.
 */
export async function fullRound(host: RoundHost): Promise<void> {
  const { replica, peer, kind, line, sha256, standing, access, signal } = host
  const { space, repos } = replica
  const { client, welcome } = await line.space()
  const late = await bringLogs(host, client, welcome)
  if (kind === 'device') {
    if (welcome.key === undefined || !replica.mayRead(welcome.key))
      throw new SpaceSyncError('space-sync.stranger', { peer, space })
    access.grant(peer, space, welcome.key)
  }
  const ours = await headsOfSpace(repos, space)
  const theirs = await compareSpaceHeads(client, ours, sha256)
  standing.theirs = theirs
  replica.onOffered?.(peer, byAuthor(theirs))
  const newer = [...theirs.values()].filter(({ id, rev, commit }) => {
    const own = ours.get(id)
    const isNews = own === undefined || rev > own.rev || (rev === own.rev && commit !== own.commit)
    return isNews && standing.skipped.get(id) !== commit
  })
  const lie = await pull(
    host,
    newer.map(({ id }) => id),
    false,
  )
  signal.throwIfAborted()
  if (kind === 'store') await handOver(host, client)
  line.rest()
  const wrong = late ?? lie
  if (wrong !== undefined) throw wrong
}

/**
 * Takes what the peer said that it has, over a line that is proven; falls back on a full round where that does not do.
 * `in-vain`: it has none of the heads that it told of.
 */
export async function hintedRound(
  host: RoundHost,
  hinted: ReadonlyMap<string, string>,
): Promise<'done' | 'in-vain'> {
  const { replica, line, standing } = host
  const wanted: string[] = []
  for (const [repo, rev] of hinted) if (((await replica.repos.head(repo))?.rev ?? '') < rev) wanted.push(repo)
  const lie = await pull(host, wanted, true)
  line.rest()
  if (lie !== undefined) throw lie
  let isDone = wanted.length === 0
  for (const [repo, rev] of hinted) {
    const head = await replica.repos.head(repo)
    if (head?.rev !== rev) continue
    isDone = true
    // It may have come from another meanwhile: the peer that told of it has it all the same.
    standing.theirs?.set(repo, { id: repo, rev, commit: head.cid })
  }
  return isDone ? 'done' : 'in-vain'
}

/** The log both ways. What the other side has wrong is given back, to be thrown later. */
async function bringLogs(
  host: RoundHost,
  client: SpaceClient,
  { key }: Welcome,
): Promise<SpaceSyncError | undefined> {
  const { replica, kind, peer, sha256, standing } = host
  const digest = standing.digest
  standing.digest = undefined
  try {
    const { same, changed } = await exchangeLog({
      client,
      log: replica.log,
      sha256,
      digest,
      mayGive: () => kind === 'store' || (key !== undefined && replica.mayRead(key)),
    })
    standing.sameLog = same
    if (changed) forgetSkips(standing)
    return undefined
  } catch (error) {
    if (!hasCode(error, 'space-sync.bad-log') && !hasCode(error, 'space-sync.withheld')) throw error
    standing.sameLog = false
    const { code, fields } = error
    replica.onFault({ code, peer, fields })
    return new SpaceSyncError('space-sync.bad-log', fields, { cause: error })
  }
}

export function forgetSkips({ skipped, unwanted }: Standing): void {
  skipped.clear()
  unwanted.clear()
}

/**
 * Pulls repos. One that fails is tried once more: after the logs were brought together, where that was not just done,
 * and by comparing indexes where a list did not lead to what was signed. Gives back a lie of the peer.
 */
async function pull(
  host: RoundHost,
  repos: readonly string[],
  isHint: boolean,
): Promise<CairnError | undefined> {
  if (repos.length === 0) return undefined
  const first = await pullOnce(host, repos, false)
  if (isHint && (first.revoked.length > 0 || isAboutMembers(first))) {
    // It forgot who we are, or its commits name members of whom nothing is known here.
    if (first.revoked.length > 0) host.line.drop()
    await fullRound(host)
    return undefined
  }
  const again = [...first.failed].filter(([, error]) => error.code === 'space.hash-mismatch')
  const second =
    again.length === 0
      ? undefined
      : await pullOnce(
          host,
          again.map(([repo]) => repo),
          true,
        )
  const failed = new Map([...first.failed].filter(([repo]) => !again.some(([it]) => it === repo)))
  for (const [repo, error] of second?.failed ?? []) failed.set(repo, error)
  return judge(host, failed)
}

const isAboutMembers = ({ failed }: Pulled): boolean =>
  [...failed.values()].some((error) => verdictOn(error) === 'not-taken')

async function pullOnce(host: RoundHost, repos: readonly string[], compare: boolean): Promise<Pulled> {
  const { taker, line, signal, onMoved, standing, replica } = host
  const pulled = await pullRepos(taker, await line.packs(), repos, {
    check: () => signal.throwIfAborted(),
    onMoved,
    compare,
  })
  for (const repo of pulled.moved) {
    const head = await replica.repos.head(repo)
    if (head !== undefined) standing.theirs?.set(repo, { id: repo, rev: head.rev, commit: head.cid })
  }
  return pulled
}

/** Tells what was wrong, and has it left alone until it is another commit or the members change. */
function judge(
  { replica, peer, standing }: RoundHost,
  failed: ReadonlyMap<string, CairnError>,
): CairnError | undefined {
  let lie: CairnError | undefined
  for (const [repo, error] of failed) {
    const verdict = verdictOn(error)
    if (verdict === 'passing') continue
    const commit = standing.theirs?.get(repo)?.commit
    if (commit !== undefined) standing.skipped.set(repo, commit)
    if (verdict === 'not-taken') continue
    // Of a fork these are both commits, signed by the author: nobody else can have made them.
    const author = parseSpaceRepo(repo)?.author
    replica.onFault({ code: error.code, peer, fields: { ...error.fields, repo, author } })
    if (verdict === 'lie') lie ??= error
  }
  return lie
}

const byAuthor = (heads: ReadonlyMap<string, HeadWord>) =>
  new Map(
    [...heads.values()].flatMap(({ id, rev, commit }) => {
      const author = parseSpaceRepo(id)?.author
      return author === undefined ? [] : [[author, { rev, commit }] as const]
    }),
  )
