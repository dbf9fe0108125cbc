import * as v from 'valibot'
import { parseCid } from '../../core/cid.ts'
import { isTid, MAX_NSID, MAX_RECORD_KEY } from '../../core/syntax.ts'
import { isHexDigest } from '../../pack/forms.ts'
import type { JsonObject } from '../../pack/values.ts'
import { isRepoId } from './repo-id.ts'
import { ANY_TABLE, MAX_OPERATIONS, MAX_SUBSCRIPTIONS } from './model.ts'

/**
 * Requests as JSON, in the format's own names: snake_case in operations, camelCase elsewhere. What the format has
 * and packs of repos do not need (leases, CRDT hints, artifacts, sizes of snapshots) is let through unread.
 */

/** Commits of one push: the format's outbox sends so many. */
export const MAX_COMMITS = 20
const MAX_SCOPES = 16
/** Longest name that a client gives itself or a commit, characters. */
const MAX_NAME = 256
const MAX_LIMIT_COMMITS = 1000

/** Rules between parts of a request, by the word that breaking one is told with. */
export const RULES: ReadonlySet<string> = new Set(['scopes', 'twice', 'empty'])

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NAME))
const version = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
/** An object of JSON, any: what it came from was JSON. */
const object = v.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)
const repoId = v.pipe(v.string(), v.check(isRepoId))
const unread = v.optional(v.unknown())

export const headShape = v.strictObject({
  rev: v.pipe(v.string(), v.check(isTid)),
  commit: v.pipe(
    v.string(),
    v.check((text) => parseCid(text) !== undefined),
  ),
})
const nothing = v.strictObject({})

const subscription = v.pipe(
  v.strictObject({
    id: repoId,
    table: v.literal(ANY_TABLE),
    scopes: v.strictObject({ repo: v.union([repoId, v.strictTuple([repoId])]) }),
    params: v.optional(v.union([headShape, nothing])),
    cursor: v.pipe(v.number(), v.safeInteger(), v.minValue(-1)),
    bootstrapState: v.optional(v.nullable(object)),
    verifiedRoot: v.optional(v.nullable(v.pipe(v.string(), v.check(isHexDigest)))),
    crdtStateVectors: unread,
  }),
  v.check(({ id, scopes: { repo } }) => (typeof repo === 'string' ? repo : repo[0]) === id, 'scopes'),
)

const operation = v.strictObject({
  table: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NSID)),
  row_id: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_RECORD_KEY)),
  op: v.picklist(['upsert', 'delete']),
  payload: v.nullable(object),
  base_version: unread,
})

const commit = v.strictObject({
  clientCommitId: name,
  schemaVersion: version,
  authLease: unread,
  operations: v.pipe(v.array(operation), v.minLength(1), v.maxLength(MAX_OPERATIONS)),
})

export const syncShape = v.pipe(
  v.strictObject({
    clientId: name,
    push: v.optional(
      v.strictObject({
        commits: v.pipe(
          v.array(commit),
          v.minLength(1),
          v.maxLength(MAX_COMMITS),
          v.check((all) => isEachOnce(all.map((it) => it.clientCommitId)), 'twice'),
        ),
      }),
    ),
    pull: v.optional(
      v.strictObject({
        schemaVersion: version,
        limitCommits: v.pipe(version, v.maxValue(MAX_LIMIT_COMMITS)),
        limitSnapshotRows: unread,
        maxSnapshotPages: unread,
        dedupeRows: unread,
        snapshotArtifacts: unread,
        subscriptions: v.pipe(
          v.array(subscription),
          v.maxLength(MAX_SUBSCRIPTIONS),
          v.check((all) => isEachOnce(all.map((it) => it.id)), 'twice'),
        ),
      }),
    ),
  }),
  v.check(({ push, pull }) => push !== undefined || pull !== undefined, 'empty'),
)
export type SyncJson = v.InferInput<typeof syncShape>

export const scopesShape = v.pipe(
  object,
  v.record(v.pipe(v.string(), v.maxLength(MAX_NAME)), v.pipe(v.string(), v.maxLength(5000))),
  v.check((scopes) => Object.keys(scopes).length <= MAX_SCOPES),
)

export const chunkShape = v.strictObject({ chunk: v.strictObject({ id: name, scopes: scopesShape }) })
export type ChunkJson = v.InferInput<typeof chunkShape>

const isEachOnce = (names: readonly string[]): boolean => new Set(names).size === names.length
