import type { Sha256 } from '../../core/hash.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { checkCodes, checkRecord } from '../cbor/check.ts'
import { RepoError } from '../errors.ts'
import { looksLikeNode, type MstNode, parseNode } from '../mst/node.ts'
import type { Place } from '../mst/stored.ts'
import { type BlockTable, createBlockTable } from './block-table.ts'
import { createNodeArena, type NodeArena } from './node-arena.ts'
import type { WalkBlocks } from './walk-model.ts'

/** Where sound records go as they arrive. */
export interface RecordSink {
  /** Keeps bytes [from, to) whose CID is (DAG-CBOR, digest at `digestAt`). Returns the offset in `segment`. */
  keep(bytes: Uint8Array, digestAt: number, from: number, to: number): number
  /** The segment that the last `keep` wrote to. */
  readonly segment: number
}

/** The form of a block that has the shape of a tree node: the walk will say whether it is one. */
export const NODE_LIKE = -1

/** What a block turned out to be. Numbers a, b, c of the table mean: */
const RECORD = 1 // segment, offset, length
const UNSOUND = 2 // index into checkCodes, CAR position high and low words
const NODE = 3 // arena page, offset, length
const NODE_DONE = 4 // proven and written in this walk: segment, offset, length of its stored form
const NODE_PAST = 5 // the same in the walk of an earlier stream
const KNOWN = 6 // a record kept from before whose block has not come: segment, offset, length

/**
 * Takes blocks in any order: checks each hash, sorts records from tree nodes by their shape, keeps sound
 * records at once, and holds nodes until the walk wants them. Answers the walk's questions.
 */
export interface Intake extends WalkBlocks {
  /**
   * One block of a CAR whose hash holds, and its form: 0 for a sound record, an index into `checkCodes` for
   * an unsound one, {@link NODE_LIKE} for what has the shape of a node. Returns false when it was known already.
   */
  take(
    codec: number,
    bytes: Uint8Array,
    digestAt: number,
    from: number,
    to: number,
    position: number,
    form: number,
  ): boolean
  /** The same for a block that nobody has checked. Throws `repo.bad-hash`. */
  block(
    codec: number,
    bytes: Uint8Array,
    digestAt: number,
    from: number,
    to: number,
    position: number,
  ): boolean
  /** A record that is kept from before (an earlier snapshot, an interrupted import): not to be kept twice. */
  known(digest: Uint8Array, place: Place): void
  /** A node that is held and not proven yet. */
  heldNode(digest: Uint8Array): MstNode | 'missing' | 'elsewhere'
  /** Where a record is kept, if it is. */
  placeOf(digest: Uint8Array): Place | undefined
  /** The spilled page that the walk stands before. */
  readonly wantedPage: number
  /** The walk has written this node there. */
  nodeDone(digest: Uint8Array, at: Place): void
  /** Where a block lies that a record is wanted of, but that was written and released as a tree node. */
  writtenNode(digest: Uint8Array): Place | undefined
  /** Gives the bytes of such a block back, to be kept as a record as well. */
  keepAsRecord(digest: Uint8Array, data: Uint8Array): void
  /**
   * Another transfer of the same repo begins: nodes written for the walk before are taken again, and told
   * to `written` so that they are not written again.
   */
  restart(written: (digest: Uint8Array, at: Place) => void): void
  readonly arena: NodeArena
  /** distinct tree nodes and sound records taken so far */
  readonly blocks: number
  readonly records: number
}

/** Throws `repo.bad-hash` unless bytes [from, to) have the digest that is at `digestAt`. */
export function checkHash(
  sha256: Sha256,
  bytes: Uint8Array,
  digestAt: number,
  from: number,
  to: number,
  position: number,
): void {
  const digest = sha256(bytes.subarray(from, to))
  for (let i = 0; i < 32; i++) {
    if (digest[i] === bytes[digestAt + i]) continue
    throw new RepoError('repo.bad-hash', {
      offset: position,
      cid: cidString(CODEC_DAG_CBOR, bytes.subarray(digestAt, digestAt + 32)),
    })
  }
}

export function createIntake(input: {
  readonly sha256: Sha256
  readonly sink: RecordSink
  /** secret of this process, for the table of digests */
  readonly seed: number
  /** bytes of unproven tree nodes to hold in memory before spilling */
  readonly nodeBudget: number
}): Intake {
  const { sha256, sink } = input
  const table: BlockTable = createBlockTable(input.seed)
  const arena = createNodeArena(input.nodeBudget)
  /** Blocks that are a tree node and a record at once: legal, though nobody makes them. */
  const both = new Map<number, Place>()
  let wantedPage = -1
  let blocks = 0
  let records = 0

  const node = (bytes: Uint8Array, at: number): MstNode | 'missing' | 'elsewhere' => {
    const index = table.find(bytes, at)
    if (index < 0) return 'missing'
    const kind = table.kind(index)
    // One walk cannot meet a node twice, since its keys would come again; an earlier stream's may come anew.
    if (kind === NODE_DONE)
      throw new RepoError('repo.key-order', { cid: cidString(CODEC_DAG_CBOR, table.digest(index)) })
    // A record that is kept may be a node as well; only its block tells.
    if (kind === NODE_PAST || kind === KNOWN) return 'missing'
    if (kind === UNSOUND && checkCodes[table.a(index)]?.code === 'repo.record-not-canonical') {
      throw new RepoError('repo.node-not-canonical', { cid: cidString(CODEC_DAG_CBOR, table.digest(index)) })
    }
    if (kind !== NODE)
      throw new RepoError('repo.node-malformed', { cid: cidString(CODEC_DAG_CBOR, table.digest(index)) })
    const held = arena.read(table.a(index), table.b(index), table.c(index))
    if (held !== undefined) return parseNode(held)
    wantedPage = table.a(index)
    return 'elsewhere'
  }

  const position = (bytes: Uint8Array, at: number): number => {
    const index = table.find(bytes, at)
    return index >= 0 && table.kind(index) === NODE ? arena.position(table.a(index), table.b(index)) : -1
  }

  const unsound = (index: number): never => {
    const failure = checkCodes[table.a(index)]
    throw new RepoError(failure?.code ?? 'repo.record-malformed', {
      reason: failure?.reason ?? '',
      offset: table.b(index) * 2 ** 32 + table.c(index),
      cid: cidString(CODEC_DAG_CBOR, table.digest(index)),
    })
  }

  const nodeAsRecord = (index: number): Place | 'elsewhere' => {
    const known = both.get(index)
    if (known !== undefined) return known
    const held = arena.read(table.a(index), table.b(index), table.c(index))
    if (held === undefined) {
      wantedPage = table.a(index)
      return 'elsewhere'
    }
    const place = keepBare(table.digest(index), held)
    both.set(index, place)
    return place
  }

  /** Keeps bytes that were taken for a tree node as the record they are too. */
  const keepBare = (digest: Uint8Array, data: Uint8Array): Place => {
    const code = checkRecord(data, 0, data.length)
    if (code !== 0) throw new RepoError(checkCodes[code]?.code ?? 'repo.record-malformed', {})
    const framed = new Uint8Array(32 + data.length)
    framed.set(digest)
    framed.set(data, 32)
    const offset = sink.keep(framed, 0, 32, framed.length)
    return { segment: sink.segment, offset, length: data.length }
  }

  const isRecord = (kind: number): boolean => kind === RECORD || kind === KNOWN

  const place = (index: number): Place => ({
    segment: table.a(index),
    offset: table.b(index),
    length: table.c(index),
  })

  const take: Intake['take'] = (codec, bytes, digestAt, from, to, position, form) => {
    blocks++
    // A raw block is no part of a tree: an extra, and extras are tolerated, not kept.
    if (codec !== CODEC_DAG_CBOR) return false
    const index = table.insert(bytes, digestAt)
    const kind = table.added ? 0 : table.kind(index)
    if (kind > 0 && kind <= NODE_DONE) return false
    if (kind === KNOWN && form !== NODE_LIKE) {
      table.set(index, RECORD, table.a(index), table.b(index), table.c(index))
      return false
    }
    if (kind === KNOWN) both.set(index, place(index))
    if (form === NODE_LIKE) {
      const at = arena.add(bytes, from, to, position)
      table.set(index, NODE, at.page, at.offset, to - from)
      return true
    }
    if (form !== 0) {
      table.set(index, UNSOUND, form, Math.floor(position / 2 ** 32), position >>> 0)
      return true
    }
    const offset = sink.keep(bytes, digestAt, from, to)
    table.set(index, RECORD, sink.segment, offset, to - from)
    records++
    return true
  }

  return {
    node,
    position,
    record(bytes, at) {
      const index = table.find(bytes, at)
      if (index < 0) return 'missing'
      const kind = table.kind(index)
      if (isRecord(kind)) return place(index)
      if (kind === UNSOUND) return unsound(index)
      return kind === NODE ? nodeAsRecord(index) : (both.get(index) ?? 'missing')
    },
    take,
    block(codec, bytes, digestAt, from, to, position) {
      checkHash(sha256, bytes, digestAt, from, to, position)
      const node = codec === CODEC_DAG_CBOR && looksLikeNode(bytes, from, to)
      return take(codec, bytes, digestAt, from, to, position, node ? NODE_LIKE : checkRecord(bytes, from, to))
    },
    known(digest, at) {
      const index = table.insert(digest, 0)
      if (table.added) table.set(index, KNOWN, at.segment, at.offset, at.length)
    },
    heldNode: (digest) => {
      const index = table.find(digest, 0)
      return index >= 0 && table.kind(index) === NODE ? node(digest, 0) : 'missing'
    },
    placeOf(digest) {
      const index = table.find(digest, 0)
      return index >= 0 && isRecord(table.kind(index)) ? place(index) : both.get(index)
    },
    restart(written) {
      for (let index = 0; index < table.size; index++) {
        if (table.kind(index) !== NODE_DONE) continue
        written(table.digest(index), place(index))
        table.set(index, NODE_PAST, table.a(index), table.b(index), table.c(index))
      }
    },
    get wantedPage() {
      return wantedPage
    },
    nodeDone(digest, at) {
      const index = table.find(digest, 0)
      if (index < 0 || table.kind(index) !== NODE) return
      arena.release(table.a(index))
      table.set(index, NODE_DONE, at.segment, at.offset, at.length)
    },
    writtenNode(digest) {
      const index = table.find(digest, 0)
      const kind = index < 0 ? 0 : table.kind(index)
      return (kind === NODE_DONE || kind === NODE_PAST) && !both.has(index) ? place(index) : undefined
    },
    keepAsRecord(digest, data) {
      const index = table.find(digest, 0)
      if (index >= 0) both.set(index, keepBare(digest, data))
    },
    arena,
    get blocks() {
      return blocks
    },
    get records() {
      return records
    },
  }
}
