import { utf8 } from '../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import type { Sha256 } from '../core/hash.ts'
import { formatTid } from '../core/tid.ts'
import { buildCar, type CarBlock } from '../repo/car/writer.ts'
import { encodeDagCbor } from '../repo/cbor/encode.ts'
import { encodeCommit } from '../repo/commit.ts'
import { editTree, type TreeOp } from '../repo/mst/edit.ts'
import { nextTask } from './next-task.ts'

/** A repo of posts and likes that nobody wrote, for rehearsals: sound in all, only its signatures are none. */

export const MADE_UP_DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
/** The generator of the curve that most accounts sign on, as a key. */
export const MADE_UP_KEY = 'did:key:zQ3shVc2UkAfJCdc1TR8E66J85h48P43r93q8jGPkPpjF9Ef9'
/** No record and no commit of it is of a later time, ms. */
export const MADE_UP_NOW = 1.9e12

const CREATED = '2026-01-01T00:00:00.000Z'
/** A post each so many records; the others are likes. */
const POST_EACH = 4
export const NO_PLACE = { segment: 0, offset: 0, length: 0 }

/** The record of this number: later ones have later paths within their collection. */
export function madeUpRecord(
  i: number,
  sha256: Sha256,
): { readonly path: string; readonly record: Uint8Array<ArrayBuffer> } {
  const rkey = formatTid(1.7e15 + i * 1e7, 7)
  const subject = {
    uri: `at://${MADE_UP_DID}/app.bsky.feed.post/${rkey}`,
    cid: cidString(CODEC_DAG_CBOR, sha256(utf8(rkey))),
  }
  const record =
    i % POST_EACH === 0
      ? { $type: 'app.bsky.feed.post', text: 'é…'.repeat(i % 80), langs: ['en'], createdAt: CREATED }
      : { $type: 'app.bsky.feed.like', subject, createdAt: CREATED }
  return { path: `${record.$type}/${rkey}`, record: encodeDagCbor(record) }
}

/** The commit of this number over a tree. */
export function madeUpCommit(
  i: number,
  data: Uint8Array,
): { readonly rev: string; readonly bytes: Uint8Array<ArrayBuffer> } {
  const rev = formatTid(1.8e15 + i, 7)
  const sig = new Uint8Array(64).fill(1)
  return { rev, bytes: encodeCommit({ did: MADE_UP_DID, version: 3, rev, data, prev: null }, sig) }
}

/** Records that are made before others get their turn: a few milliseconds. */
const AT_ONCE = 32

/** The first so many records as a CAR. */
export async function madeUpRepo(records: number, sha256: Sha256): Promise<Uint8Array<ArrayBuffer>> {
  const blocks: CarBlock[] = []
  const add = (data: Uint8Array): Uint8Array => {
    const digest = sha256(data)
    blocks.push({ codec: CODEC_DAG_CBOR, digest, data })
    return digest
  }
  const ops: TreeOp[] = []
  for (let i = 0; i < records; i++) {
    if (i % AT_ONCE === 0) await nextTask()
    const { path, record } = madeUpRecord(i, sha256)
    ops.push({ key: path, record: { digest: add(record), place: NO_PLACE } })
  }
  const { digest: data } = await editTree({
    ...{ base: undefined, ops, sha256 },
    source: { load: () => Promise.reject(new RangeError('it has no stored nodes')) },
    sink: {
      node({ node }) {
        add(node.bytes)
        return NO_PLACE
      },
    },
  })
  const commit = add(madeUpCommit(0, data).bytes)
  // The commit first, then the tree from its root on, as servers send it.
  return buildCar([commit], blocks.reverse())
}
