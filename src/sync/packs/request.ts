import * as v from 'valibot'
import { fromUtf8Strict, utf8 } from '../../core/bytes.ts'
import {
  ANY_TABLE,
  MAX_OPERATIONS,
  MAX_REQUEST_BYTES,
  MAX_SUBSCRIPTIONS,
  type PullAsk,
  type PushAsk,
  SCHEMA_VERSION,
} from './model.ts'
import { type ChunkJson, chunkShape, headShape, RULES, type SyncJson, syncShape } from './request-shape.ts'
import { PackWireError } from './wire-errors.ts'

export interface SyncRequest {
  readonly type: 'sync'
  readonly clientId: string
  /** undefined when it has no such part; of the two at least one is there */
  readonly push: readonly PushAsk[] | undefined
  readonly pull: readonly PullAsk[] | undefined
}

export interface ChunkRequest {
  readonly type: 'chunk'
  readonly id: string
  readonly scopes: Readonly<Record<string, string>>
}

export type PackRequest = SyncRequest | ChunkRequest

/** A request of a later schema: what else is in it is not for us to judge. */
export interface AheadRequest {
  readonly type: 'ahead'
  readonly schemaVersion: number
}

/** Commits that an answer may have for each subscription: ours have one. */
const LIMIT_COMMITS = 1000
/** Levels of arrays and objects. A request has six of its own; a bootstrap's state and payloads are nearly flat. */
const MAX_DEPTH = 32

/** A request as JSON. Shapes that the types do not hold to (limits, ids) are the caller's to keep. */
export function writeRequest(request: PackRequest): Uint8Array<ArrayBuffer> {
  if (request.type === 'chunk') {
    const { id, scopes } = request
    return utf8(JSON.stringify({ chunk: { id, scopes } } satisfies ChunkJson))
  }
  const { clientId, push, pull } = request
  const json: SyncJson = {
    clientId,
    ...(push === undefined ? {} : { push: { commits: push.map(commitJson) } }),
    ...(pull === undefined
      ? {}
      : {
          pull: {
            schemaVersion: SCHEMA_VERSION,
            limitCommits: LIMIT_COMMITS,
            subscriptions: pull.map(subscriptionJson),
          },
        }),
  }
  return utf8(JSON.stringify(json))
}

type PushJson = NonNullable<SyncJson['push']>['commits'][number]
type PullJson = NonNullable<SyncJson['pull']>['subscriptions'][number]

const commitJson = ({ clientCommitId, operations }: PushAsk): PushJson => ({
  clientCommitId,
  schemaVersion: SCHEMA_VERSION,
  // A payload is an object or null: whoever makes a push sees to it, and whoever reads one checks.
  operations: operations.map(({ table, rowId, op, payload }) => ({
    table,
    row_id: rowId,
    op,
    payload: payload as PushJson['operations'][number]['payload'],
  })),
})

const subscriptionJson = ({ id, held, cursor, bootstrapState, verifiedRoot }: PullAsk): PullJson => ({
  id,
  table: ANY_TABLE,
  scopes: { repo: id },
  params: held === undefined ? {} : { rev: held.rev, commit: held.commit },
  cursor,
  ...(bootstrapState === undefined ? {} : { bootstrapState }),
  ...(verifiedRoot === undefined ? {} : { verifiedRoot }),
})

/**
 * A request, held to every limit of the format. One that names a later schema is not looked at any further.
 *
 * @throws PackWireError `sync.invalid-request`, `sync.too-many-operations`, `sync.limit-exceeded`
 */
export function readRequest(bytes: Uint8Array): PackRequest | AheadRequest {
  if (bytes.length > MAX_REQUEST_BYTES)
    throw new PackWireError('sync.limit-exceeded', { what: 'bytes', limit: MAX_REQUEST_BYTES })
  const json = parse(bytes)
  if (typeof json === 'object' && json !== null && 'chunk' in json) {
    const { id, scopes } = shaped(chunkShape, json).chunk
    return { type: 'chunk', id, scopes }
  }
  const schemaVersion = newestSchema(json)
  if (schemaVersion > SCHEMA_VERSION) return { type: 'ahead', schemaVersion }
  checkCounts(json)
  const { clientId, push, pull } = shaped(syncShape, json)
  return {
    type: 'sync',
    clientId,
    push: push?.commits.map(({ clientCommitId, operations }) => ({
      clientId,
      clientCommitId,
      operations: operations.map(({ table, row_id: rowId, op, payload }) => ({ table, rowId, op, payload })),
    })),
    pull: pull?.subscriptions.map((it): PullAsk => {
      const { params, bootstrapState, verifiedRoot } = it
      return {
        id: it.id,
        held: v.is(headShape, params) ? params : undefined,
        cursor: it.cursor,
        ...(bootstrapState === undefined || bootstrapState === null ? {} : { bootstrapState }),
        ...(verifiedRoot === undefined || verifiedRoot === null ? {} : { verifiedRoot }),
      }
    }),
  }
}

const invalid = (reason: string): PackWireError => new PackWireError('sync.invalid-request', { reason })

function parse(bytes: Uint8Array): unknown {
  if (depthOf(bytes) > MAX_DEPTH) throw invalid('depth')
  const text = fromUtf8Strict(bytes)
  if (text === undefined) throw invalid('utf-8')
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('json')
  }
}

function shaped<S extends v.GenericSchema>(shape: S, json: unknown): v.InferOutput<S> {
  const result = v.safeParse(shape, json, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue) ?? 'request'
  throw invalid((RULES.has(issue.message) ? `${path}: ${issue.message}` : path).slice(0, 100))
}

/** How deep brackets go in what may be JSON, those in texts left out. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0
  let deepest = 0
  let inText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (inText) {
      if (byte === 0x5c) at++
      else if (byte === 0x22) inText = false
    } else if (byte === 0x22) inText = true
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return deepest
}

/** The greatest schema version that is named where a request names one; 0 for none. */
function newestSchema(json: unknown): number {
  const versions = [
    field(field(json, 'pull'), 'schemaVersion'),
    ...list(field(field(json, 'push'), 'commits')).map((it) => field(it, 'schemaVersion')),
  ]
  return versions.reduce<number>(
    (most, it) => (Number.isSafeInteger(it) ? Math.max(most, Number(it)) : most),
    0,
  )
}

/** Before anything is read: these have names of their own. */
function checkCounts(json: unknown): void {
  if (list(field(field(json, 'pull'), 'subscriptions')).length > MAX_SUBSCRIPTIONS)
    throw new PackWireError('sync.limit-exceeded', { what: 'subscriptions', limit: MAX_SUBSCRIPTIONS })
  for (const commit of list(field(field(json, 'push'), 'commits')))
    if (list(field(commit, 'operations')).length > MAX_OPERATIONS)
      throw new PackWireError('sync.too-many-operations', { limit: MAX_OPERATIONS })
}

// A value of JSON has no other properties than its own, `__proto__` apart, which is none of these names.
const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
