import type { PushedCommit, Subscription } from '../../pack/model.ts'
import type { JsonObject, JsonValue } from '../../pack/values.ts'

/**
 * Sync packs: what a repo became since a head, and nothing else. A pack is a `SyncPack` (`src/pack`) that answers a
 * JSON request; one subscription is one repo.
 *
 * | part | what it holds |
 * |---|---|
 * | `id` | the DID of a public repo, or `at://{spaceDid}/space/{type}/{skey}/{authorDid}` of a space repo |
 * | `table` | `*`: a repo is synced whole |
 * | `scopes` | `{ repo: id }`; what the answerer lets one have, `{}` when that is nothing |
 * | `params` | `{ rev, commit }`, the head that the asker holds; these are the truth |
 * | `cursor` | microseconds of that rev, -1 without one; for the format's sake, two revs can share it |
 *
 * An answer is one of these:
 *
 * | `status` | `bootstrap` | commits | meaning |
 * |---|---|---|---|
 * | `active` | false | none, cursor echoed | nothing newer than the asker's head is here |
 * | `active` | false | one | the whole list of what changed; `nextCursor` is that of the new head |
 * | `active` | true | none | no list can be given: compare the trees (public), or take pages (a space) |
 * | `revoked` | false | none, cursor echoed, `scopes` `{}` | it is not kept here, or not for the asker |
 *
 * A subscription without an answer found no room in this one, and is asked for again.
 */

export const PACKS_PROTOCOL = '/cairn/pack-sync/1.0.0'

/** How records travel. A request that names a greater one is refused, with what is needed to go on. */
export const SCHEMA_VERSION = 1

/** The table of the one change that carries the signed commit; its row is called by the rev. */
export const COMMIT_TABLE = 'com.atproto.sync.commit'
/** The one column of every row group: a record's DAG-CBOR, or the signed commit's. */
export const RECORD_COLUMN = 'record'
export const ANY_TABLE = '*'
export const PARTITION = 'default'

/** Where an answer that can be split is split, bytes. */
export const RESPONSE_BYTES = 1 << 20
/** One list of changes is never split; a longer one is refused for a comparison of trees, bytes. */
export const MAX_LIST_BYTES = 8 << 20
/** The longest answer that is read, bytes: the format's own limit. */
export const MAX_RESPONSE_BYTES = 16 << 20
/** The longest request that is read, bytes: the format's own limit. */
export const MAX_REQUEST_BYTES = 4 << 20
/** Subscriptions of one request. */
export const MAX_SUBSCRIPTIONS = 200
/** Operations of one pushed commit, the signed commit among them. */
export const MAX_OPERATIONS = 201

/** A head, by its rev and the CID of its commit. */
export interface HeadName {
  readonly rev: string
  readonly commit: string
}

/** One subscription of a request, well-formed. */
export interface PullAsk {
  readonly id: string
  /** undefined when nothing is held */
  readonly held: HeadName | undefined
  readonly cursor: number
  /** how a bootstrap goes on */
  readonly bootstrapState?: JsonObject
  /** where the asker's chain stands; genesis without one */
  readonly verifiedRoot?: string
}

/** One pushed commit, well-formed. */
export interface PushAsk {
  readonly clientId: string
  readonly clientCommitId: string
  readonly operations: readonly PushOperation[]
}

export interface PushOperation {
  readonly table: string
  readonly rowId: string
  readonly op: 'upsert' | 'delete'
  /** `{ bytesHex }` of the record; of the signed commit `{ bytesHex, repo, base: { rev, commit } }` */
  readonly payload: JsonValue
}

/** Who asks: a peer proven by its connection; nobody known over HTTP. */
export interface Caller {
  readonly peer: string | undefined
}

/** Answers for one kind of repo. A handler has several, and asks the first that owns the id. */
export interface PackSource {
  owns(id: string): boolean
  /**
   * What one subscription is answered with. `room` is what is left of an answer that can be split, bytes: a source
   * that would need more gives undefined, unless `alone` says that this is the first of the answer.
   */
  pull(
    ask: PullAsk,
    context: { readonly caller: Caller; readonly room: number; readonly alone: boolean },
  ): Promise<Subscription | undefined>
  /** Takes one pushed commit, or says why not. Never throws for what the caller sent. */
  push?(ask: PushAsk, caller: Caller): Promise<PushedCommit>
  /** The bytes of a snapshot's chunk, for who may have them under these scopes. */
  chunk?(
    id: string,
    scopes: Readonly<Record<string, string>>,
    caller: Caller,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>
}
