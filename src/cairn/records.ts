import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import type { Sha256 } from '../core/hash.ts'
import { findBlobRefs } from '../repo/cbor/blob-refs.ts'
import { RepoError } from '../repo/errors.ts'
import { toJson } from '../repo/json.ts'
import { compare, storedSide } from '../repo/mst/diff.ts'
import { find, rank, type TreeEntry, visit } from '../repo/mst/read.ts'
import { buildProofCar, verifyProofCar } from '../repo/proof.ts'
import { verifySignature } from '../repo/signature.ts'
import type { BlobRow } from '../sync/blobs.ts'
import { SyncError } from '../sync/errors.ts'
import { headOf, openRepo, snapshotRow, snapshotsOf } from '../sync/kept.ts'
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
    if (id !== undefined) {
      const row = await snapshotRow(storage, did, id)
      if (row === undefined) throw new SyncError('sync.not-kept', { did })
      return row
    }
    const opened = await openRepo(storage, did)
    if (opened?.head === undefined) throw new SyncError('sync.not-kept', { did })
    if (opened.row.top !== undefined) reader(did).prime(opened.row.top)
    return opened.head
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
    async page({ did, snapshot: id, collection, limit, newestFirst = true, ...query }) {
      const offset = Math.max(0, Math.floor(query.offset))
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
        proof: await prove(row, path, buildProofCar({ commitBytes: row.commit, nodes: found.path, record: bytes, sha256 }), sha256),
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
          value: bytes && valueOf(bytes),
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
      return buildProofCar({ commitBytes: row.commit, nodes, sha256, ...(record === undefined ? {} : { record }) })
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
    value: valueOf(bytes),
  }
}

/** The value to show; undefined for bytes that are damaged on this disk, which the proof then says. */
function valueOf(bytes: Uint8Array): unknown {
  try {
    return toJson(bytes)
  } catch (error) {
    if (!(error instanceof RepoError)) throw error
    return undefined
  }
}

/** Checks the path from the signed commit down to the record, now, on the bytes that were just read. */
async function prove(row: SnapshotRow, path: string, car: Uint8Array, sha256: Sha256): Promise<RecordProof> {
  const facts = { commit: row.commitCid, signature: row.signature }
  try {
    const { commit, commitCid, cid, nodes } = verifyProofCar({ car, path, did: row.did, sha256 })
    const signed =
      row.signedBy === undefined || (await verifySignature(row.signedBy, commit.sig, commit.unsigned)) === 'valid'
    return { ...facts, nodes, valid: signed && cid !== undefined && commitCid === row.commitCid }
  } catch (error) {
    if (!(error instanceof RepoError)) throw error
    return { ...facts, nodes: [], valid: false }
  }
}

async function blobsOf(storage: Storage, did: string, bytes: Uint8Array): Promise<BlobItem[]> {
  const refs = findBlobRefs(bytes)
  const rows = await storage.getMany('blobs', refs.map((it) => blobKey(did, it.cid)))
  return refs.map((ref, i): BlobItem => {
    const row = rows[i] as BlobRow | undefined
    return row ?? { cid: ref.cid, state: 'wanted', bytes: ref.size, declaredType: ref.mimeType, imageType: undefined, paths: [] }
  })
}

