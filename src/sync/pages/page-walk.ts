import { cidString, CODEC_DAG_CBOR, DIGEST_BYTES, parseCid } from '../../core/cid.ts'
import type { DigestCheck, Sha256 } from '../../core/hash.ts'
import { checkError, checkRecord } from '../../repo/cbor/check.ts'
import { type Commit, parseCommit } from '../../repo/commit.ts'
import { RepoError } from '../../repo/errors.ts'
import { FIELDS, type MstNode, parseNode, VALUE } from '../../repo/mst/node.ts'
import { childAt, keysOf, valueOf } from '../../repo/mst/read.ts'
import { checkLayer, type Span, strictKeys } from '../../repo/proof.ts'
import { type AskedBlocks, askedBlocks } from './asked-blocks.ts'
import { PAGE_BYTES } from './protocol.ts'
import { holdsAll, inRange, mayHold, type PathRange } from './range.ts'

export interface PageRecord {
  readonly path: string
  readonly digest: Uint8Array
  /** a view into the page */
  readonly bytes: Uint8Array
}

/** What a page has proven. */
export interface ProvenPage {
  /** path of the last record so far; undefined when there was none */
  readonly last: string | undefined
  /** the range is proven to its end */
  readonly end: boolean
  /** none are made of a page that is imported */
  readonly records: readonly PageRecord[]
  /**
   * the page as frames of a CAR, which it came as or, when it came bare, is set as; of a page that is imported only
   * valid until the next is taken
   */
  readonly fragment: Uint8Array
}

/** Proves pages of one range of one repo, each as it comes. */
export interface PageWalk {
  /**
   * Takes the next page. It begins where the one before ended; the first begins with the signed commit. What
   * came bare, without CIDs, gets those that the tree names.
   * A page that throws leaves the walk as it was, so that another one can take its place.
   *
   * @throws RepoError
   */
  take(page: Uint8Array, bare?: boolean): ProvenPage
  /** known after the first page; its signature is for the caller to check */
  readonly commit: Commit | undefined
  readonly last: string | undefined
  readonly end: boolean
}

export interface PageWalkOptions {
  readonly did: string
  /** CID of the signed commit */
  readonly root: string
  readonly range: PathRange
  readonly sha256: Sha256
  /** what hashes the blocks */
  readonly digests: DigestCheck
  /**
   * An import takes each page next, and hashes and checks all its blocks. Then only the order is proven here: that
   * a page holds just the blocks that its nodes, if they are what they say, ask for.
   */
  readonly imported?: boolean
}

/** A node that the walk is in. */
interface Level {
  readonly node: MstNode
  /** undefined while none is needed: every path under it is in the range, and nobody asks for them */
  readonly keys: readonly string[] | undefined
  readonly layer: number
  readonly span: Span
  /** even: child step/2; odd: entry (step-1)/2 */
  step: number
}

/** Pages are cut at this many bytes, before the frames of their blocks; most fit. */
const ROOM = PAGE_BYTES + PAGE_BYTES / 4

interface State {
  readonly levels: readonly Level[]
  readonly commit: Commit | undefined
  readonly last: string | undefined
  readonly end: boolean
}

/**
 * A walk goes through the tree in preorder and takes from each page exactly the blocks that it meets: nodes
 * that may hold a path of the range, and the range's records. So nothing can be left out between two records,
 * nothing can be put in, and a sender makes nobody store what is not of the repo. Nodes are checked as
 * strictly as an import does.
 */
export function createPageWalk(options: PageWalkOptions): PageWalk {
  const root = parseCid(options.root)
  if (root === undefined) throw new RepoError('repo.cid-unsupported', { cid: options.root.slice(0, 100) })
  let room: Uint8Array<ArrayBuffer> | undefined
  let state: State = { levels: [], commit: undefined, last: options.range.after, end: false }
  return {
    take(page, bare = false) {
      if (state.end) throw surplus()
      const { imported = false, digests } = options
      // Pages follow one another while the import copies what it keeps: one buffer serves all.
      room ??= imported && bare ? new Uint8Array(ROOM) : undefined
      const blocks = askedBlocks(page, bare, imported ? undefined : digests, room)
      const { next, proven } = proceedOrBlame(options, root.digest, state, blocks)
      if (!imported) blocks.check(digests)
      state = next
      return proven
    },
    get commit() {
      return state.commit
    },
    get last() {
      return state.last
    },
    get end() {
      return state.end
    },
  }
}

/**
 * One page alone, from the signed commit down.
 *
 * @throws RepoError
 */
export function verifyPage(
  page: Uint8Array,
  options: PageWalkOptions & { readonly imported?: false; readonly bare?: boolean },
): ProvenPage & { readonly commit: Commit } {
  const walk = createPageWalk(options)
  const proven = walk.take(page, options.bare)
  if (walk.commit === undefined) throw new RepoError('repo.no-root')
  return { ...proven, commit: walk.commit }
}

/** A block that is another than the tree names is the earlier fault, whatever it looked like. */
function proceedOrBlame(...input: Parameters<typeof proceed>): ReturnType<typeof proceed> {
  const [{ digests }, , , blocks] = input
  try {
    return proceed(...input)
  } catch (error) {
    blocks.check(digests)
    throw error
  }
}

function proceed(
  { did, range, sha256, imported = false }: PageWalkOptions,
  root: Uint8Array,
  before: State,
  blocks: AskedBlocks,
): { readonly next: State; readonly proven: ProvenPage } {
  // Copies: a page that is refused changes nothing.
  const levels: Level[] = before.levels.map((level) => ({ ...level }))
  const records: PageRecord[] = []
  let { commit } = before
  /** the last record of this page: this entry of the node */
  let lastLevel: Level | undefined
  let lastEntry = 0
  /** what came last is a record */
  let endsWithRecord = false
  /** False when the page is over. */
  const open = (source: Uint8Array, at: number, layer: number | undefined, span: Span): boolean => {
    if (!blocks.step(source, at, 'repo.node-missing')) return false
    endsWithRecord = false
    const node = parseNode(blocks.data())
    if (imported) {
      const keys = holdsAll(range, span) ? undefined : keysOf(node)
      levels.push({ node, keys, layer: layer ?? 0, span, step: 0 })
    } else {
      const cid = cidString(CODEC_DAG_CBOR, source.subarray(at, at + DIGEST_BYTES))
      const keys = strictKeys(node, span, cid)
      levels.push({ node, keys, layer: checkLayer(node, keys, layer, cid, sha256), span, step: 0 })
    }
    return true
  }
  /** Takes the record of an entry. False when the page is over. */
  const take = (level: Level, i: number, path: string | undefined): boolean => {
    const { bytes: source, fields } = level.node
    const at = fields[i * FIELDS + VALUE] ?? 0
    if (!blocks.step(source, at, 'repo.record-missing')) return false
    endsWithRecord = true
    lastLevel = level
    lastEntry = i
    if (imported || path === undefined) return true
    const bytes = blocks.data()
    const digest = valueOf(level.node, i)
    const failure = checkRecord(bytes, 0, bytes.length)
    if (failure !== 0) throw checkError(failure, 0, { cid: cidString(CODEC_DAG_CBOR, digest) })
    records.push({ path, digest, bytes })
    return true
  }

  if (commit === undefined) {
    const bytes = blocks.next(root, 'repo.node-missing')
    if (bytes === undefined) throw new RepoError('repo.no-root', { reason: 'the page is empty' })
    commit = parseCommit(bytes)
    if (commit.did !== did) throw new RepoError('repo.did-mismatch', { expected: did, found: commit.did })
    if (!open(commit.data, 0, undefined, WHOLE)) throw truncated()
  }
  let more = true
  while (more) {
    const level = levels.at(-1)
    if (level === undefined) break
    const { node, keys, span, step } = level
    const i = step >> 1
    if (step > 2 * node.count) {
      levels.pop()
      continue
    }
    if (step % 2 === 0) {
      const at = childAt(node, i)
      if (at >= 0) {
        // Under keys that nobody needs nobody needs any.
        const below =
          keys === undefined ? span : { after: keys[i - 1] ?? span.after, before: keys[i] ?? span.before }
        if (keys === undefined || mayHold(range, below.after, below.before))
          more = open(node.bytes, at, level.layer - 1, below)
      }
    } else if (keys === undefined || inRange(range, keys[i] ?? '')) {
      if (!take(level, i, keys?.[i])) break
    }
    if (more) level.step++
  }
  if (blocks.left > 0) throw surplus()
  const end = levels.length === 0
  // It ends with a record or with the range, or else what comes next could not be told from what was sent.
  if (!end && !endsWithRecord) throw truncated()
  const last = lastLevel === undefined ? before.last : (lastLevel.keys ?? keysOf(lastLevel.node))[lastEntry]
  const { fragment } = blocks
  return {
    next: { levels: levels.map((it) => apart(it, fragment)), commit, last, end },
    proven: { last, end, records, fragment },
  }
}

/** A level that does not hold on to a page for the sake of one node of it. */
const apart = (level: Level, page: Uint8Array): Level =>
  level.node.bytes.buffer === page.buffer
    ? { ...level, node: { ...level.node, bytes: new Uint8Array(level.node.bytes) } }
    : level

const WHOLE: Span = { after: '', before: undefined }

const truncated = (): RepoError => new RepoError('repo.car-truncated', { reason: 'page' })
const surplus = (): RepoError => new RepoError('repo.car-frame', { reason: 'not of this page' })
