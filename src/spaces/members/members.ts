import { parseSpace } from '../../repo/space/uri.ts'
import type { Sha256 } from '../../core/hash.ts'
import { hasBit } from './bits.ts'
import type { EndingOf } from './endings.ts'
import { MembersError } from './errors.ts'
import { chooseHeads } from './heads.ts'
import type { History } from './history.ts'
import { MAX_IDLE_JOINS } from './model.ts'
import { parseOperation, type SignedOperation, verifyOperation } from './operation.ts'
import { createOperationSet, type Fork } from './set.ts'
import type { MembersState } from './state.ts'
import { successorOf } from './subjects.ts'
import { type CommitClaim, seenBy, type Verdict } from './verdict.ts'
import { createWaiting, WAITING_LIMITS, type WaitingLimits } from './waiting.ts'

export interface MembersOptions {
  /** `at://{did:key}/space/{type}/{skey}`; the key is the first authority's */
  readonly space: string
  /** CID of the operation that the space began with; whoever holds the authority's key could make another */
  readonly root: string
  readonly sha256: Sha256
  readonly waiting?: WaitingLimits
}

export interface Added {
  /** CIDs of operations that entered, parents first: the one that was given, and those that waited for it */
  readonly entered: readonly string[]
  /** those that waited for it and were refused */
  readonly refused: readonly { readonly cid: string; readonly error: MembersError }[]
  /** `in`, `waits` for its parents, or `dropped`: no room to wait, to be given again after its parents */
  readonly is: 'in' | 'waits' | 'dropped'
}

/** Members of one space: operations go in, in any order; the state comes out. Keeps nothing on disk. */
export interface Members {
  /**
   * Takes in an operation. One that is in already changes nothing. Throws `MembersError` for what is refused, which
   * changes nothing either.
   */
  readonly add: (bytes: Uint8Array) => Promise<Added>
  readonly state: () => MembersState
  /** Whether a commit counts; its signature and its space are for the caller to check. */
  readonly judge: (commit: CommitClaim) => Verdict
  /** The same in short: what `SpaceHost.mayWrite` asks. */
  readonly mayWrite: (commit: CommitClaim) => boolean
  /** CIDs to ask others for */
  readonly missing: () => string[]
  /** proofs that one author acted as two */
  readonly forks: () => Fork[]
  /** An operation's bytes, for those who ask. Throws `members.unknown`. */
  readonly bytesOf: (cid: string) => Uint8Array
  /** CIDs of all that is in, parents first */
  readonly all: () => string[]
  /** the number of this author's next operation over all that is in, 1 for the first */
  readonly nextSeq: (author: string) => number
  /** the parents of this author's next operation over all that is in, ascending */
  readonly headsFor: (author: string) => string[]
  /** CIDs of all that is neither one of these nor an ancestor of one, parents first; unknown CIDs are passed over */
  readonly after: (heads: readonly string[]) => string[]
  /** Whether some operation ever made this a device of somebody, or it joined. */
  readonly knows: (device: string) => boolean
  /** CIDs of the operations by which a device joined */
  readonly joinsOf: (device: string) => string[]
  /** what was so at earlier heads */
  readonly history: History
  /** what those are told who have no access any more */
  readonly endingOf: EndingOf
  /**
   * Takes in an operation that was in before, from where this device keeps them: its signatures are not checked
   * again. False when its parents are not in. Throws `MembersError`.
   */
  readonly restore: (bytes: Uint8Array) => boolean
}

/** Operations of one author with one number that are taken without need. */
export const MAX_FORKS = 8
/** Refused operations that are remembered, so that what follows them need not wait. */
const MAX_REFUSED = 4_096

/** Members of a space, of whom nothing is known yet. Throws `members.wrong-space` for one without a group's authority. */
export function createMembers({
  space,
  root,
  sha256,
  waiting: limits = WAITING_LIMITS,
}: MembersOptions): Members {
  const firstKey = parseSpace(space)?.did
  if (firstKey?.startsWith('did:key:') !== true)
    throw new MembersError('members.wrong-space', { found: space.slice(0, 200) })
  const set = createOperationSet(space, root)
  const { graph } = set
  const isIn = (cid: string): boolean => graph.get(cid) !== undefined
  const waiting = createWaiting(isIn, limits)
  const refused = new Set<string>()
  /** those whose signatures hold */
  const verified = new WeakSet<SignedOperation>()

  /** Whether an operation in the set gave this author, or this authority, a part. */
  function isKnown({ operation: { author, authority, letter } }: SignedOperation): boolean {
    if (letter?.of === 'join') return graph.link(letter.join.link) !== undefined
    if (authority === null) return graph.personsOf(author).length > 0
    return authority === firstKey || graph.authority.some((it) => successorOf(it.operation) === authority)
  }

  /** Cheap reasons to refuse, before any signature is looked at. */
  function checkFirst(signed: SignedOperation): void {
    const { author, seq, parents } = signed.operation
    const parent = parents.find((it) => refused.has(it))
    if (parent !== undefined) throw new MembersError('members.refused-parent', { parent })
    if (parents.every(isIn) && !isKnown(signed)) throw new MembersError('members.unknown-author', { author })
    if (graph.at(author, seq).length >= MAX_FORKS && !waiting.isWanted(signed.cid, author))
      throw new MembersError('members.too-many', { what: 'forks', most: MAX_FORKS })
    if (parents.every(isIn) && !set.room().hasRoom(signed.operation) && !isNeeded(signed.cid))
      throw new MembersError('members.too-many', { what: 'joins', most: MAX_IDLE_JOINS })
  }

  /** Whether what somebody with a part here did waits for this one. */
  const isNeeded = (cid: string): boolean =>
    waiting
      .behind(cid)
      .some(({ operation: { author, authority } }) => authority !== null || set.room().hasPart(author))

  /** What is refused is so for good, and all that waits for it. Whether there is room may change. */
  function noteRefused(cid: string, error: unknown): void {
    if (!(error instanceof MembersError) || error.code === 'members.too-many') return
    const going = [cid]
    for (let it = going.pop(); it !== undefined; it = going.pop()) {
      const [oldest] = refused
      if (refused.size >= MAX_REFUSED && oldest !== undefined) refused.delete(oldest)
      refused.add(it)
      for (const child of waiting.take(it)) going.push(child.cid)
    }
  }

  /** Lets one in, or has it wait. */
  async function take(signed: SignedOperation): Promise<Added['is']> {
    try {
      checkFirst(signed)
      const known = isKnown(signed)
      // A stranger's is kept unread until its parents say that it is none.
      if (known && !verified.has(signed)) {
        await verifyOperation(signed)
        verified.add(signed)
      }
      if (isIn(signed.cid)) return 'in'
      if (!signed.operation.parents.every(isIn)) return waiting.add(signed, known) ? 'waits' : 'dropped'
      // Its parents may have come while its signatures were checked, and with them its author.
      if (!verified.has(signed)) return await take(signed)
      set.insert(signed)
      return 'in'
    } catch (error) {
      noteRefused(signed.cid, error)
      throw error
    }
  }

  function checkSpace({ operation }: SignedOperation): void {
    if (operation.space !== space) throw new MembersError('members.wrong-space', { found: operation.space })
  }

  async function add(bytes: Uint8Array): Promise<Added> {
    const signed = parseOperation(bytes, sha256)
    checkSpace(signed)
    if (isIn(signed.cid)) return { entered: [], refused: [], is: 'in' }
    if (waiting.has(signed.cid)) return { entered: [], refused: [], is: 'waits' }
    const is = await take(signed)
    if (is !== 'in') return { entered: [], refused: [], is }
    return { ...(await release(signed.cid)), is }
  }

  /** Goes on with those that waited for one, and for those. */
  async function release(cid: string): Promise<Omit<Added, 'is'>> {
    const entered = [cid]
    const failed: { cid: string; error: MembersError }[] = []
    const next = waiting.take(cid)
    for (let it = next.shift(); it !== undefined; it = next.shift()) {
      try {
        if ((await take(it)) !== 'in') continue
        entered.push(it.cid)
      } catch (error) {
        if (!(error instanceof MembersError)) throw error
        failed.push({ cid: it.cid, error })
        continue
      }
      next.push(...waiting.take(it.cid))
    }
    return { entered, refused: failed }
  }

  return {
    add,
    state: set.state,
    judge: set.judge,
    mayWrite: (commit) => set.judge(commit).is === 'counts',
    missing: waiting.missing,
    forks: set.forks,
    bytesOf(cid) {
      const node = graph.get(cid)
      if (node === undefined) throw new MembersError('members.unknown', { cid })
      return new Uint8Array(node.bytes)
    },
    all: () => graph.nodes.map((it) => it.cid),
    headsFor: (author) => chooseHeads(graph, author),
    after(heads) {
      const seen = seenBy(graph, heads)
      return graph.nodes.flatMap((it) => (hasBit(seen, it.index) ? [] : [it.cid]))
    },
    knows: (device) => graph.personsOf(device).length > 0,
    joinsOf: (device) => graph.by(device).flatMap((it) => (it.operation.act.kind === 'join' ? [it.cid] : [])),
    history: set.history,
    endingOf: set.endingOf,
    restore(bytes) {
      const signed = parseOperation(bytes, sha256)
      checkSpace(signed)
      if (!signed.operation.parents.every(isIn)) return false
      set.insert(signed)
      return true
    },
    nextSeq: (author) => graph.by(author).reduce((last, it) => Math.max(last, it.operation.seq), 0) + 1,
  }
}
