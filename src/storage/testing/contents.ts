import { toHex } from '../../core/bytes.ts'
import { type TreeEntry, visit } from '../../repo/mst/read.ts'
import { decodeStored } from '../../repo/mst/stored.ts'
import type { TestRepo } from '../../repo/testing/repo.ts'
import { walkNodes } from '../../repo/testing/tree.ts'
import { frames } from '../frames.ts'
import type { Storage } from '../port.ts'
import { recheck } from '../recheck.ts'
import { type RepoRow, repoRange, segmentBytesKey, type SegmentRow, type SnapshotRow } from '../rows.ts'
import { createSegmentReader, type SegmentReader } from '../segment-reader.ts'
import { random, sha256 } from './node-host.ts'

/** Path → hex of the record, read the way screens do. */
export async function contentOf(
  storage: Storage,
  snapshot: SnapshotRow,
  reader: SegmentReader = createSegmentReader(storage, snapshot.did),
): Promise<Map<string, string>> {
  const entries: TreeEntry[] = []
  await visit(reader, snapshot.root, { skip: 0, reverse: false }, (entry) => {
    entries.push(entry)
    return true
  })
  const values = await reader.records(entries.map((it) => it.place))
  return new Map(entries.map((it, i) => [it.key, toHex(values[i] ?? new Uint8Array())]))
}

export function contentOfRepo(repo: TestRepo): Map<string, string> {
  return new Map(repo.records.map((it) => [it.path, toHex(it.bytes)]))
}

export async function recheckOf(storage: Storage, snapshot: SnapshotRow): Promise<number> {
  const checked = await recheck({
    storage,
    snapshot,
    sha256,
    random,
    onProgress: () => {},
    signal: undefined,
  })
  return checked.records
}

export async function headOf(storage: Storage, did: string): Promise<SnapshotRow | undefined> {
  // Our own rows, written by this code.
  const row = (await storage.get('repos', did)) as RepoRow | undefined
  if (row?.head === undefined) return undefined
  return (await storage.get('snapshots', `${did}/${row.head}`)) as SnapshotRow
}

export async function snapshotsOf(storage: Storage, did: string): Promise<SnapshotRow[]> {
  return (await storage.list('snapshots', repoRange(did))).map(({ value }) => value as SnapshotRow)
}

export interface StoredFrames {
  /** digests in hex of every record frame and every tree node frame, with repeats */
  readonly records: readonly string[]
  readonly nodes: readonly string[]
  /** bytes of all segments, and of the rows that say where packed bytes went */
  readonly bytes: number
}

/** Everything in a repo's segments, read from the bytes themselves. */
export async function framesOf(storage: Storage, did: string): Promise<StoredFrames> {
  const records: string[] = []
  const nodes: string[] = []
  let total = 0
  for (const { key, value } of await storage.list('segments', repoRange(did))) {
    const row = value as SegmentRow
    const segment = Number.parseInt(key.slice(did.length + 1), 16)
    const bytes = await storage.readBytes(segmentBytesKey(did, segment, row.generation))
    total += bytes.length + (row.moved?.byteLength ?? 0)
    for (const frame of frames(bytes)) {
      if (frame.kind === 'record') records.push(toHex(bytes.subarray(frame.digestAt, frame.digestAt + 32)))
      else nodes.push(toHex(sha256(decodeStored(bytes.subarray(frame.from, frame.to)).node.bytes)))
    }
  }
  return { records, nodes, bytes: total }
}

/** Bytes of the distinct records and tree nodes of these repos, by the generator's account. */
export function liveBytes(repos: readonly TestRepo[]): number {
  const blocks = new Map<string, number>()
  for (const repo of repos) {
    for (const record of repo.records) blocks.set(toHex(record.cid), record.bytes.length)
    for (const node of walkNodes(repo.tree)) blocks.set(toHex(node.cid), node.bytes.length)
  }
  return [...blocks.values()].reduce((sum, size) => sum + size, 0)
}
