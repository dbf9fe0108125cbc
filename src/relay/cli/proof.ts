import { hash, randomInt } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { equalAt } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import { createCarReader } from '../../repo/car/reader.ts'
import { carFrameLength } from '../../repo/car/writer.ts'
import { type Commit, parseCommit } from '../../repo/commit.ts'
import { RepoError } from '../../repo/errors.ts'
import type { CollectionTotals } from '../../repo/mst/read.ts'
import { decodeStored, encodeStored, type Place, type StoredNode } from '../../repo/mst/stored.ts'
import { createIntake } from '../../repo/verify/intake.ts'
import { createTreeWalk } from '../../repo/verify/walk.ts'
import type { TreeRoot, TreeWalk } from '../../repo/verify/walk-model.ts'
import { fileError, UsageError } from './errors.ts'
import { createTempFile, readExactly } from './temp-file.ts'

/**
 * Unproven tree nodes held in memory; more is put aside on disk. Beside it a command holds some 65 bytes a
 * block to know it again: 30 MB for 300,000 records, in whatever order they come.
 */
const NODE_BUDGET = 32 << 20
const CHUNK = 1 << 20
/** Segments from here on are of the temporary file; those below of the CAR. Either way 4 GB each. */
const TEMP = 2 ** 31
const SEGMENT_BYTES = 2 ** 32

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

/** What a CAR file was found to hold. */
export interface FileProof {
  readonly commit: { readonly commit: Commit; readonly cid: string } | undefined
  /** undefined unless the whole tree is proven */
  readonly root: TreeRoot | undefined
  /** proven so far, in key order */
  readonly collections: readonly CollectionTotals[]
  readonly records: number
  /** in the file, doubles and extras counted */
  readonly blocks: number
  /** of the file, as far as it was read */
  readonly bytes: number
  /** why the file is refused */
  readonly refusal: RepoError | undefined
  /** a proven tree node or record, read again */
  load(place: Place): StoredNode
  record(place: Place, digest: Uint8Array): Uint8Array
  close(): void
}

/**
 * Reads a file once and proves all of it, blocks in any order. The tree is put aside with places of records
 * in the file, so that they can be read again in key order. Throws `cli.file`.
 */
export function proveFile(path: string, nodeBudget = NODE_BUDGET): FileProof {
  const fd = openFile(path)
  const temp = createTempFile()
  let position = 0
  /** where the data of the block at work lies; -1 between blocks */
  let dataAt = -1
  let segment = 0

  const place = (offset: number, base: number): number => {
    segment = base + Math.floor(offset / SEGMENT_BYTES)
    return offset % SEGMENT_BYTES
  }
  const intake = createIntake({
    sha256,
    seed: randomInt(SEGMENT_BYTES),
    nodeBudget,
    sink: {
      get segment() {
        return segment
      },
      // Between blocks it is given a tree node that is a record too, which is kept aside.
      keep: (bytes, _digestAt, from, to) =>
        dataAt >= 0 ? place(dataAt, 0) : place(temp.append(bytes.subarray(from, to)), TEMP),
    },
  })
  const read = (at: Place): Uint8Array<ArrayBuffer> =>
    at.segment >= TEMP
      ? temp.read((at.segment - TEMP) * SEGMENT_BYTES + at.offset, at.length)
      : readExactly(fd, at.segment * SEGMENT_BYTES + at.offset, at.length)
  const load = (at: Place): StoredNode => decodeStored(read(at))

  let root: Uint8Array | undefined
  let commit: { commit: Commit; cid: string } | undefined
  let walk: TreeWalk | undefined
  const car = createCarReader({
    header({ roots }) {
      root = roots[0]?.digest.slice()
      if (root === undefined) throw new RepoError('repo.no-root')
    },
    block(codec, buffer, digestAt, from, to, at) {
      dataAt = at + carFrameLength(to - from) - (to - from)
      intake.block(codec, buffer, digestAt, from, to, at)
      dataAt = -1
      if (commit !== undefined || root === undefined || !equalAt(root, 0, buffer, digestAt, root.length))
        return
      commit = { commit: parseCommit(buffer.slice(from, to)), cid: cidString(CODEC_DAG_CBOR, root) }
      walk = createTreeWalk({ root: commit.commit.data, blocks: intake, sink: { node }, sha256 })
    },
  })

  const node = (stored: StoredNode, digest: Uint8Array): Place => {
    const bytes = encodeStored(stored)
    const offset = place(temp.append(bytes), TEMP)
    const at = { segment, offset, length: bytes.length }
    intake.nodeDone(digest, at)
    return at
  }

  const pages = new Map<number, Place>()
  const spill = (): void => {
    for (const { page, bytes } of intake.arena.overBudget()) {
      const offset = place(temp.append(bytes), TEMP)
      pages.set(page, { segment, offset, length: bytes.length })
      intake.arena.spilled(page)
    }
  }

  /** A tree node that was written and let go, and is a record too. */
  const nodeAsRecord = (): boolean => {
    const wanted = walk?.wanted()
    const at = wanted?.as === 'record' ? intake.writtenNode(wanted.digest) : undefined
    if (wanted === undefined || at === undefined) return false
    intake.keepAsRecord(wanted.digest, load(at).node.bytes)
    return true
  }

  const advance = (): 'done' | 'waiting' => {
    for (;;) {
      const state = walk?.advance() ?? 'waiting'
      if (state === 'more' || (state === 'waiting' && nodeAsRecord())) continue
      if (state !== 'elsewhere') return state
      const page = pages.get(intake.wantedPage)
      if (page === undefined) throw new RangeError('a page that was never put aside')
      intake.arena.restore(intake.wantedPage, read(page))
      spill()
    }
  }

  const prove = (): void => {
    const chunk = new Uint8Array(CHUNK)
    for (;;) {
      const count = readSync(fd, chunk, 0, CHUNK, position)
      if (count === 0) break
      position += count
      car.push(chunk.subarray(0, count))
      advance()
      spill()
    }
    car.end()
    if (commit === undefined) throw new RepoError('repo.no-root', { reason: 'the root block never came' })
    if (advance() === 'done') return
    const wanted = walk?.wanted()
    throw new RepoError(wanted?.as === 'record' ? 'repo.record-missing' : 'repo.node-missing', {
      cid: wanted === undefined ? '' : cidString(CODEC_DAG_CBOR, wanted.digest),
    })
  }

  const close = (): void => {
    temp.close()
    closeSync(fd)
  }
  let refusal: RepoError | undefined
  try {
    prove()
  } catch (error) {
    if (!(error instanceof RepoError)) {
      close()
      throw error
    }
    refusal = error
  }
  return {
    commit,
    root: refusal === undefined ? walk?.root : undefined,
    collections: walk?.collections ?? [],
    records: walk?.records ?? 0,
    blocks: intake.blocks,
    bytes: position,
    refusal,
    load,
    record(at, digest) {
      const bytes = read(at)
      if (!equalAt(sha256(bytes), 0, digest, 0, digest.length))
        throw new UsageError('cli.file', 'The file changed while it was read.')
      return bytes
    },
    close,
  }
}

function openFile(path: string): number {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    throw fileError(path, error)
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  // It is read twice, in places.
  throw new UsageError('cli.file', `Not a plain file: ${path}`)
}
