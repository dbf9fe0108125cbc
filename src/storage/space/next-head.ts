import { toHex } from '../../core/bytes.ts'
import { compareRev } from '../../core/tid.ts'
import {
  parseSpaceCommit,
  spaceCommitCid,
  type SpaceCommit,
  verifySpaceCommit,
} from '../../repo/space/commit.ts'
import { SpaceError } from '../../repo/space/errors.ts'
import { spaceRepoOf } from '../../repo/space/uri.ts'
import type { Guard, Storage, WriteOp } from '../port.ts'
import type { SpaceHost } from './host.ts'
import {
  headKey,
  heldKey,
  MAX_GIVERS,
  MAX_HELD_HEADS,
  recordKey,
  type SpaceHeadRow,
  stateKey,
  under,
} from './rows.ts'
import { goneKey } from './order.ts'
import type { Tally } from './tally.ts'

/** A commit whose signature and author were checked. */
export interface ProvenCommit {
  readonly commit: SpaceCommit
  readonly bytes: Uint8Array
  readonly cid: string
}

/**
 * Checks that bytes are a commit of this repo, by its author, who may write. Throws the `space.commit-…` errors,
 * `space.rev-malformed`, `space.wrong-space`, `space.wrong-author`, `space.bad-signature`, `space.key-unsupported`,
 * `space.not-allowed`.
 */
export async function proveCommit(host: SpaceHost, repo: string, bytes: Uint8Array): Promise<ProvenCommit> {
  const commit = commitOf(repo, bytes)
  await verifySpaceCommit(commit)
  return allowed(host, repo, commit, bytes)
}

/** The same for one that was made here a moment ago: `signSpaceCommit` has checked its signature. */
export const proveOwnCommit = (host: SpaceHost, repo: string, bytes: Uint8Array): Promise<ProvenCommit> =>
  allowed(host, repo, commitOf(repo, bytes), bytes)

function commitOf(repo: string, bytes: Uint8Array): SpaceCommit {
  const name = spaceRepoOf(repo)
  const commit = parseSpaceCommit(bytes)
  if (commit.space !== name.space) throw new SpaceError('space.wrong-space', { found: commit.space })
  if (commit.author !== name.author) throw new SpaceError('space.wrong-author', { found: commit.author })
  return commit
}

async function allowed(
  host: SpaceHost,
  repo: string,
  commit: SpaceCommit,
  bytes: Uint8Array,
): Promise<ProvenCommit> {
  const name = spaceRepoOf(repo)
  const cid = spaceCommitCid(bytes, host.sha256)
  if (!(await host.mayWrite(name.author, name, commit, cid))) {
    throw new SpaceError('space.not-allowed', { author: name.author })
  }
  return { commit, bytes, cid }
}

/**
 * Whether a commit comes after the head; false when it is the head. Throws `space.rollback`, or
 * `space.equivocation` for another commit with the rev of one that was held.
 */
export async function isAhead(
  storage: Storage,
  repo: string,
  head: SpaceHeadRow | undefined,
  { commit, bytes, cid }: ProvenCommit,
): Promise<boolean> {
  if (head === undefined || compareRev(commit.rev, head.rev) > 0) return true
  if (head.cid === cid) return false
  const { rev } = commit
  const held = rev === head.rev ? head.cid : await storage.get('space-repos', heldKey(repo, rev))
  if (held !== undefined && held !== cid) {
    const kept = rev === head.rev ? { heldCommit: head.commit } : {}
    throw new SpaceError('space.equivocation', {
      repo,
      rev,
      held,
      other: cid,
      ...kept,
      otherCommit: bytes.slice(),
    })
  }
  throw new SpaceError('space.rollback', { repo, rev, held: head.rev })
}

/** Throws `space.hash-mismatch` unless the records that were counted are those that were signed. */
export function checkHash(host: SpaceHost, repo: string, tally: Tally, { commit }: ProvenCommit): void {
  const found = toHex(host.sha256(tally.state))
  const signed = toHex(commit.hash)
  if (found !== signed) throw new SpaceError('space.hash-mismatch', { repo, rev: commit.rev, found, signed })
}

export interface NextHead {
  readonly head: SpaceHeadRow | undefined
  readonly tally: Tally
  readonly proven: ProvenCommit
  readonly chain: string | undefined
  readonly givers: readonly string[]
  readonly merge: boolean
  /** what this write forgets */
  readonly forgotten: Pick<Forgetting, 'oldest'> & { readonly upTo?: string | undefined }
}

/** Moves the head, its state, and the list of heads that were held. */
export function headOps(repo: string, next: NextHead): WriteOp[] {
  const { head, tally, proven, chain, merge } = next
  const { rev, prev } = proven.commit
  const whole = head !== undefined && prev === head.cid ? (head.whole ?? head.rev) : rev
  const { oldest: first, upTo } = next.forgotten
  const oldest = first === undefined || (head?.held ?? 0) < MAX_HELD_HEADS ? [] : [first]
  const value: SpaceHeadRow = {
    commit: proven.bytes.slice(),
    cid: proven.cid,
    rev,
    records: tally.records(),
    bytes: tally.bytes(),
    chain,
    givers: [...new Set([...(head?.givers ?? []), ...next.givers])].slice(0, MAX_GIVERS),
    held: (head?.held ?? 0) + 1 - oldest.length,
    whole: laterRev(whole, upTo),
    merge,
  }
  return [
    { type: 'put', table: 'space-repos', key: headKey(repo), value },
    { type: 'put', table: 'space-repos', key: stateKey(repo), value: tally.state },
    { type: 'put', table: 'space-repos', key: heldKey(repo, rev), value: proven.cid },
    ...oldest.map((key): WriteOp => ({ type: 'delete', table: 'space-repos', key })),
  ]
}

/** Tombstones that one write takes away. */
const MAX_FORGOTTEN = 256

/** Deletes to forget: the writes, and up to which rev no list can go back then. */
export interface Forgetting {
  readonly ops: readonly WriteOp[]
  readonly upTo: string | undefined
  /** key of the oldest head that is known to have been held */
  readonly oldest: string | undefined
}

/** The key of the oldest head that is known to have been held. */
export async function oldestHeld(storage: Storage, repo: string): Promise<string | undefined> {
  const [oldest] = await storage.keys('space-repos', { ...under(`held/${repo}`), limit: 1 })
  return oldest
}

/** Forgets deletes from before the oldest head that is known to have been held. */
export async function forgetting(
  storage: Storage,
  repo: string,
  head: SpaceHeadRow | undefined,
): Promise<Forgetting> {
  // As long as all heads are known, no delete is from before the oldest.
  if ((head?.held ?? 0) < MAX_HELD_HEADS) return { ops: [], upTo: undefined, oldest: undefined }
  const held = under(`held/${repo}`)
  const oldest = await oldestHeld(storage, repo)
  if (oldest === undefined) return { ops: [], upTo: undefined, oldest }
  const { from } = under(`-${repo}`)
  const to = `${from}${oldest.slice(held.from.length)}0`
  const keys = await storage.keys('space-records', { from, to, limit: MAX_FORGOTTEN })
  let upTo: string | undefined
  const ops = keys.flatMap((key): WriteOp[] => {
    const since = key.slice(from.length, key.indexOf('/', from.length))
    const path = key.slice(from.length + since.length + 1)
    upTo = since
    return [
      { type: 'delete', table: 'space-records', key: goneKey(repo, path, since) },
      { type: 'delete', table: 'space-records', key: recordKey(repo, path) },
    ]
  })
  return { ops, upTo, oldest }
}

export const laterRev = (rev: string, other: string | undefined): string =>
  other !== undefined && compareRev(other, rev) > 0 ? other : rev

/** Holds while the head is still the one that was read. */
export const headGuard = (repo: string, head: SpaceHeadRow | undefined): Guard => ({
  table: 'space-repos',
  key: headKey(repo),
  // Written by this room only.
  holds: (value) => (value as SpaceHeadRow | undefined)?.cid === head?.cid,
})
