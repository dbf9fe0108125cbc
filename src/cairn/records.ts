import { cidString, CODEC_DAG_CBOR, parseCid } from '../core/cid.ts'
import { equalBytes } from '../core/bytes.ts'
import type { Sha256 } from '../core/hash.ts'
import { checkRecord } from '../repo/cbor/check.ts'
import { findBlobRefs } from '../repo/cbor/blob-refs.ts'
import { parseCommit } from '../repo/commit.ts'
import { toJson } from '../repo/json.ts'
import { heightOf } from '../repo/mst/height.ts'
import { compare, storedSide } from '../repo/mst/diff.ts'
import { childDigest, find, keysOf, rank, type TreeEntry, visit } from '../repo/mst/read.ts'
import type { StoredNode } from '../repo/mst/stored.ts'
import { buildProofCar } from '../repo/proof.ts'
import { verifySignature } from '../repo/signature.ts'
import { utf8 } from '../core/bytes.ts'
import type { BlobRow } from '../sync/blobs.ts'
import { SyncError } from '../sync/errors.ts'
import { headOf, snapshotRow, snapshotsOf } from '../sync/kept.ts'
import type { Storage } from '../storage/port.ts'
import { blobKey, type SnapshotRow } from '../storage/rows.ts'
import { createSegmentReader, type SegmentReader } from '../storage/segment-reader.ts'
import type { BlobItem, Change, ChangeSet, RecordDetail, RecordItem, RecordPage, RecordProof, RecordQuery, RecordVersion } from './api.ts'
import { summaryOf } from './summaries.ts'

/** No page is longer, whatever is asked. */
const MAX_PAGE = 500

/** Reads records, their proofs and their history from what is kept. */
export interface Records {
  page(query: RecordQuery): Promise<RecordPage>
  detail(did: string, path: string, snapshot?: string): Promise<RecordDetail>
  versions(did: string, path: string): Promise<RecordVersion[]>
  changes(did: string, from: string | undefined, to: string, page?: { offset: number; limit: number }): Promise<ChangeSet>
  proofCar(did: string, path: string, snapshot?: string): Promise<Uint8Array>
  /** One reader a repo: its windows serve all that look at the repo. */
  reader(did: string): SegmentReader
  snapshot(did: string, id: string | undefined): Promise<SnapshotRow>
  forget(did: string): void
}

export function createRecords(storage: Storage, sha256: Sha256): Records {
  const readers = new Map<string, SegmentReader>()
  /** The last comparison: a screen pages through it. */
  let compared: { key: string; items: readonly Change[] } | undefined

  const reader = (did: string): SegmentReader => {
    const known = readers.get(did) ?? createSegmentReader(storage, did)
    readers.set(did, known)
    return known
  }

  const snapshot = async (did: string, id: string | undefined): Promise<SnapshotRow> => {
    const row = id === undefined ? await headOf(storage, did) : await snapshotRow(storage, did, id)
    if (row === undefined) throw new SyncError('sync.not-kept', { did })
    return row
  }

  const items = async (did: string, entries: readonly TreeEntry[]): Promise<RecordItem[]> => {
    const values = await reader(did).records(entries.map((it) => it.place))
    return entries.map((it, i) => itemOf(it, values[i] ?? new Uint8Array()))
  }

  const changes = async (did: string, from: SnapshotRow | undefined, to: SnapshotRow): Promise<readonly Change[]> => {
    const key = `${did} ${from?.id ?? ''} ${to.id}`
    if (compared?.key === key) return compared.items
    const source = reader(did)
    const none = new Uint8Array(32)
    const differences = await compare(
      storedSide(source, from?.root, from?.data ?? none),
      storedSide(source, to.root, to.data),
    )
    const list = differences.map(({ key: path, before, after }): Change => ({
      path,
      type: before === undefined ? 'added' : after === undefined ? 'deleted' : 'changed',
      before: before && cidString(CODEC_DAG_CBOR, before),
      after: after && cidString(CODEC_DAG_CBOR, after),
    }))
    compared = { key, items: list }
    return list
  }

  return {
    reader,
    snapshot,
    async page({ did, snapshot: id, collection, offset, limit, newestFirst = true }) {
      const row = await snapshot(did, id)
      const source = reader(did)
      const total = row.collections.find((it) => it.nsid === collection)?.records ?? 0
      const count = Math.max(0, Math.min(limit, MAX_PAGE, total - offset))
      if (count === 0) return { total, offset, items: [] }
      const start = await rank(source, row.root, `${collection}/`)
      const skip = newestFirst ? row.root.records - (start.records + total) + offset : start.records + offset
      const entries: TreeEntry[] = []
      await visit(source, row.root, { skip, reverse: newestFirst }, (entry) => entries.push(entry) < count)
      return { total, offset, items: await items(did, entries) }
    },
    async detail(did, path, id) {
      const row = await snapshot(did, id)
      const found = await find(reader(did), row.root, path)
      if (found.entry === undefined) throw new SyncError('sync.no-such-record', { did, path })
      const [bytes] = await reader(did).records([found.entry.place])
      if (bytes === undefined) throw new SyncError('sync.no-such-record', { did, path })
      const item = itemOf(found.entry, bytes)
      return {
        ...item,
        did,
        uri: `at://${did}/${path}`,
        snapshot: summaryOf(row),
        proof: await prove(row, found.path, found.entry, bytes, sha256),
        blobs: await blobsOf(storage, did, bytes),
      }
    },
    async versions(did, path) {
      const out: { -readonly [K in keyof RecordVersion]: RecordVersion[K] }[] = []
      const rows = await snapshotsOf(storage, did)
      const head = await headOf(storage, did)
      for (const row of rows) {
        const { entry } = await find(reader(did), row.root, path)
        const cid = entry && cidString(CODEC_DAG_CBOR, entry.digest)
        const last = out.at(-1)
        if (last !== undefined && last.cid === cid) {
          last.lastSnapshot = summaryOf(row)
          last.inHead ||= row.id === head?.id
          continue
        }
        // Before it first appeared there is nothing to tell.
        if (last === undefined && cid === undefined) continue
        const [bytes] = entry === undefined ? [] : await reader(did).records([entry.place])
        out.push({
          cid,
          value: bytes && toJson(bytes),
          firstSnapshot: summaryOf(row),
          lastSnapshot: summaryOf(row),
          inHead: row.id === head?.id,
        })
      }
      return out
    },
    async changes(did, fromId, toId, { offset, limit } = { offset: 0, limit: 100 }) {
      const to = await snapshot(did, toId)
      const from = fromId === undefined ? undefined : await snapshot(did, fromId)
      const list = await changes(did, from, to)
      const count = (type: Change['type']): number => list.reduce((sum, it) => sum + (it.type === type ? 1 : 0), 0)
      return {
        from: from && summaryOf(from),
        to: summaryOf(to),
        added: count('added'),
        changed: count('changed'),
        deleted: count('deleted'),
        items: list.slice(offset, offset + Math.min(limit, MAX_PAGE)),
      }
    },
    async proofCar(did, path, id) {
      const row = await snapshot(did, id)
      const { entry, path: nodes } = await find(reader(did), row.root, path)
      const [record] = entry === undefined ? [] : await reader(did).records([entry.place])
      const commit = parseCid(row.commitCid)
      if (commit === undefined) throw new SyncError('sync.not-kept', { did })
      return buildProofCar({
        commitBytes: row.commit,
        commitDigest: commit.digest,
        nodes,
        ...(record === undefined ? {} : { record }),
        sha256,
      })
    },
    forget(did) {
      readers.delete(did)
      compared = undefined
    },
  }
}

export function itemOf(entry: TreeEntry, bytes: Uint8Array): RecordItem {
  const slash = entry.key.indexOf('/')
  return {
    path: entry.key,
    collection: entry.key.slice(0, slash),
    rkey: entry.key.slice(slash + 1),
    cid: cidString(CODEC_DAG_CBOR, entry.digest),
    bytes: bytes.length,
    value: toJson(bytes),
  }
}

/** Checks the path from the signed commit down to the record, now, on the bytes that were just read. */
async function prove(
  row: SnapshotRow,
  nodes: readonly StoredNode[],
  entry: TreeEntry,
  bytes: Uint8Array,
  sha256: Sha256,
): Promise<RecordProof> {
  let expected: Uint8Array | undefined = row.data
  let valid = true
  const steps = []
  for (const { node } of nodes) {
    const digest = sha256(node.bytes)
    valid &&= expected !== undefined && equalBytes(digest, expected)
    const keys = keysOf(node)
    steps.push({
      cid: cidString(CODEC_DAG_CBOR, digest),
      layer: row.root.layer - steps.length,
      entries: node.count,
      bytes: node.bytes.length,
    })
    const at = keys.filter((key) => key < entry.key).length
    expected = keys[at] === entry.key ? undefined : childDigest(node, at)
  }
  valid &&= equalBytes(sha256(bytes), entry.digest) && checkRecord(bytes, 0, bytes.length) === 0
  valid &&= heightOf(sha256, utf8(entry.key)) === steps.at(-1)?.layer
  const commit = parseCommit(row.commit)
  valid &&= equalBytes(commit.data, row.data) && cidString(CODEC_DAG_CBOR, sha256(row.commit)) === row.commitCid
  if (row.signedBy !== undefined) {
    valid &&= (await verifySignature(row.signedBy, commit.sig, commit.unsigned)) === 'valid'
  }
  return { nodes: steps, valid, commit: row.commitCid, signature: row.signature }
}

async function blobsOf(storage: Storage, did: string, bytes: Uint8Array): Promise<BlobItem[]> {
  const refs = findBlobRefs(bytes)
  const rows = await storage.getMany('blobs', refs.map((it) => blobKey(did, it.cid)))
  return refs.map((ref, i): BlobItem => {
    const row = rows[i] as BlobRow | undefined
    return row ?? { cid: ref.cid, state: 'wanted', bytes: ref.size, declaredType: ref.mimeType, imageType: undefined, paths: [] }
  })
}

