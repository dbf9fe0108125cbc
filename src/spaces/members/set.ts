import { checkAdmission } from './admit.ts'
import { type Among, judgeTerms, type Terms } from './authority.ts'
import { hasBit } from './bits.ts'
import { MembersError } from './errors.ts'
import { createGraph, type Graph, type Node } from './graph.ts'
import { createEndings, type EndingOf } from './endings.ts'
import { createHistory, type History } from './history.ts'
import type { SignedOperation } from './operation.ts'
import { createRoom, type Room } from './room.ts'
import { createRules, createUniverse, type Rules, type Universe } from './rules.ts'
import { deriveState, type MembersState } from './state.ts'
import { type CommitClaim, judgeCommit, type Verdict } from './verdict.ts'

/** Two or more operations of one author with one number: proof that it acted as two. */
export interface Fork {
  readonly author: string
  readonly seq: number
  /** ascending by CID, each with its signatures */
  readonly operations: readonly { readonly cid: string; readonly bytes: Uint8Array }[]
}

/** The operations of a space that were let in, and what follows from them. */
export interface OperationSet {
  readonly graph: Graph
  /**
   * Takes in an operation of this space whose signatures hold and whose parents are in; one that is in changes
   * nothing. Throws `members.parents`, `members.sequence`, `members.not-allowed`, `members.too-many`.
   */
  readonly insert: (signed: SignedOperation) => void
  readonly state: () => MembersState
  readonly judge: (commit: CommitClaim) => Verdict
  readonly forks: () => Fork[]
  /** what there is room for now */
  readonly room: () => Room
  readonly history: History
  readonly endingOf: EndingOf
}

/** Operations in one space. */
const MAX_OPERATIONS = 16_384

/** With a `root`, no other operation begins this space. */
export function createOperationSet(space: string, root?: string): OperationSet {
  const graph = createGraph(space)
  let view: View | undefined

  /** What follows from the whole set; what was found about lowerings stays while the same operations are nothing. */
  function current(): View {
    const size = graph.nodes.length
    if (view?.size === size) return view
    const terms = judgeTerms(graph, () => true)
    const rules =
      view !== undefined && isSame(view.terms.nothing, terms.nothing)
        ? view.rules
        : createRules(graph, terms.nothing)
    view = { size, terms, rules, whole: createUniverse(() => true), state: undefined, room: undefined }
    return view
  }

  /** For ancestors of which exactly these are nothing. */
  function rulesFor(seen: Among, nothing: ReadonlySet<number>): Rules {
    const { terms, rules } = current()
    const now = [...terms.nothing].filter(seen)
    return isSame(new Set(now), nothing) ? rules : createRules(graph, nothing)
  }

  const history = createHistory(graph, {
    rulesFor,
    now: () => {
      const { rules, whole } = current()
      return { rules, whole }
    },
  })

  return {
    graph,
    history,
    endingOf: createEndings(graph, rulesFor),
    room() {
      const now = current()
      now.room ??= createRoom(graph, now.rules, now.whole)
      return now.room
    },
    insert(signed) {
      if (graph.get(signed.cid) !== undefined) return
      if (graph.nodes.length >= MAX_OPERATIONS)
        throw new MembersError('members.too-many', { what: 'operations', most: MAX_OPERATIONS })
      const { author, act } = signed.operation
      if (act.kind === 'create' && root !== undefined && signed.cid !== root)
        throw new MembersError('members.not-allowed', { kind: act.kind, author })
      const node = graph.place(signed)
      checkAdmission(graph, node, (nothing) => rulesFor(createSeen(node), nothing))
      graph.push(node)
    },
    state() {
      const now = current()
      now.state ??= deriveState(graph, now.rules, now.terms, now.whole)
      return now.state
    },
    judge(commit) {
      const { rules, whole } = current()
      return judgeCommit(graph, rules, whole, commit)
    },
    forks: () =>
      [...graph.forks()]
        .map((nodes) => {
          const operations = nodes.map(({ cid, bytes }) => ({ cid, bytes }))
          operations.sort((a, b) => (a.cid < b.cid ? -1 : 1))
          const { author = '', seq = 0 } = nodes[0]?.operation ?? {}
          return { author, seq, operations }
        })
        .sort((a, b) => (a.author === b.author ? a.seq - b.seq : a.author < b.author ? -1 : 1)),
  }
}

interface View {
  readonly size: number
  readonly terms: Terms
  readonly rules: Rules
  readonly whole: Universe
  state: MembersState | undefined
  room: Room | undefined
}

const createSeen =
  ({ seen }: Node) =>
  (at: number): boolean =>
    hasBit(seen, at)

const isSame = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean =>
  a.size === b.size && [...a].every((it) => b.has(it))
