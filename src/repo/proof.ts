import { copyRange, utf8 } from '../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import type { Sha256 } from '../core/hash.ts'
import { createCarReader } from './car/reader.ts'
import { buildCar, type CarBlock } from './car/writer.ts'
import { checkCodes, checkRecord } from './cbor/check.ts'
import { type Commit, parseCommit } from './commit.ts'
import { RepoError } from './errors.ts'
import { binary } from './mst/diff.ts'
import { heightOf } from './mst/height.ts'
import { FIELDS, type MstNode, parseNode, PREFIX } from './mst/node.ts'
import { below, childDigest, keysOf, valueOf } from './mst/read.ts'
import { checkPathString } from './path.ts'
import { checkHash } from './verify/intake.ts'

/** A node on the path, for showing. */
export interface ProofNode {
  readonly cid: string
  /** layers above the leaves */
  readonly layer: number
  /** keys in it */
  readonly entries: number
  /** its size */
  readonly bytes: number
}

export interface RecordProof {
  /** The caller checks its signature, with `verifySignature(key, commit.sig, commit.unsigned)`. */
  readonly commit: Commit
  readonly commitCid: string
  /** the record's bytes; undefined: the tree has nothing at the path */
  readonly value: Uint8Array<ArrayBuffer> | undefined
  readonly cid: string | undefined
  /** from the root down */
  readonly nodes: readonly ProofNode[]
}

/**
 * Reads a proof that a repository has, or has not, a record at a path: a CAR of the signed commit, the tree
 * nodes from the root down to the path, and the record (`com.atproto.sync.getRecord`).
 *
 * As strict as the import of a whole repository, as far as the proof shows: every block's hash, nodes in
 * their one canonical form, keys in order inside a node and between the keys above it, their heights and
 * the layers, path syntax, the record's form. Absence counts only when the path ends at a place without
 * a subtree. Extra blocks are tolerated.
 *
 * @throws RepoError the codes of the CAR, the commit, the tree and the record; `repo.did-mismatch` when
 * `did` is given and the commit is another's; `repo.path-invalid` when `path` is none.
 */
export function verifyProofCar(input: {
  readonly car: Uint8Array
  readonly path: string
  readonly did?: string
  readonly sha256: Sha256
}): RecordProof {
  const { path, did, sha256 } = input
  if (!checkPathString(path)) throw new RepoError('repo.path-invalid', { path: path.slice(0, 200) })
  const { root, blocks } = readBlocks(input.car, sha256)
  const commitBytes = blocks.get(binary(root))
  if (commitBytes === undefined)
    throw new RepoError('repo.no-root', { reason: 'the root block is not there' })
  const commit = parseCommit(commitBytes)
  if (did !== undefined && commit.did !== did) {
    throw new RepoError('repo.did-mismatch', { expected: did, found: commit.did })
  }
  const { digest, nodes } = descend(blocks, commit.data, path, sha256)
  const commitCid = cidString(CODEC_DAG_CBOR, root)
  if (digest === undefined) return { commit, commitCid, value: undefined, cid: undefined, nodes }
  const cid = cidString(CODEC_DAG_CBOR, digest)
  const value = blocks.get(binary(digest))
  if (value === undefined) throw new RepoError('repo.record-missing', { cid })
  const failure = checkCodes[checkRecord(value, 0, value.length)]
  if (failure !== undefined) throw new RepoError(failure.code, { reason: failure.reason, cid })
  return { commit, commitCid, value, cid, nodes }
}

export type Blocks = ReadonlyMap<string, Uint8Array<ArrayBuffer>>

/**
 * Every DAG-CBOR block of a small CAR by its digest (`binary`), hashed; and the first root. Throws RepoError.
 */
export function readBlocks(car: Uint8Array, sha256: Sha256): { root: Uint8Array; blocks: Blocks } {
  const blocks = new Map<string, Uint8Array<ArrayBuffer>>()
  let root: Uint8Array | undefined
  const reader = createCarReader({
    header({ roots }) {
      root = roots[0]?.digest
    },
    block(codec, buffer, digestAt, from, to, position) {
      checkHash(sha256, buffer, digestAt, from, to, position)
      if (codec !== CODEC_DAG_CBOR) return
      blocks.set(binary(buffer.subarray(digestAt, digestAt + 32)), copyRange(buffer, from, to))
    },
  })
  reader.push(car)
  reader.end()
  if (root === undefined) throw new RepoError('repo.no-root')
  return { root, blocks }
}

/** Goes from the root towards the path; the record's digest when it is there. */
function descend(
  blocks: Blocks,
  root: Uint8Array,
  path: string,
  sha256: Sha256,
): { digest: Uint8Array | undefined; nodes: ProofNode[] } {
  const nodes: ProofNode[] = []
  let span: Span = { after: '', before: undefined }
  let layer: number | undefined
  let next: Uint8Array | undefined = root
  // Each turn is one block of the proof, and layers fall: it ends.
  while (next !== undefined) {
    const cid = cidString(CODEC_DAG_CBOR, next)
    const block = blocks.get(binary(next))
    if (block === undefined) throw new RepoError('repo.node-missing', { cid })
    const node = parseNode(block)
    const keys = strictKeys(node, span, cid)
    layer = checkLayer(node, keys, layer === undefined ? undefined : layer - 1, cid, sha256)
    nodes.push({ cid, layer, entries: node.count, bytes: block.length })
    const at = below(keys, path)
    if (keys[at] === path) return { digest: valueOf(node, at), nodes }
    next = childDigest(node, at)
    span = { after: keys[at - 1] ?? span.after, before: keys[at] ?? span.before }
  }
  return { digest: undefined, nodes }
}

/** The keys above a node that its own lie between. */
export interface Span {
  /** '' before the first */
  readonly after: string
  /** undefined after the last */
  readonly before: string | undefined
}

/** The keys of a node, each a path, in order within the span, with the longest shared prefixes. */
export function strictKeys(node: MstNode, span: Span, cid: string): string[] {
  const keys = keysOf(node)
  let last = span.after
  keys.forEach((key, i) => {
    if (!checkPathString(key)) throw new RepoError('repo.path-invalid', { cid, path: key.slice(0, 200) })
    const shared = i === 0 ? 0 : commonLength(keys[i - 1] ?? '', key)
    if (shared !== node.fields[i * FIELDS + PREFIX])
      throw new RepoError('repo.prefix-wrong', { cid, path: key })
    if (key === last || key === span.before) throw new RepoError('repo.key-duplicate', { cid, path: key })
    if (key < last || (span.before !== undefined && key > span.before)) {
      throw new RepoError('repo.key-order', { cid, path: key })
    }
    last = key
  })
  return keys
}

/** The node's layer, which every key of it has by its hash. Of the root nothing is expected: its first key tells. */
export function checkLayer(
  node: MstNode,
  keys: readonly string[],
  expected: number | undefined,
  cid: string,
  sha256: Sha256,
): number {
  const [first] = keys
  if (first === undefined) {
    // Only the root of an empty tree has neither keys nor a subtree; only a step to a lower layer has no keys.
    if (node.left >= 0 === (expected === undefined)) throw new RepoError('repo.node-empty', { cid })
  }
  const layer = expected ?? (first === undefined ? 0 : heightOf(sha256, utf8(first)))
  for (const key of keys) {
    const height = heightOf(sha256, utf8(key))
    if (height !== layer) throw new RepoError('repo.height-wrong', { cid, path: key, height, layer })
  }
  if (layer > 0) return layer
  for (let i = 0; i <= node.count; i++) {
    if (childDigest(node, i) !== undefined) throw new RepoError('repo.layer-wrong', { cid })
  }
  return layer
}

function commonLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && a.charCodeAt(length) === b.charCodeAt(length)) length++
  return length
}

export interface ProofParts {
  readonly commitBytes: Uint8Array
  /** from the root down, as `find` gives them */
  readonly nodes: readonly { readonly node: MstNode }[]
  /** none for a proof of absence */
  readonly record?: Uint8Array
  readonly sha256: Sha256
}

/** The blocks of a proof, the commit first. */
export function proofBlocks({ commitBytes, nodes, record, sha256 }: ProofParts): CarBlock[] {
  const parts = [
    commitBytes,
    ...nodes.map(({ node }) => node.bytes),
    ...(record === undefined ? [] : [record]),
  ]
  return parts.map((data) => ({ codec: CODEC_DAG_CBOR, digest: sha256(data), data }))
}

/** A proof as a CAR that {@link verifyProofCar} takes, and any other reader of `com.atproto.sync.getRecord`. */
export function buildProofCar(parts: ProofParts): Uint8Array<ArrayBuffer> {
  const blocks = proofBlocks(parts)
  return buildCar(
    blocks.slice(0, 1).map((commit) => commit.digest),
    blocks,
  )
}
