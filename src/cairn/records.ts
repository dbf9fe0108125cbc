import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import type { Sha256 } from '../core/hash.ts'
import { findBlobRefs } from '../repo/cbor/blob-refs.ts'
import { RepoError } from '../repo/errors.ts'
import { toJson } from '../repo/json.ts'
import { find, type TreeEntry, visit } from '../repo/mst/read.ts'
import { buildProofCar, verifyProofCar } from '../repo/proof.ts'
import { verifySignature } from '../repo/signature.ts'
import type { BlobRow } from '../sync/blobs.ts'
import { SyncError } from '../sync/errors.ts'
import { openRepo, repoRow, snapshotRow } from '../sync/kept.ts'
import type { Storage } from '../storage/port.ts'
import { blobKey, type SnapshotRow } from '../storage/rows.ts'
import { createSegmentReader, type SegmentReader } from '../storage/segment-reader.ts'
import type { BlobItem, RecordDetail, RecordItem, RecordPage, RecordProof, RecordQuery } from './api.ts'
import { createFirstScreens, FIRST_SCREEN, type FirstScreen } from './first-screens.ts'
import { summaryOf } from './summaries.ts'

/** No page is longer, whatever is asked. */
export const MAX_PAGE = 500

/** Reads records and their proofs from what is kept. */
export interface Records {
  page(query: RecordQuery): Promise<RecordPage>
  detail(did: string, path: string, snapshot?: string): Promise<RecordDetail>
  proofCar(did: string, path: string, snapshot?: string): Promise<Uint8Array>
  /** One reader a repo: its windows serve all that look at the repo. */
  reader(did: string): SegmentReader
  snapshot(did: string, id: string | undefined): Promise<SnapshotRow>
  forget(did: string): void
}

export function createRecords(storage: Storage, sha256: Sha256): Records {
  const readers = new Map<string, SegmentReader>()
  const screens = createFirstScreens(storage)

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

  return {
    reader,
    snapshot,
    async page({ did, snapshot: id, collection, limit, newestFirst = true, ...query }) {
      const offset = Math.max(0, Math.floor(query.offset))
      const isFirst = id === undefined && offset === 0 && newestFirst && limit === FIRST_SCREEN
      const opening = snapshot(did, id)
      if (isFirst) {
        const [repo, screen] = await Promise.all([repoRow(storage, did), screens.read(did, collection)])
        if (screen !== undefined && screen.snapshot === repo?.head) {
          // Asked for at the same time, for when there is no screen; nobody waits for it now.
          opening.catch(() => {})
          return { total: screen.total, offset, items: itemsOf(screen) }
        }
      }
      const row = await opening
      const source = reader(did)
      const before = row.collections.findIndex((it) => it.nsid === collection)
      const total = row.collections[before]?.records ?? 0
      const count = Math.max(0, Math.min(limit, MAX_PAGE, total - offset))
      if (count === 0) return { total, offset, items: [] }
      // Collections are in the order of the tree: what comes before is known without reading it.
      const start = row.collections.slice(0, before).reduce((sum, it) => sum + it.records, 0)
      const skip = newestFirst ? row.root.records - (start + total) + offset : start + offset
      const entries: TreeEntry[] = []
      await visit(source, row.root, { skip, reverse: newestFirst }, (entry) => entries.push(entry) < count)
      const values = await source.records(entries.map((it) => it.place))
      if (isFirst) screens.keep(did, collection, row.id, { total, entries, values })
      return { total, offset, items: itemsOf({ entries, values }) }
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
        proof: await prove(
          row,
          path,
          buildProofCar({ commitBytes: row.commit, nodes: found.path, record: bytes, sha256 }),
          sha256,
        ),
        blobs: await blobsOf(storage, did, bytes),
      }
    },
    async proofCar(did, path, id) {
      const row = await snapshot(did, id)
      const { entry, path: nodes } = await find(reader(did), row.root, path)
      const [record] = entry === undefined ? [] : await reader(did).records([entry.place])
      return buildProofCar({
        commitBytes: row.commit,
        nodes,
        sha256,
        ...(record === undefined ? {} : { record }),
      })
    },
    forget(did) {
      readers.delete(did)
    },
  }
}

const itemsOf = ({ entries, values }: Pick<FirstScreen, 'entries' | 'values'>): RecordItem[] =>
  entries.map((it, i) => itemOf(it, values[i] ?? new Uint8Array()))

function itemOf(entry: Pick<TreeEntry, 'key' | 'digest'>, bytes: Uint8Array): RecordItem {
  const slash = entry.key.indexOf('/')
  return {
    path: entry.key,
    collection: entry.key.slice(0, slash),
    rkey: entry.key.slice(slash + 1),
    cid: cidString(CODEC_DAG_CBOR, entry.digest),
    bytes: bytes.length,
    value: readable(bytes),
  }
}

/** The value to show; undefined for bytes that are damaged on this disk, which the proof then says. */
export function readable(bytes: Uint8Array): unknown {
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
      row.signedBy === undefined ||
      (await verifySignature(row.signedBy, commit.sig, commit.unsigned)) === 'valid'
    return { ...facts, nodes, valid: signed && cid !== undefined && commitCid === row.commitCid }
  } catch (error) {
    if (!(error instanceof RepoError)) throw error
    return { ...facts, nodes: [], valid: false }
  }
}

async function blobsOf(storage: Storage, did: string, bytes: Uint8Array): Promise<BlobItem[]> {
  const refs = findBlobRefs(bytes)
  const rows = await storage.getMany(
    'blobs',
    refs.map((it) => blobKey(did, it.cid)),
  )
  return refs.map((ref, i): BlobItem => {
    const row = rows[i] as BlobRow | undefined
    return (
      row ?? {
        cid: ref.cid,
        state: 'wanted',
        bytes: ref.size,
        declaredType: ref.mimeType,
        imageType: undefined,
        paths: [],
      }
    )
  })
}
