import {
  createCursor,
  decodeTableAgain,
  malformed,
  type Cursor,
  type Json,
  type JsonMap,
  type SecondColumn,
  type SecondRow,
  type SecondTable,
} from './second-table-decoder.ts'

/**
 * The combined response that SSP1 bytes of version 14 hold, as plain values: what is absent on the wire has no key,
 * and a change without a row has the row null. Written from the description of the format alone, apart from the
 * decoder it is compared with. Digests are checked for their form only: nothing is hashed here.
 * @throws MalformedError
 */
export function decodePackAgain(bytes: Uint8Array) {
  const cursor = createCursor(bytes)
  cursor.start('SSP1', 14)
  const ok = cursor.bool()
  const requiredSchemaVersion = cursor.option(cursor.i32)
  const latestSchemaVersion = cursor.option(cursor.i32)
  const push = cursor.option(() => ({ ok: cursor.bool(), commits: cursor.list(() => readPushed(cursor)) }))
  const pull = cursor.option(() => {
    return { ok: cursor.bool(), subscriptions: cursor.list(() => readSubscription(cursor)) }
  })
  cursor.end()
  return {
    ok,
    ...(requiredSchemaVersion !== undefined && { requiredSchemaVersion }),
    ...(latestSchemaVersion !== undefined && { latestSchemaVersion }),
    ...(push && { push }),
    ...(pull && { pull }),
  }
}

function readPushed(cursor: Cursor) {
  const ok = cursor.bool()
  const clientCommitId = cursor.str32()
  const status = cursor.named(['applied', 'cached', 'rejected'] as const)
  const commitSeq = cursor.option(cursor.i64)
  const results = cursor.list(() => readResult(cursor))
  return { ok, clientCommitId, status, ...(commitSeq !== undefined && { commitSeq }), results }
}

function readResult(cursor: Cursor) {
  const opIndex = cursor.i32()
  const status = cursor.named(['applied', 'conflict', 'error'] as const)
  if (status === 'applied') return { opIndex, status }

  const words = cursor.str32()
  const code = cursor.option(cursor.str32)
  const codePart = code !== undefined && { code }
  if (status === 'conflict') {
    const serverVersion = cursor.i64()
    return { opIndex, status, message: words, ...codePart, serverVersion, serverRow: cursor.json() }
  }
  const retriable = cursor.option(cursor.bool)
  return { opIndex, status, error: words, ...codePart, ...(retriable !== undefined && { retriable }) }
}

function readSubscription(cursor: Cursor) {
  const id = cursor.str32()
  const status = asStatus(cursor.str16())
  const scopes = asMap(cursor.json())
  const bootstrap = cursor.bool()
  const bootstrapState = cursor.option(cursor.json)
  const nextCursor = cursor.i64()
  const integrity = cursor.option(() => ({
    partitionId: cursor.str32(),
    previousChainRoot: asDigest(cursor.str32()),
    commitChainRoot: asDigest(cursor.str32()),
    commitSeq: cursor.i64(),
  }))
  const commits = cursor.list(() => readCommit(cursor))
  const snapshots = cursor.option(() => cursor.list(() => readSnapshot(cursor)))
  return {
    id,
    status,
    scopes,
    bootstrap,
    ...(bootstrapState !== undefined && { bootstrapState }),
    nextCursor,
    ...(integrity && { integrity }),
    commits,
    ...(snapshots && { snapshots }),
  }
}

function readCommit(cursor: Cursor) {
  const commitSeq = cursor.i64()
  const createdAt = asTime(cursor.str32())
  const actorId = cursor.str32()
  const tables = cursor.list(cursor.str16)
  const scopes = cursor.list(() => readStringMap(cursor))
  const sources = cursor.list(() => readChange(cursor, tables, scopes))
  const groups = cursor.list(() => readGroup(cursor, tables))

  // The rows of groups come behind the changes that point to them.
  const used = new Set<SecondRow>()
  const changes = sources.map(({ place, ...change }) => {
    if (place === undefined) return change
    const group = groups[place.group] ?? malformed(`no row group ${place.group}`)
    const row = group.rows[place.row] ?? malformed(`no row ${place.row} in group ${place.group}`)
    if (group.table !== change.table) malformed('row of a group of another table')
    if (used.has(row)) malformed('row used twice')
    used.add(row)
    return { ...change, row }
  })
  const schemas = groups.map(({ table, columns }): { table: string; columns: SecondColumn[] } => {
    return { table, columns }
  })
  return { commitSeq, createdAt, actorId, changes, ...(schemas.length > 0 && { schemas }) }
}

/** A map whose keys may come more than once: the last one counts. */
function readStringMap(cursor: Cursor): Record<string, string> {
  return Object.fromEntries(cursor.list(() => [cursor.str16(), cursor.str32()] as const))
}

function readChange(cursor: Cursor, tables: readonly string[], scopes: readonly Record<string, string>[]) {
  const table = tables[cursor.u16()] ?? malformed('no such table')
  const rowId = cursor.str32()
  const op = cursor.named(['upsert', 'delete'] as const)
  const kind = cursor.u8()
  if (kind > 2) malformed(`row of kind ${kind}`)
  const row: Json | SecondRow = kind === 1 ? cursor.json() : null
  const place = kind === 2 ? { group: cursor.u32(), row: cursor.u32() } : undefined
  const rowVersion = cursor.option(cursor.i64)
  const scope = scopes[cursor.u32()] ?? malformed('no such scopes')
  return { table, rowId, op, row, ...(rowVersion !== undefined && { rowVersion }), scopes: scope, place }
}

function readGroup(cursor: Cursor, tables: readonly string[]): SecondTable {
  const name = tables[cursor.u16()] ?? malformed('no such table')
  const group = decodeTableAgain(cursor.bytes32())
  return group.table === name ? group : malformed(`a group of ${name} holds rows of ${group.table}`)
}

function readSnapshot(cursor: Cursor) {
  const table = cursor.str16()
  const rows = cursor.list(cursor.json)
  const chunks = cursor.option(() => cursor.list(() => readChunk(cursor)))
  const isFirstPage = cursor.bool()
  const isLastPage = cursor.bool()
  const bootstrapStateAfter = cursor.option(cursor.json)
  const manifest = cursor.option(() => asMap(cursor.json()))
  const artifacts = cursor.option(() => asList(cursor.json()))

  const hasChunks = chunks !== undefined && chunks.length > 0
  if (hasChunks !== (manifest !== undefined)) malformed('chunks without a manifest, or a manifest without')
  if (manifest) {
    checkManifest(manifest, { table, isFirstPage, isLastPage }, chunks ?? [], bootstrapStateAfter)
  }
  if (artifacts && artifacts.length > 0 && (rows.length > 0 || hasChunks)) {
    malformed('artifacts beside rows or chunks')
  }
  return {
    table,
    rows,
    ...(chunks && { chunks }),
    isFirstPage,
    isLastPage,
    ...(bootstrapStateAfter !== undefined && { bootstrapStateAfter }),
    ...(manifest && { manifest }),
    ...(artifacts && { artifacts }),
  }
}

type Chunk = ReturnType<typeof readChunk>

function readChunk(cursor: Cursor) {
  const id = cursor.str32()
  const byteLength = cursor.i64()
  const sha256 = asDigest(cursor.str16())
  const encoding = cursor.str16()
  if (encoding !== 'binary-table-v1') malformed(`chunk encoding ${encoding}`)
  const compression = cursor.str16()
  if (compression !== 'gzip') malformed(`chunk compression ${compression}`)
  return { id, byteLength, sha256, encoding, compression }
}

/** The manifest has all its fields, and says the same as the snapshot it came with. */
function checkManifest(
  manifest: JsonMap,
  snapshot: JsonMap,
  chunks: readonly Chunk[],
  stateAfter: Json | undefined,
): void {
  if (manifest['version'] !== 1) malformed('manifest version')
  asDigest(manifest['digest'])
  asDigest(manifest['scopeDigest'])
  const { asOfCommitSeq, rowLimit, rowCursor, nextRowCursor } = manifest
  if (!Number.isSafeInteger(asOfCommitSeq)) malformed('asOfCommitSeq of the manifest')
  if (!Number.isSafeInteger(rowLimit) || Number(rowLimit) < 1) malformed('rowLimit of the manifest')
  for (const cursor of [rowCursor, nextRowCursor]) {
    if (cursor !== null && typeof cursor !== 'string') malformed('row cursor of the manifest')
  }
  checkSame(manifest, snapshot)
  const told = asList(manifest['chunks'])
  if (told.length !== chunks.length) malformed('the manifest counts other chunks')
  chunks.forEach((chunk, index) => checkSame(asMap(told[index]), chunk))
  // A snapshot need not come with a state; one that does pins the same commit.
  if (stateAfter !== undefined && stateAfter !== null) {
    checkSame(asMap(stateAfter), { asOfCommitSeq: asOfCommitSeq ?? null })
  }
}

function checkSame(told: JsonMap, is: JsonMap): void {
  for (const [key, value] of Object.entries(is)) {
    if (told[key] !== value) malformed(`${key} is told in two ways`)
  }
}

function asMap(value: Json | undefined): JsonMap {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  // Array.isArray does not tell a readonly array from a map to the compiler
  return isMap ? (value as JsonMap) : malformed('not an object')
}

function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : malformed('not an array')
}

function asStatus(text: string): 'active' | 'revoked' {
  return text === 'active' || text === 'revoked' ? text : malformed(`subscription ${text}`)
}

/** SHA-256 as 64 lower-case hex digits. */
function asDigest(value: Json | undefined): string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : malformed('not a digest')
}

/** A time in ISO 8601 with milliseconds and "Z": the form that a Date gives back unchanged. */
function asTime(text: string): string {
  const time = new Date(text)
  const same = !Number.isNaN(time.getTime()) && time.toISOString() === text
  return same ? text : malformed(`time ${text}`)
}
