import { exportCar } from '../../storage/export-car.ts'
import {
  blobBytesKey,
  blobKey,
  repoRange,
  type RepoRow,
  type SnapshotRow,
  snapshotKey,
} from '../../storage/rows.ts'
import { find } from '../../repo/mst/read.ts'
import { buildProofCar } from '../../repo/proof.ts'
import type { BlobRow } from '../../sync/blobs.ts'
import { snapshotsOf } from '../../sync/kept.ts'
import { keptBlob } from '../../sync/lost-blobs.ts'
import { changesBetween, changesCar } from '../../sync/repo-sync/since-car.ts'
import type { Store } from '../store/model.ts'
import { type Answer, CAR, json } from './answer.ts'
import { repoNotFound, XrpcError } from './errors.ts'
import type { Params } from './params.ts'

export type Method = (store: Store, params: Params) => Promise<Answer>

/** Bytes of a blob read at a time. */
const SLICE = 256 * 1024
/** Pages, as the lexicons bound them. */
const MOST_BLOBS = 1000
const UNLESS_BLOBS = 500
const MOST_REPOS = 1000
const UNLESS_REPOS = 500

export async function headOrFail(store: Store, did: string): Promise<{ row: RepoRow; head: SnapshotRow }> {
  const opened = await store.head(did)
  if (opened === undefined) throw repoNotFound(did)
  return opened
}

/** What upstream said of the account, in the words of `getRepoStatus`. A copy stays, whatever that is. */
function standing({ upstream }: RepoRow): { active: boolean; status?: string } {
  const inactive = ['deactivated', 'takendown', 'suspended', 'deleted']
  return inactive.includes(upstream) ? { active: false, status: upstream } : { active: true }
}

/** Standard reads of `com.atproto.sync.*`. */
export const syncMethods: Readonly<Record<string, Method>> = {
  async 'com.atproto.sync.getRepo'(store, params) {
    const did = params.did('did')
    const since = params.since()
    const { head } = await headOrFail(store, did)
    return { type: 'bytes', contentType: CAR, body: () => repoCar(store, head, since) }
  },

  async 'com.atproto.sync.getLatestCommit'(store, params) {
    const { head } = await headOrFail(store, params.did('did'))
    if (head.rev === undefined)
      throw new XrpcError(400, 'InvalidRequest', 'This repo is of an old version that has no rev')
    return json({ cid: head.commitCid, rev: head.rev })
  },

  async 'com.atproto.sync.getRepoStatus'(store, params) {
    const did = params.did('did')
    const { row, head } = await headOrFail(store, did)
    return json({ did, ...standing(row), ...(head.rev === undefined ? {} : { rev: head.rev }) })
  },

  async 'com.atproto.sync.listRepos'(store, params) {
    const limit = params.limit(MOST_REPOS, UNLESS_REPOS)
    const cursor = params.cursor()
    const from = cursor === undefined ? '' : `${cursor}\u0000`
    const page = await store.storage.list('repos', { from, limit })
    // Our own rows, written by this code.
    const rows = page.map(({ value }) => value as RepoRow)
    const heads = await store.storage.getMany(
      'snapshots',
      rows.map((row) => snapshotKey(row.did, row.head ?? '')),
    )
    const repos = rows.flatMap((row, i) => {
      const head = heads[i] as SnapshotRow | undefined
      if (head?.rev === undefined) return []
      return [{ did: row.did, head: head.commitCid, rev: head.rev, ...standing(row) }]
    })
    return json({ repos, ...(page.length === limit ? { cursor: page.at(-1)?.key } : {}) })
  },

  async 'com.atproto.sync.getRecord'(store, params) {
    const did = params.did('did')
    const path = `${params.collection()}/${params.rkey()}`
    const { head } = await headOrFail(store, did)
    const reader = store.reader(did)
    const { entry, path: nodes } = await find(reader, head.root, path)
    const [record] = entry === undefined ? [] : await reader.records([entry.place])
    const { sha256 } = store.host
    // Without the record it proves that there is none.
    const parts = { commitBytes: head.commit, nodes, sha256 }
    const car = buildProofCar(record === undefined ? parts : { ...parts, record })
    return { type: 'bytes', contentType: CAR, length: car.length, body: () => once(car) }
  },

  async 'com.atproto.sync.listBlobs'(store, params) {
    const did = params.did('did')
    // Which blobs came with which rev is not known: all are listed, which `since` allows.
    params.since()
    const limit = params.limit(MOST_BLOBS, UNLESS_BLOBS)
    const cursor = params.cursor()
    await headOrFail(store, did)
    const cids: string[] = []
    let from = cursor === undefined ? repoRange(did).from : `${blobKey(did, cursor)}\u0000`
    let more = true
    // Rows of blobs that are not here are passed over; each turn is a page of rows, so it ends.
    while (more && cids.length < limit) {
      const page = await store.storage.list('blobs', { from, to: repoRange(did).to, limit: MOST_BLOBS })
      more = page.length === MOST_BLOBS
      from = `${page.at(-1)?.key ?? from}\u0000`
      for (const { value } of page) {
        const blob = value as BlobRow
        if (blob.state !== 'kept') continue
        if (cids.length === limit) {
          more = true
          break
        }
        cids.push(blob.cid)
      }
    }
    return json({ cids, ...(more && cids.length > 0 ? { cursor: cids.at(-1) } : {}) })
  },

  async 'com.atproto.sync.getBlob'(store, params) {
    const did = params.did('did')
    const cid = params.cid('cid')
    await headOrFail(store, did)
    const row = await keptBlob(store.storage, did, cid)
    if (row?.bytes === undefined) throw new XrpcError(400, 'BlobNotFound', `Could not find blob: ${cid}`)
    const { bytes } = row
    return {
      type: 'bytes',
      // Told from its first bytes, and then only of images; what anyone said it is counts for nothing.
      contentType: row.imageType ?? 'application/octet-stream',
      length: bytes,
      headers: {
        'content-disposition': `attachment; filename="${cid}"`,
        'cache-control': 'public, max-age=31536000, immutable',
      },
      body: () => blobBody(store, did, cid, bytes),
    }
  },
}

/** The head whole, or what changed since a rev whose tree is still here and does not differ in too much. */
async function* repoCar(store: Store, head: SnapshotRow, since: string | undefined) {
  const reader = store.reader(head.did)
  if (since !== undefined) {
    const base = (await snapshotsOf(store.storage, head.did)).findLast((it) => it.rev === since)
    const changes = base && (await changesBetween(reader, base, head))
    if (changes !== undefined) {
      yield* changesCar(reader, head, changes)
      return
    }
  }
  yield* exportCar(store.storage, head)
}

async function* blobBody(store: Store, did: string, cid: string, bytes: number) {
  const key = blobBytesKey(did, cid)
  for (let from = 0; from < bytes; from += SLICE) yield store.storage.readBytes(key, from, from + SLICE)
}

async function* once(bytes: Uint8Array) {
  yield bytes
}
