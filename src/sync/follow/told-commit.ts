import { CODEC_DAG_CBOR, cidString, parseCid } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import { FirehoseError } from '../../pds/firehose/errors.ts'
import type { FirehoseEvent, RepoOp } from '../../pds/firehose/frame.ts'
import { parseCommit } from '../../repo/commit.ts'
import { RepoError } from '../../repo/errors.ts'
import { binary } from '../../repo/mst/diff.ts'
import { checkPathString } from '../../repo/path.ts'
import { type Blocks, readBlocks } from '../../repo/proof.ts'
import type { ToldChange } from '../../storage/import-session.ts'
import { type Operation, rootBefore } from './invert.ts'

/** Most operations that a commit may have (atproto "repository"). */
const MAX_OPS = 200

export type CommitEvent = Extract<FirehoseEvent, { kind: 'commit' }>

/** A commit that was told of whole: what it changed in the tree before it is proven, whose it is is not. */
export interface ToldCommit {
  readonly did: string
  readonly rev: string
  /** the signed commit's block, and its CID */
  readonly commit: Uint8Array
  readonly cid: string
  /** roots before and after it; 32 bytes */
  readonly before: Uint8Array
  readonly after: Uint8Array
  readonly changes: readonly ToldChange[]
  /** bytes of the event's blocks */
  readonly bytes: number
}

/**
 * Reads what a server tells of a commit, as strictly as a repo: the commit is of this account and rev, each
 * record that was written is there, and the operations, undone on the new tree, give the tree before.
 * The signature is checked by whoever takes it in.
 *
 * @throws FirehoseError `firehose.unproven` (reason `too-big`, `no-tree-before`, `operations`, `commit`,
 * `record-missing`, `inversion`, or the code of what a block was refused for)
 */
export async function readToldCommit(event: CommitEvent, sha256: Sha256): Promise<ToldCommit> {
  const { did, rev } = event
  const unproven = (reason: string, cause?: unknown): FirehoseError =>
    new FirehoseError('firehose.unproven', { did, rev, reason }, { cause })
  if (event.tooBig) throw unproven('too-big')
  const before = digestOf(event.prevData)
  // The first commit of an account has none either: then nothing is kept to apply it to.
  if (before === undefined) throw unproven('no-tree-before')
  const ops = operationsOf(event.ops)
  if (ops === undefined) throw unproven('operations')
  try {
    const { root, blocks } = readBlocks(event.blocks, sha256)
    const commit = blocks.get(binary(root))
    if (commit === undefined || cidString(CODEC_DAG_CBOR, root) !== event.commit) throw unproven('commit')
    const parsed = parseCommit(commit)
    if (parsed.did !== did || parsed.rev !== rev) throw unproven('commit')
    const changes = changesOf(ops, blocks)
    if (changes === undefined) throw unproven('record-missing')
    const undone = await rootBefore(parsed.data, ops, blocks, sha256)
    if (binary(undone) !== binary(before)) throw unproven('inversion')
    const bytes = event.blocks.length
    return { did, rev, commit, cid: event.commit, before, after: parsed.data, changes, bytes }
  } catch (error) {
    throw error instanceof RepoError ? unproven(error.code, error) : error
  }
}

/** Each path once, and each with as much as an undo needs; else undefined. */
function operationsOf(ops: readonly RepoOp[]): Operation[] | undefined {
  if (ops.length > MAX_OPS || new Set(ops.map(({ path }) => path)).size < ops.length) return undefined
  const out: Operation[] = []
  for (const { action, path, cid, prev } of ops) {
    const op = { path, after: digestOf(cid), before: digestOf(prev) }
    const is = `${op.before === undefined ? '' : 'was'}${op.after === undefined ? '' : 'is'}`
    const wanted = { create: 'is', update: 'wasis', delete: 'was' }[action]
    if (is !== wanted || !checkPathString(path)) return undefined
    out.push(op)
  }
  return out
}

function changesOf(ops: readonly Operation[], blocks: Blocks): ToldChange[] | undefined {
  const out: ToldChange[] = []
  for (const { path, after } of ops) {
    const record = after === undefined ? undefined : blocks.get(binary(after))
    if (after !== undefined && record === undefined) return undefined
    out.push({ path, record })
  }
  return out
}

function digestOf(cid: string | undefined): Uint8Array | undefined {
  const parsed = cid === undefined ? undefined : parseCid(cid)
  return parsed?.codec === CODEC_DAG_CBOR ? parsed.digest : undefined
}
