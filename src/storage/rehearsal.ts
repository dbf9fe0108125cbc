import { utf8 } from '../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import type { Lanes, Sha256 } from '../core/hash.ts'
import { formatTid } from '../core/tid.ts'
import { buildCar, type CarBlock } from '../repo/car/writer.ts'
import { encodeDagCbor } from '../repo/cbor/encode.ts'
import { encodeCommit } from '../repo/commit.ts'
import { editTree, type TreeOp } from '../repo/mst/edit.ts'
import { verifySignature } from '../repo/signature.ts'
import { openImport } from './importer.ts'
import { nextTask } from './next-task.ts'
import { nowhere } from './nowhere.ts'

/** Records of the made-up repo, and how often it is taken in: more is compiled better, and takes longer. */
const RECORDS = 1000
const TIMES = 4
/** Bytes between two looks at whether there is something else to do: a few milliseconds. */
const PIECE = 64 * 1024

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
/** The generator of the curve that most accounts sign on, as a key. */
const KEY = 'did:key:zQ3shVc2UkAfJCdc1TR8E66J85h48P43r93q8jGPkPpjF9Ef9'
const CREATED = '2026-01-01T00:00:00.000Z'
/** A post each so many records; the others are likes. */
const POST_EACH = 4
const NOWHERE = { segment: 0, offset: 0, length: 0 }

/**
 * Takes a made-up repo in, into nothing: what takes in a real one is compiled then, which is most of the time that a
 * small one takes in a thread that has just started. Gives others their turn every few milliseconds.
 *
 * @param isOver there is real work: ends at once
 * @returns whether it went to its end
 */
export async function rehearseImport(
  hashes: { readonly sha256: Sha256; readonly lanes?: Lanes },
  isOver: () => boolean,
): Promise<boolean> {
  const car = await madeUpRepo(hashes.sha256)
  for (let time = 0; time < TIMES; time++) {
    const session = await openImport({
      ...{ ...hashes, storage: nowhere, did: DID, now: 0, source: 'file', label: '', random: () => time },
      async onCommit({ commit }) {
        await verifySignature(KEY, commit.sig, commit.unsigned)
      },
    })
    for (let at = 0; at < car.length; at += PIECE) {
      await nextTask()
      if (isOver()) return false
      await session.write(car.slice(at, at + PIECE))
    }
    const facts = { signature: 'unchecked', signedBy: undefined, identity: undefined } as const
    await session.finish({ ...facts, now: 0, repo: {} })
  }
  return true
}

/** A sound repo of posts and likes as a CAR; only its signature is none. */
async function madeUpRepo(sha256: Sha256): Promise<Uint8Array<ArrayBuffer>> {
  const blocks: CarBlock[] = []
  const add = (data: Uint8Array): Uint8Array => {
    const digest = sha256(data)
    blocks.push({ codec: CODEC_DAG_CBOR, digest, data })
    return digest
  }
  const ops = Array.from({ length: RECORDS }, (_, i): TreeOp => {
    const rkey = formatTid(1.7e15 + i * 1e7, 7)
    const subject = {
      uri: `at://${DID}/app.bsky.feed.post/${rkey}`,
      cid: cidString(CODEC_DAG_CBOR, sha256(utf8(rkey))),
    }
    const record =
      i % POST_EACH === 0
        ? { $type: 'app.bsky.feed.post', text: 'é…'.repeat(i % 80), langs: ['en'], createdAt: CREATED }
        : { $type: 'app.bsky.feed.like', subject, createdAt: CREATED }
    return {
      key: `${record.$type}/${rkey}`,
      record: { digest: add(encodeDagCbor(record)), place: NOWHERE },
    }
  })
  const { digest: data } = await editTree({
    ...{ base: undefined, ops, sha256 },
    source: { load: () => Promise.reject(new RangeError('it has no stored nodes')) },
    sink: {
      node({ node }) {
        add(node.bytes)
        return NOWHERE
      },
    },
  })
  const rev = formatTid(1.8e15, 7)
  const sig = new Uint8Array(64).fill(1)
  const commit = add(encodeCommit({ did: DID, version: 3, rev, data, prev: null }, sig))
  // The commit first, then the tree from its root on, as servers send it.
  return buildCar([commit], blocks.reverse())
}
