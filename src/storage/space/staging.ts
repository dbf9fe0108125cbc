import { SpaceError } from '../../repo/space/errors.ts'
import type { WriteOp } from '../port.ts'
import { checkChanges, type SpaceChange } from './change.ts'
import type { SpaceHost } from './host.ts'
import type { Page, PageRecord } from './pages.ts'
import { listRows, readHead, readRows, readStaged, readState, readTake } from './read.ts'
import {
  dropValue,
  keep,
  MAX_GIVERS,
  type SpaceRecordRow,
  type SpaceTakeRow,
  stagedKey,
  stagedOptions,
  takeKey,
} from './rows.ts'
import { createTally, live, type Tally } from './tally.ts'
import { clearStaged } from './settle.ts'

/**
 * A transfer in pages. What comes is staged beside what is kept, each page in one write with how far it goes, so a
 * transfer goes on where it was cut off. Nobody reads what is staged before the head has moved to it.
 */

const BATCH = 1024

/** Begins a transfer, or begins it anew under another head of the source: what is staged stays. */
export async function beginTake(
  host: SpaceHost,
  repo: string,
  start: { readonly asOf: SpaceTakeRow['asOf']; readonly mode: 'records' | 'index'; readonly from: string },
): Promise<SpaceTakeRow> {
  const { storage, ltHash } = host
  const head = await readHead(storage, repo)
  const old = await readTake(storage, repo)
  const goesOn = old !== undefined && old.base === head?.cid
  // Left behind by a transfer that was given up.
  if (!goesOn) await clearStaged(storage, repo)
  const state = (await readState(storage, repo)) ?? ltHash.empty()
  const before = goesOn ? old : { ...(head ?? { records: 0, bytes: 0 }), state, givers: [], restarts: -1 }
  const { records, bytes } = before
  const row: SpaceTakeRow = {
    from: start.from,
    givers: addGiver(before.givers, start.from),
    asOf: start.asOf,
    mode: start.mode,
    after: null,
    wants: [],
    base: head?.cid,
    state: before.state,
    records,
    bytes,
    restarts: before.restarts + 1,
  }
  await storage.write([{ type: 'put', table: 'space-repos', key: takeKey(repo), value: row }], {
    durability: 'relaxed',
  })
  return row
}

export const addGiver = (givers: readonly string[], from: string): string[] =>
  [...new Set([...givers, from])].slice(0, MAX_GIVERS)

/** A page that came: whole between `after` of the transfer and its own `upTo`. */
export interface TakenPage extends Page {
  /** what is to come after the page */
  readonly next: SpaceTakeRow['mode']
}

/**
 * Stages a page of records, or of the index: what is here in its range and not in it is staged as deleted. In
 * several writes when much is here, each of which leaves the transfer where one can go on.
 */
export async function stagePage(
  host: SpaceHost,
  repo: string,
  take: SpaceTakeRow,
  page: TakenPage,
): Promise<SpaceTakeRow> {
  const { storage } = host
  let now: SpaceTakeRow = take
  let at = 0
  for (;;) {
    const kept = await listRows(storage, repo, now.after, page.upTo, BATCH)
    const staged = await listRows(storage, `%${repo}`, now.after, page.upTo, BATCH)
    const end = leastFull(kept, staged)
    const rows = new Map<string, { kept?: SpaceRecordRow; staged?: SpaceRecordRow; record?: PageRecord }>()
    const note = (path: string, found: object): unknown => rows.set(path, { ...rows.get(path), ...found })
    for (const { path, row } of kept) if (end === null || path <= end) note(path, { kept: row })
    for (const { path, row } of staged) if (end === null || path <= end) note(path, { staged: row })
    for (let record = page.records[at]; record !== undefined; record = page.records[++at]) {
      if (end !== null && record.path > end) break
      note(record.path, { record })
    }
    const tally = createTally(host.ltHash, now)
    const ops: WriteOp[] = []
    const wants = [...now.wants]
    for (const [path, it] of rows) {
      const effective = it.staged ?? it.kept
      if (it.record !== undefined && it.record.bytes === undefined) {
        if (live(effective)?.cid !== it.record.cid) wants.push(path)
      } else {
        ops.push(...stageOps(repo, path, it.kept, it.staged, it.record, tally))
      }
    }
    const isDone = end === null
    now = {
      ...now,
      after: isDone ? page.upTo : end,
      mode: isDone ? page.next : now.mode,
      wants: wants.sort(),
      state: tally.state,
      records: tally.records(),
      bytes: tally.bytes(),
    }
    ops.push({ type: 'put', table: 'space-repos', key: takeKey(repo), value: now })
    await storage.write(ops, stagedOptions(ops))
    if (isDone) return now
  }
}

/** Stages records that were asked for by path: what did not come is gone at the source, and its list will say so. */
export async function stageWanted(
  host: SpaceHost,
  repo: string,
  take: SpaceTakeRow,
  page: Omit<TakenPage, 'next'>,
): Promise<SpaceTakeRow> {
  const { storage } = host
  const paths = page.records.map(({ path }) => path)
  const [kept, staged] = [await readRows(storage, repo, paths), await readStaged(storage, repo, paths)]
  const tally = createTally(host.ltHash, take)
  const ops = page.records.flatMap((record, index) =>
    stageOps(repo, record.path, kept[index], staged[index], record, tally),
  )
  const { upTo } = page
  const wants = upTo === null ? [] : take.wants.filter((path) => path > upTo)
  const now: SpaceTakeRow = {
    ...take,
    wants,
    state: tally.state,
    records: tally.records(),
    bytes: tally.bytes(),
  }
  ops.push({ type: 'put', table: 'space-repos', key: takeKey(repo), value: now })
  await storage.write(ops, stagedOptions(ops))
  return now
}

/** Stages the list that ends a transfer, in memory: the writes, and what the repo is then. */
export async function stageList(
  host: SpaceHost,
  repo: string,
  take: SpaceTakeRow,
  changes: readonly SpaceChange[],
): Promise<{ readonly ops: WriteOp[]; readonly tally: Tally }> {
  const checked = checkChanges(changes, host.sha256)
  const paths = checked.map(({ path }) => path)
  const [kept, staged] = [
    await readRows(host.storage, repo, paths),
    await readStaged(host.storage, repo, paths),
  ]
  const tally = createTally(host.ltHash, take)
  const ops = checked.flatMap(({ path, cid, bytes }, index) => {
    const record = cid === undefined || bytes === undefined ? undefined : { path, cid, bytes }
    return stageOps(repo, path, kept[index], staged[index], record, tally)
  })
  return { ops, tally }
}

function stageOps(
  repo: string,
  path: string,
  kept: SpaceRecordRow | undefined,
  staged: SpaceRecordRow | undefined,
  record: PageRecord | undefined,
  tally: Tally,
): WriteOp[] {
  const [old, base] = [live(staged), live(kept)]
  const coming = record?.bytes && keep(repo, path, record.cid, record.bytes)
  const to = coming?.row
  tally.replace(path, staged ?? kept, to)
  const ops: WriteOp[] = []
  if (old !== undefined && old.cid !== to?.cid && old.cid !== base?.cid) {
    ops.push(...dropValue(repo, path, old))
  }
  const key = stagedKey(repo, path)
  if (to?.cid === base?.cid) {
    // It is as it is kept.
    if (staged !== undefined) ops.push({ type: 'delete', table: 'space-records', key })
  } else {
    const value: SpaceRecordRow = to ?? { deleted: true, since: '' }
    ops.push({ type: 'put', table: 'space-records', key, value }, ...(coming?.ops ?? []))
  }
  return ops
}

/** The path up to which both lists are whole; null when both have ended. */
function leastFull(...lists: readonly (readonly { readonly path: string }[])[]): string | null {
  const ends = lists.filter((it) => it.length >= BATCH).map((it) => it.at(-1)?.path ?? '')
  return ends.sort()[0] ?? null
}

/** The transfer that is under way, over the head that is kept. Throws `space.busy` when the head has moved. */
export async function takeOver(host: SpaceHost, repo: string): Promise<SpaceTakeRow | undefined> {
  const take = await readTake(host.storage, repo)
  if (take === undefined) return undefined
  const head = await readHead(host.storage, repo)
  if (take.base !== head?.cid) throw new SpaceError('space.busy', { repo })
  return take
}
