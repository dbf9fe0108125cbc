import { hasCode } from '../../core/errors.ts'
import type { Guard, Storage, WriteOp } from '../../storage/port.ts'
import { ifKept } from '../kept.ts'
import { partialsOf } from '../pages/partial-rows.ts'
import type { Candidate } from '../peers/choose.ts'
import type { PeerHead } from '../peers/model.ts'
import { copyKey, type CopyRow, noteCopy } from '../peers/copy-rows.ts'
import type { HeadWord } from './digest.ts'
import { keptHeads } from './kept-heads.ts'

/** What is known of one repo before a peer is asked for it. */
export interface Known {
  /** our own head */
  readonly own: HeadWord | undefined
  /** what the peer said last */
  readonly row: CopyRow | undefined
}

/** What a peer says that it holds of a repo; undefined: nothing that may be told of. */
export interface Told extends Known {
  readonly did: string
  readonly head: HeadWord | undefined
}

/** When something was said, ms since epoch, and of whom a new word is tested at once. */
interface When {
  readonly now: number
  /** those who failed less often than this in a row */
  readonly patience: number
}

/** Rows read or written at once. */
const AT_ONCE = 500

/** Our heads of these repos, and a peer's as it said last: three reads for some hundreds. */
export async function readKnown(
  storage: Storage,
  peer: string,
  dids: readonly string[],
): Promise<Map<string, Known>> {
  const headsOf = keptHeads(storage)
  const out = new Map<string, Known>()
  for (let i = 0; i < dids.length; i += AT_ONCE) {
    const some = dids.slice(i, i + AT_ONCE)
    const [heads, rows] = await Promise.all([
      headsOf(some),
      storage.getMany(
        'copies',
        some.map((did) => copyKey(did, peer)),
      ),
    ])
    // Our own rows, written by this code.
    for (const [j, did] of some.entries())
      out.set(did, { own: heads[j], row: rows[j] as CopyRow | undefined })
  }
  return out
}

/** The head that a row tells of. */
export function headOfRow({ did, rev, commit, partial, collections = [] }: CopyRow): HeadWord | undefined {
  if (rev === undefined || commit === undefined) return undefined
  return { id: did, rev, commit, ...(partial ? { collections } : {}) }
}

/** The head that a peer told of. */
export const wordOf = ({ did, rev, commit, partial, collections = [] }: PeerHead): HeadWord => ({
  ...{ id: did, rev, commit },
  ...(partial ? { collections } : {}),
})

/** A whole repo that is as new here as there needs no look; what is kept in part, or only begun, is looked at. */
export function mayBeBehind({ own, head }: Told): boolean {
  if (own === undefined || own.collections !== undefined) return true
  return head !== undefined && head.collections === undefined && head.rev > own.rev
}

/**
 * Writes down what a peer said, some hundred repos in one write; gives back those of which something was learned:
 * not those that it neither has nor had, nor those that were deleted here meanwhile.
 */
export async function noteTold(
  storage: Storage,
  candidate: Candidate,
  told: readonly Told[],
  when: When,
): Promise<Told[]> {
  const news = told.filter(({ head, row }) => head !== undefined || row !== undefined)
  const noted: Told[] = []
  for (let i = 0; i < news.length; i += AT_ONCE)
    noted.push(...(await noteSome(storage, candidate, news.slice(i, i + AT_ONCE), when)))
  return noted
}

async function noteSome(
  storage: Storage,
  candidate: Candidate,
  told: readonly Told[],
  when: When,
): Promise<readonly Told[]> {
  const ops: WriteOp[] = []
  const guards: Guard[] = []
  const together: Told[] = []
  const apart: Told[] = []
  for (const it of told) {
    // Of what is kept in part, or only begun, no single row says so.
    const isWhole = it.own !== undefined && it.own.collections === undefined
    if (it.row !== undefined || isWhole) together.push(it)
    else apart.push(it)
  }
  for (const it of together) {
    const { did, row } = it
    const key = copyKey(did, candidate.peer)
    const before = row ?? { ...NOTHING, did, peer: candidate.peer }
    const value: CopyRow = { ...before, ...changeOf(candidate, it, when), saidAt: when.now }
    ops.push({ type: 'put', table: 'copies', key, value })
    // Rows go with their repo, and others write what failed meanwhile.
    guards.push({ table: 'copies', key, holds: (value) => isStill(value, row) })
    if (row === undefined) guards.push(ifKept(did))
  }
  try {
    if (ops.length > 0) await storage.write(ops, { durability: 'relaxed', guards })
  } catch (error) {
    if (!hasCode(error, 'storage.conflict')) throw error
    // One of them changed: each by itself.
    apart.push(...together.splice(0))
  }
  const noted = new Set(together)
  for (const it of apart) {
    if (!(await isKept(storage, it.did))) continue
    const row = (await storage.get('copies', copyKey(it.did, candidate.peer))) as CopyRow | undefined
    await noteCopy(storage, it.did, candidate.peer, changeOf(candidate, { ...it, row }, when))
    noted.add(it)
  }
  return told.filter((it) => noted.has(it))
}

function changeOf(candidate: Candidate, { head, row }: Told, { now, patience }: When) {
  // A newer head than the one it failed with is a new word to be tested.
  const isNews = head !== undefined && head.rev > (row?.rev ?? '')
  return {
    kind: candidate.kind,
    rev: head?.rev,
    commit: head?.commit,
    partial: head?.collections !== undefined,
    collections: head?.collections ?? [],
    addresses: candidate.addresses,
    answeredAt: now,
    ...(isNews && (row?.failures ?? 0) < patience ? { retryAt: undefined } : {}),
  }
}

const NOTHING = { challenge: undefined, failures: 0, failure: undefined, retryAt: undefined } as const

/** Whether a row is as it was read: not after a failure or a challenge since, nor when its repo is gone. */
export function isStill(value: unknown, row: CopyRow | undefined): boolean {
  if (value === undefined || row === undefined) return value === row
  // Our own row, written by this code.
  const { failures, retryAt, challenge } = value as CopyRow
  return failures === row.failures && retryAt === row.retryAt && challenge?.at === row.challenge?.at
}

const isKept = async (storage: Storage, did: string): Promise<boolean> =>
  (await storage.get('repos', did)) !== undefined || (await partialsOf(storage, did)).length > 0
