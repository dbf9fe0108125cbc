import { concat, equalBytes } from '../../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../../core/cid.ts'
import { varintLength, writeVarint } from '../../../core/varint.ts'
import { carFrameHead } from '../../../repo/car/writer.ts'
import { parseCommit } from '../../../repo/commit.ts'
import { editTree, type TreeOp } from '../../../repo/mst/edit.ts'
import { storedSize, writeStored } from '../../../repo/mst/stored.ts'
import type { Storage } from '../../../storage/port.ts'
import {
  type RepoRow,
  segmentBytesKey,
  segmentKey,
  type SegmentRow,
  type SnapshotRow,
  snapshotKey,
} from '../../../storage/rows.ts'
import { createSegmentReader } from '../../../storage/segment-reader.ts'
import { headOf } from '../../../storage/testing/contents.ts'
import { sha256 } from '../../../storage/testing/node-host.ts'

export interface PlantedChange {
  readonly path: string
  readonly record: Uint8Array | undefined
}

let segments = 1
let now = 1000

/**
 * Puts a snapshot into a storage as an import of these changes would, for tests with more of them than imports
 * are quick enough for: the tree is edited and stored by the real code, and its root has to be the signed one.
 * Counts by collection are left out.
 */
export async function plant(
  storage: Storage,
  did: string,
  commit: Uint8Array,
  changes: readonly PlantedChange[],
): Promise<SnapshotRow> {
  const base = await headOf(storage, did)
  const segment = segments++
  const parts: Uint8Array[] = []
  let size = 0
  const add = (head: Uint8Array, body: Uint8Array) => {
    parts.push(head, body)
    size += head.length + body.length
    return { segment, offset: size - body.length, length: body.length }
  }
  const ops = changes.map(({ path, record }): TreeOp => {
    if (record === undefined) return { key: path, record: undefined }
    const digest = sha256(record)
    const place = add(carFrameHead(CODEC_DAG_CBOR, digest, record.length), record)
    return { key: path, record: { digest, place } }
  })
  const { rev, data, version } = parseCommit(commit)
  const edited = await editTree({
    source: createSegmentReader(storage, did),
    base: base && { root: base.root, digest: base.data },
    ops,
    sha256,
    sink: {
      node(stored) {
        const body = new Uint8Array(storedSize(stored))
        writeStored(body, 0, stored)
        const head = new Uint8Array(varintLength(body.length))
        writeVarint(head, 0, body.length)
        return add(head, body)
      },
    },
  })
  if (!equalBytes(edited.digest, data)) throw new Error('the changes do not give the signed root')
  const id = `${String(now++).padStart(14, '0')}-planted`
  const snapshot: SnapshotRow = {
    id,
    did,
    commit,
    commitCid: cidString(CODEC_DAG_CBOR, sha256(commit)),
    version,
    rev,
    data,
    root: edited.root,
    collections: [],
    signature: 'current-key',
    signedBy: undefined,
    identity: undefined,
    takenAt: now,
    verifiedAt: now,
    source: 'peer',
    import: id,
    settled: true,
  }
  const row: SegmentRow = { kind: 'mixed', size, import: id, generation: 0, moved: undefined }
  const repo: Partial<RepoRow> = { did, head: id, generation: now }
  await storage.write(
    [
      { type: 'put', table: 'segments', key: segmentKey(did, segment), value: row },
      { type: 'put-bytes', key: segmentBytesKey(did, segment, 0), parts: [concat(parts)] },
      { type: 'put', table: 'snapshots', key: snapshotKey(did, id), value: snapshot },
      { type: 'put', table: 'repos', key: did, value: repo },
    ],
    { durability: 'relaxed' },
  )
  return snapshot
}

/** What separates two states of a repo, told by their records alone. */
export function changesOf(
  before: ReadonlyMap<string, Uint8Array>,
  after: ReadonlyMap<string, Uint8Array>,
): PlantedChange[] {
  const out: PlantedChange[] = []
  for (const path of before.keys()) if (!after.has(path)) out.push({ path, record: undefined })
  for (const [path, record] of after) {
    const was = before.get(path)
    if (was === undefined || !equalBytes(was, record)) out.push({ path, record })
  }
  return out
}
