import { concat, copyRange, equalAt } from '../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import { checkEach, fillEach } from '../core/hash.ts'
import { RepoError } from '../repo/errors.ts'
import { type CheckedBlocks, createBlockCheck } from '../repo/verify/block-check.ts'
import { createIntake, type Intake } from '../repo/verify/intake.ts'
import { createTreeWalk } from '../repo/verify/walk.ts'
import type { TreeRoot, TreeWalk } from '../repo/verify/walk-model.ts'
import type { CollectionTotals } from '../repo/mst/read.ts'
import { type KnownHead, moveHead, newestSnapshot, snapshotId } from './head.ts'
import { beginImport, discardImport } from './import-row.ts'
import type { ImportOptions, ImportSession, SignedCommit } from './import-session.ts'
import { type ChangedPath, newsOf } from './change-news.ts'
import { lookUpPaths, takeTold, type Told } from './change-told.ts'
import { recallBase, recallImport } from './recall.ts'
import { type SegmentRow, spillBytesKey } from './rows.ts'
import { createSegmentReader, type SegmentReader, windowIn } from './segment-reader.ts'
import { createSegmentWriter } from './segment-writer.ts'
import { signedCommit } from './signed-commit.ts'
import { snapshotOf } from './snapshot-of.ts'
import { createWriteLane } from './write-lane.ts'
import { createTreeSink } from './tree-sink.ts'
import { frameTold } from './told-frames.ts'
import { partialTree } from './partial.ts'

export type { ImportOptions, ImportSession, SignedCommit } from './import-session.ts'

/** Unproven tree nodes held in memory; more is spilled to the disk. 300k records in any order stay under it. */
const NODE_BUDGET = 32 << 20

interface Proven {
  readonly root: TreeRoot
  readonly collections: readonly CollectionTotals[]
  readonly changed?: readonly ChangedPath[]
}

/** Opens an import of one repo, or goes on with the one that was cut off. See {@link ImportSession}. */
export async function openImport(options: ImportOptions): Promise<ImportSession> {
  const { storage, did, sha256, random } = options
  const seed = random()
  // What changed is little, most often: then it is one transaction, with the head.
  const late = options.partial === true && options.base !== undefined
  const writes = await beginImport({ ...options, late })
  const lane = createWriteLane(did, writes)
  const writer = (kind: SegmentRow['kind']) => createSegmentWriter(lane, kind, random, () => walk?.check())
  const records = writer(options.partial === true ? 'mixed' : 'records')
  const trees = options.partial === true ? [records] : [writer('tree'), writer('tree'), writer('tree')]
  const writers = options.partial === true ? [records] : [records, ...trees]

  const intake: Intake = createIntake({
    sha256,
    seed,
    nodeBudget: options.nodeBudget ?? NODE_BUDGET,
    sink: {
      get segment() {
        return records.segment
      },
      keep: (bytes, digestAt, from, to) => records.record(bytes, digestAt, from, to),
    },
  })
  const sink = createTreeSink({ writers: trees, seed, onNode: (digest, at) => intake.nodeDone(digest, at) })
  // The base first: what a cut-off try wrote may point into it.
  if (options.base !== undefined && options.partial !== true) {
    await recallBase({ storage, did, base: options.base, sha256, intake, sink })
  }
  if (writes.resumed) await recallImport({ storage, did, importId: writes.id, sha256, intake, sink })

  const flush = async (): Promise<void> => {
    for (const it of writers) it.seal()
    await lane.idle()
  }

  let commit: SignedCommit | undefined
  let greeted = false
  let root: Uint8Array | undefined
  let walk: TreeWalk | undefined
  let proof: { readonly commit: SignedCommit; readonly proven: Proven } | undefined
  let bytes = 0
  let kept: SegmentReader | undefined
  let unflushed = false
  let told: Told | undefined
  let now: KnownHead | undefined

  const openCheck = () => createBlockCheck(options.lanes?.check ?? checkEach(sha256))
  let check = openCheck()

  const takeBlocks = (checked: CheckedBlocks): void => {
    root = checked.root
    for (let i = 0; i < checked.count; i++) {
      const buffer = checked.buffer(i)
      const digestAt = checked.digestAt(i)
      const from = checked.from(i)
      const to = checked.to(i)
      if (root === undefined || !equalAt(root, 0, buffer, digestAt, root.length)) {
        intake.take(checked.codec(i), buffer, digestAt, from, to, checked.position(i), checked.form(i))
        continue
      }
      // The commit goes into the snapshot's row. No tree under it can hold it as a record.
      commit ??= signedCommit(root, copyRange(buffer, from, to))
    }
    records.copyRun()
  }

  const greet = async (): Promise<void> => {
    if (greeted || commit === undefined) return
    if (commit.commit.did !== did) {
      throw new RepoError('repo.did-mismatch', { expected: did, found: commit.commit.did })
    }
    await options.onCommit(commit)
    greeted = true
    if (options.partial !== true)
      walk = createTreeWalk({
        root: commit.commit.data,
        blocks: intake,
        sink,
        sha256,
        ...(options.lanes === undefined ? {} : { heads: options.lanes.heads }),
      })
  }

  /** Brings a spilled page of nodes back. */
  const fetchPage = async (): Promise<void> => {
    const page = intake.wantedPage
    intake.arena.restore(page, await storage.readBytes(spillBytesKey(did, writes.id, page)))
  }

  /** A record with the very bytes of a tree node that was written and let go: read it back. */
  const nodeAsRecord = async (): Promise<boolean> => {
    const wanted = walk?.wanted()
    const place = wanted?.as === 'record' ? intake.writtenNode(wanted.digest) : undefined
    if (wanted === undefined || place === undefined) return false
    await flush()
    const { node } = await createSegmentReader(storage, did).load(place)
    intake.keepAsRecord(wanted.digest, node.bytes)
    return true
  }

  /** A wanted tree node that an earlier stream or snapshot left: taken as if it had come. */
  const nodeFromBefore = async (): Promise<boolean> => {
    const wanted = walk?.wanted()
    const place = wanted?.as === 'node' ? sink.placeOf(wanted.digest) : undefined
    if (wanted === undefined || place === undefined) return false
    // What a stream before this one wrote may still be on its way to the disk.
    if (unflushed) await flush()
    unflushed = false
    const { node } = await (kept ??= createSegmentReader(storage, did)).load(place)
    intake.block(CODEC_DAG_CBOR, concat([wanted.digest, node.bytes]), 0, 32, 32 + node.bytes.length, -1)
    return true
  }

  const advance = async (): Promise<'done' | 'waiting'> => {
    for (;;) {
      const state = walk?.advance() ?? 'waiting'
      if (state === 'more') {
        await lane.room()
        continue
      }
      if (state === 'waiting' && (await nodeAsRecord())) continue
      if (state !== 'elsewhere') return state
      await fetchPage()
      await spill()
    }
  }

  const spill = async (): Promise<void> => {
    for (const { page, bytes } of intake.arena.overBudget()) {
      await writes.write([{ type: 'put-bytes', key: spillBytesKey(did, writes.id, page), parts: [bytes] }], {
        durability: 'relaxed',
      })
      intake.arena.spilled(page)
    }
  }

  const proveFull = async (): Promise<Proven> => {
    if ((await advance()) !== 'done' || walk?.root === undefined) {
      const wanted = walk?.wanted()
      throw new RepoError(wanted?.as === 'record' ? 'repo.record-missing' : 'repo.node-missing', {
        cid: wanted === undefined ? '' : cidString(CODEC_DAG_CBOR, wanted.digest),
      })
    }
    return { root: walk.root, collections: walk.collections }
  }

  const proveAll = async () => {
    if (proof !== undefined) return proof
    check.end()
    if (commit === undefined) throw new RepoError('repo.no-root', { reason: 'the root block never came' })
    const { base } = options
    const proven =
      options.partial === true && base !== undefined
        ? await partialTree({ ...options, base, commit, intake, sink, fetchPage, told })
        : await proveFull()
    // Once: proving a partial CAR writes the nodes of the new tree.
    proof = { commit, proven }
    return proof
  }

  return {
    resumed: writes.resumed,
    get commit() {
      return commit
    },
    get progress() {
      return {
        bytes,
        blocks: intake.blocks + (commit === undefined ? 0 : 1),
        records: intake.records,
        proven: walk?.records ?? 0,
      }
    },
    async write(chunk) {
      takeBlocks(check.push(chunk))
      bytes += chunk.length
      await greet()
      if (greeted) await advance()
      await spill()
      if (lane.pauses(chunk.length)) await lane.room()
    },
    async change(list, { found, framed } = {}, step) {
      const { base } = options
      if (base === undefined || options.partial !== true) throw new RangeError('nothing to change')
      // Each while the other waits.
      const [looked, frames] = await Promise.all([
        found ?? lookUpPaths(storage, base, list),
        framed ?? frameTold(list, options.lanes?.fill ?? fillEach(sha256)),
      ])
      told = await takeTold(list, looked, frames, {
        intake,
        async turn(size) {
          records.copyRun()
          bytes += size
          await spill()
          await lane.room()
          step?.()
        },
      })
    },
    base: options.base,
    get now() {
      return now
    },
    get last() {
      return walk?.last()
    },
    async recall() {
      while (greeted && (await advance()) === 'waiting' && (await nodeFromBefore())) await spill()
    },
    restart() {
      unflushed = true
      check = openCheck()
      commit = undefined
      greeted = false
      walk = undefined
      proof = undefined
      bytes = 0
      told = undefined
      intake.restart((digest, at) => sink.known(digest, at))
    },
    async prove() {
      await proveAll()
    },
    async finish(facts) {
      const [{ commit, proven }, newest] = await Promise.all([
        proveAll(),
        newestSnapshot(storage, did, options.known),
      ])
      // What is left goes with the head: one wait for the disk less.
      lane.hold()
      await flush()
      const unsent = lane.bytesOf(proven.root.segment)
      const reader = (kept ??= createSegmentReader(storage, did))
      const top = unsent === undefined ? await reader.windowOf(proven.root) : windowIn(unsent, proven.root)
      const id = snapshotId(facts.now, newest, commit.cid)
      const snapshot = snapshotOf({
        ...{ id, did, commit, facts, root: proven.root, collections: proven.collections },
        ...{ source: options.source, importId: writes.id },
      })
      facts.onWriting?.(snapshot)
      now = await moveHead(storage, snapshot, facts.repo, {
        ...{ top, writes, known: options.known, onlyKnown: options.fresh === true },
        ops: [...lane.rest(), ...(facts.ops ?? [])],
        allowRollback: facts.allowRollback ?? false,
      })
      return snapshot
    },
    news(most) {
      const changed = proof?.proven.changed
      return changed && newsOf(changed, (segment) => lane.bytesOf(segment), most)
    },
    async suspend() {
      lane.release()
      await flush()
    },
    async discard() {
      await lane.drop()
      if (writes.begun) await discardImport(storage, did, writes.id)
    },
  }
}
