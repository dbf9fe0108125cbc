import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { isDid, isRecordKey } from '../../core/syntax.ts'
import { toJson } from '../../repo/json.ts'
import { find, type TreeEntry, visit } from '../../repo/mst/read.ts'
import type { IdentityRow } from '../../sync/kept.ts'
import type { Store } from '../store/model.ts'
import { json } from './answer.ts'
import { invalid, repoNotFound, XrpcError } from './errors.ts'
import type { Params } from './params.ts'
import { rankOf } from './rank.ts'
import { headOrFail, type Method } from './sync-methods.ts'

/** A page of records, as the lexicon bounds it. */
const MOST_RECORDS = 100
const UNLESS_RECORDS = 50

/** The kept DID that `repo` names. A handle counts when it was proven as the repo was fetched. */
function didOf(store: Store, params: Params): string {
  const repo = params.repo()
  const did = isDid(repo) ? repo : store.didOf(repo.toLowerCase())
  if (did === undefined) throw repoNotFound(repo)
  return did
}

/** Standard reads of `com.atproto.repo.*`. */
export const repoMethods: Readonly<Record<string, Method>> = {
  async 'com.atproto.repo.describeRepo'(store, params) {
    const did = didOf(store, params)
    const { row, head } = await headOrFail(store, did)
    const identity =
      head.identity === undefined
        ? undefined
        : ((await store.storage.get('identities', head.identity)) as IdentityRow | undefined)
    return json({
      handle: row.handle ?? 'handle.invalid',
      did,
      didDoc: identity?.document ?? {},
      collections: head.collections.map((it) => it.nsid),
      handleIsCorrect: row.handle !== undefined,
    })
  },

  async 'com.atproto.repo.getRecord'(store, params) {
    const did = didOf(store, params)
    const path = `${params.collection()}/${params.rkey()}`
    const wanted = params.optionalCid('cid')
    const { head } = await headOrFail(store, did)
    const reader = store.reader(did)
    const { entry } = await find(reader, head.root, path)
    const cid = entry && cidString(CODEC_DAG_CBOR, entry.digest)
    if (entry === undefined || (wanted !== undefined && wanted !== cid))
      throw new XrpcError(400, 'RecordNotFound', `Could not locate record: at://${did}/${path}`)
    const [bytes = new Uint8Array()] = await reader.records([entry.place])
    return json({ uri: `at://${did}/${path}`, cid, value: toJson(bytes) })
  },

  /** Newest first, as record keys that are times sort; `reverse` is their order. The cursor is a record key. */
  async 'com.atproto.repo.listRecords'(store, params) {
    const did = didOf(store, params)
    const collection = params.collection()
    const limit = params.limit(MOST_RECORDS, UNLESS_RECORDS)
    const forwards = params.flag('reverse')
    const cursor = params.cursor()
    if (cursor !== undefined && !isRecordKey(cursor)) throw invalid('cursor must be one that was given out')
    const { head } = await headOrFail(store, did)
    const at = head.collections.findIndex((it) => it.nsid === collection)
    const count = head.collections[at]?.records ?? 0
    if (count === 0) return json({ records: [] })
    const reader = store.reader(did)
    // Collections are in the order of the tree.
    const first = head.collections.slice(0, at).reduce((sum, it) => sum + it.records, 0)
    const end = first + count
    /** Ranks of the collection that the page may take from. */
    let [low, high] = [first, end]
    if (cursor !== undefined) {
      const path = `${collection}/${cursor}`
      if (forwards) low = await rankOf(reader, head.root, `${path}\u0000`)
      else high = await rankOf(reader, head.root, path)
    }
    const entries: TreeEntry[] = []
    const wanted = Math.min(limit, high - low)
    if (wanted > 0) {
      const skip = forwards ? low : head.root.records - high
      await visit(reader, head.root, { skip, reverse: !forwards }, (it) => entries.push(it) < wanted)
    }
    const values = await reader.records(entries.map((it) => it.place))
    const records = entries.map(({ key, digest }, i) => ({
      uri: `at://${did}/${key}`,
      cid: cidString(CODEC_DAG_CBOR, digest),
      value: toJson(values[i] ?? new Uint8Array()),
    }))
    const last = entries.at(-1)?.key.slice(collection.length + 1)
    const more = high - low > entries.length
    return json({ records, ...(more && last !== undefined ? { cursor: last } : {}) })
  },
}
