import type { Sha256 } from '../../core/hash.ts'
import { equalBytes } from '../../core/bytes.ts'
import type { SpaceClient } from './client.ts'
import { SpaceSyncError } from './errors.ts'
import { cardNamesOf, cardsBy, haveOf, type LogPage, pagesOf, unpackCids } from './log-page.ts'
import type { ReplicaLog } from './model.ts'

/** Pages of one exchange: a log of the most operations, each as long as one may be, is some 2,000. */
const MAX_PAGES = 4096

export interface LogExchange {
  /** something came in here */
  readonly changed: boolean
  /** both logs are the same now, as far as the other side says */
  readonly same: boolean
}

export interface LogExchangeOptions {
  readonly client: SpaceClient
  readonly log: ReplicaLog
  readonly sha256: Sha256
  /** the digest that the other side told just now; undefined: it is asked */
  readonly digest: Uint8Array | undefined
  /** whether the other side may have ours; asked when theirs is in */
  readonly mayGive: () => boolean
}

/**
 * Brings two logs together: takes what lacks here, then gives what lacks there. In the end both have the same, unless
 * one of them refuses what the other took.
 *
 * @throws SpaceSyncError `space-sync.bad-log` for what this log refuses, when all else is in; `space-sync.withheld` for
 * operations without what they follow; as `SpaceClient`; StorageError
 */
export async function exchangeLog(options: LogExchangeOptions): Promise<LogExchange> {
  const { client, log, sha256, mayGive } = options
  if (options.digest !== undefined && equalBytes(options.digest, log.digest()))
    return { changed: false, same: true }
  const taken = await takeLog(options)
  let theirs = taken.digest
  if (mayGive() && !equalBytes(theirs, log.digest())) {
    const wanted = log.after(unpackCids(taken.have))
    const cards = cardsBy(log, taken.lacks, 'among', sha256)
    theirs = (await giveLog(client, log, wanted, cards)) ?? theirs
  }
  const { peer, space } = client
  if (taken.codes.size > 0)
    throw new SpaceSyncError('space-sync.bad-log', { peer, space, codes: [...taken.codes] })
  if (taken.missing.length > 0)
    throw new SpaceSyncError('space-sync.withheld', { peer, space, missing: taken.missing.slice(0, 16) })
  return { changed: taken.changed, same: equalBytes(theirs, log.digest()) }
}

interface TakenLog {
  readonly changed: boolean
  /** why some of it was refused */
  readonly codes: ReadonlySet<string>
  readonly missing: readonly string[]
  readonly have: Uint8Array
  readonly lacks: Uint8Array
  readonly digest: Uint8Array
}

async function takeLog({ client, log, sha256 }: LogExchangeOptions): Promise<TakenLog> {
  const codes = new Set<string>()
  // What others gave may wait for what this peer never had.
  const before = new Set((await log.add({})).missing)
  let changed = false
  for (let page = 1; ; page++) {
    const { operations, cards, more, ...told } = await client.log({
      digest: log.digest(),
      have: haveOf(log),
      cards: cardNamesOf(log, sha256),
    })
    const isEmpty = operations.length === 0 && cards.length === 0
    const added = isEmpty
      ? { changed: false, refused: [], missing: [] }
      : await log.add({ operations, cards })
    for (const { code } of added.refused) codes.add(code)
    changed ||= added.changed
    // A page that brought nothing would come again.
    if (more && added.changed && page < MAX_PAGES) continue
    const missing = added.missing.filter((cid) => !before.has(cid))
    return { changed, codes, missing, ...told }
  }
}

/** Hands all of it over; what the other side then says that it has, undefined when there was nothing to give. */
async function giveLog(
  client: SpaceClient,
  log: ReplicaLog,
  cids: readonly string[],
  cards: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  let digest: Uint8Array | undefined
  const missing = new Set<string>()
  const give = async (page: LogPage): Promise<void> => {
    if (page.operations.length === 0 && page.cards.length === 0) return
    const answer = await client.give(page)
    for (const cid of unpackCids(answer.missing)) missing.add(cid)
    digest = answer.digest
  }
  for (const page of pagesOf(log, cids, cards)) await give(page)
  // It may have lost what it once had; once more is enough, and never for ever.
  const again = [...missing].filter((cid) => log.operation(cid) !== undefined)
  if (again.length > 0 && !equalBytes(digest ?? new Uint8Array(), log.digest()))
    for (const page of pagesOf(log, again, [])) await give(page)
  return digest
}
