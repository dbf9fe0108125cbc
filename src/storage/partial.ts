import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import { utf8 } from '../core/bytes.ts'
import type { Lanes, Sha256 } from '../core/hash.ts'
import { RepoError } from '../repo/errors.ts'
import { checkPathString } from '../repo/path.ts'
import { binary, compare, type Difference, type Side, storedSide } from '../repo/mst/diff.ts'
import type { MstNode } from '../repo/mst/node.ts'
import { heightOf } from '../repo/mst/height.ts'
import { editTree, type TreeOp } from '../repo/mst/edit.ts'
import { type CollectionTotals, keysOf, type TreeSource, visit } from '../repo/mst/read.ts'
import type { Place } from '../repo/mst/stored.ts'
import type { Intake } from '../repo/verify/intake.ts'
import type { TreeRoot } from '../repo/verify/walk-model.ts'
import type { ChangedPath } from './change-news.ts'
import type { Told } from './change-told.ts'
import type { SignedCommit } from './import-session.ts'
import type { Storage } from './port.ts'
import type { SnapshotRow } from './rows.ts'
import { createSegmentReader } from './segment-reader.ts'
import type { TreeSink } from './tree-sink.ts'

/**
 * Proves a CAR that holds only what changed since a kept snapshot.
 *
 * Its tree nodes are taken as hints of what changed, nothing more: the changes are applied to the kept
 * tree, whose new root must equal the signed one. Whatever a sender left out or made up ends in
 * `repo.node-missing`, `repo.record-missing` or `repo.root-mismatch`, and the caller asks for the whole repo.
 *
 * The same holds for changes that were `told`: then no nodes are looked at, and all new records came.
 */
export async function partialTree(input: {
  readonly storage: Storage
  readonly did: string
  readonly base: SnapshotRow
  readonly commit: SignedCommit
  readonly intake: Intake
  readonly sink: TreeSink
  readonly sha256: Sha256
  /** many hashes at a time, where the host can */
  readonly lanes?: Lanes
  readonly fetchPage: () => Promise<void>
  readonly told?: Told | undefined
}): Promise<{
  readonly root: TreeRoot
  readonly collections: readonly CollectionTotals[]
  readonly changed: readonly ChangedPath[]
}> {
  const { base, commit, sink, sha256, told } = input
  const source = told?.source ?? createSegmentReader(input.storage, input.did)
  const differences =
    told?.differences ?? (await compare(storedSide(source, base.root, base.data), await receivedSide(input)))
  const places = await findRecords(input, differences, source)
  const ops = differences.map(({ key, after }, i): TreeOp => {
    if (after === undefined) return { key, record: undefined }
    // The root proves the tree's shape; that its keys are paths is the one thing left to check.
    if (!checkPathString(key)) throw new RepoError('repo.path-invalid', { path: key.slice(0, 200) })
    const place = places[i]
    if (place === undefined)
      throw new RepoError('repo.record-missing', { cid: cidString(CODEC_DAG_CBOR, after) })
    return { key, record: { digest: after, place } }
  })
  const edited = await editTree({
    source,
    base: { root: base.root, digest: base.data },
    ...{ ops, sink, sha256, heads: input.lanes?.heads },
  })
  if (binary(edited.digest) !== binary(commit.commit.data)) throw new RepoError('repo.root-mismatch')
  return {
    root: edited.root,
    collections: recount(base.collections, differences, places),
    changed: differences.map(({ key, after }, i) => ({
      path: key,
      place: after === undefined ? undefined : places[i],
    })),
  }
}

/**
 * The signed tree as far as it was sent. A node that was not sent must be one that the kept tree has at the
 * same layer; the comparison has dropped those before it asks here.
 */
async function receivedSide(input: {
  readonly base: SnapshotRow
  readonly commit: SignedCommit
  readonly intake: Intake
  readonly sha256: Sha256
  readonly fetchPage: () => Promise<void>
}): Promise<Side> {
  const { intake, base } = input
  const digest = input.commit.commit.data
  const open = async (wanted: Uint8Array): Promise<MstNode | undefined> => {
    let node = intake.heldNode(wanted)
    if (node === 'elsewhere') {
      await input.fetchPage()
      node = intake.heldNode(wanted)
    }
    return typeof node === 'string' ? undefined : node
  }
  /** Nothing but a root's first key tells its layer. */
  const layer = async (): Promise<number> => {
    if (binary(digest) === binary(base.data)) return base.root.layer
    const node = await open(digest)
    if (node === undefined)
      throw new RepoError('repo.node-missing', { cid: cidString(CODEC_DAG_CBOR, digest) })
    const [first] = keysOf(node)
    return first === undefined ? 0 : heightOf(input.sha256, utf8(first))
  }
  return {
    layer: await layer(),
    digest,
    rootChild: undefined,
    async open(nodes) {
      const out = []
      for (const { digest } of nodes) {
        const node = await open(digest)
        if (node === undefined)
          throw new RepoError('repo.node-missing', { cid: cidString(CODEC_DAG_CBOR, digest) })
        out.push({ node, records: undefined, children: undefined })
      }
      return out
    },
  }
}

/**
 * Places of the new values, in the order of the differences: sent now, or kept under another path (a sender leaves
 * those out).
 */
async function findRecords(
  input: {
    readonly intake: Intake
    readonly base: SnapshotRow
    readonly fetchPage: () => Promise<void>
    readonly told?: Told | undefined
  },
  differences: readonly Difference[],
  source: TreeSource,
): Promise<(Place | undefined)[]> {
  const places: (Place | undefined)[] = []
  const wanted = new Map<string, Place | undefined>()
  for (const { after } of differences) {
    let place = after === undefined ? undefined : input.intake.record(after, 0)
    if (after !== undefined && place === 'elsewhere') {
      await input.fetchPage()
      place = input.intake.record(after, 0)
    }
    if (after !== undefined && typeof place === 'string') wanted.set(binary(after), undefined)
    places.push(typeof place === 'string' ? undefined : place)
  }
  if (wanted.size === 0) return places
  let missing = wanted.size
  const offer = (digest: Uint8Array, place: Place): void => {
    const key = binary(digest)
    if (!wanted.has(key) || wanted.get(key) !== undefined) return
    wanted.set(key, place)
    missing--
  }
  for (const { before, beforePlace } of differences)
    if (before !== undefined && beforePlace !== undefined) offer(before, beforePlace)
  if (missing > 0 && input.told === undefined) {
    await visit(source, input.base.root, { skip: 0, reverse: false }, ({ digest, place }) => {
      offer(digest, place)
      return missing > 0
    })
  }
  return places.map((place, i) => {
    const after = differences[i]?.after
    return place ?? (after === undefined ? undefined : wanted.get(binary(after)))
  })
}

/** Counts by collection after the changes, without reading the tree. */
function recount(
  before: readonly CollectionTotals[],
  differences: readonly Difference[],
  places: readonly (Place | undefined)[],
): CollectionTotals[] {
  const totals = new Map(before.map((it) => [it.nsid, { ...it }]))
  for (const [i, { key, before: was, after, beforePlace }] of differences.entries()) {
    const nsid = key.slice(0, key.indexOf('/'))
    const it = totals.get(nsid) ?? { nsid, records: 0, bytes: 0 }
    const change = (after === undefined ? 0 : 1) - (was === undefined ? 0 : 1)
    const size = (after === undefined ? 0 : (places[i]?.length ?? 0)) - (beforePlace?.length ?? 0)
    it.records += change
    it.bytes += size
    totals.set(nsid, it)
  }
  return [...totals.values()].filter((it) => it.records > 0).sort(inTreeOrder)
}

/** By their keys, not their names: `a.b/x` comes after `a.b-c/x`. */
function inTreeOrder(a: CollectionTotals, b: CollectionTotals): number {
  return `${a.nsid}/` < `${b.nsid}/` ? -1 : 1
}
